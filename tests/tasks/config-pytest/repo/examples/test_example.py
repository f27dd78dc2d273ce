def test_of_an_example():
    assert False, "an example, not to be run"
