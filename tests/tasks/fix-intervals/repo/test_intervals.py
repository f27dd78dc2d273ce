from intervals import merge


def test_apart():
    assert merge([(1, 2), (4, 5)]) == [(1, 2), (4, 5)]


def test_touching():
    assert merge([(1, 2), (2, 3)]) == [(1, 3)]


def test_out_of_order():
    assert merge([(4, 5), (1, 2)]) == [(1, 2), (4, 5)]


def test_one_inside_another():
    assert merge([(1, 10), (2, 3)]) == [(1, 10)]
