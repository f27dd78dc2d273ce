from slug import slugify


def test_more():
    assert slugify("--A--B--") == "a-b"
    assert slugify("!!!") == ""
    assert slugify("") == ""
    assert slugify("Version 2.0 is out") == "version-2-0-is-out"
