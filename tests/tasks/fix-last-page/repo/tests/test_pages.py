from pages import page, page_count

LETTERS = list("abcdefg")


def test_count():
    assert page_count(LETTERS, 3) == 3


def test_last_page():
    assert page(LETTERS, 3, 3) == ["g"]


def test_beyond():
    assert page(LETTERS, 4, 3) == []
