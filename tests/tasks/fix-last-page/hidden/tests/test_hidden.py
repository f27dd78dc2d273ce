from pages import page, page_count


def test_sizes():
    assert [page_count(list(range(n)), 4) for n in (0, 1, 4, 5, 8, 9)] == [0, 1, 1, 2, 2, 3]
    assert page(list(range(8)), 2, 4) == [4, 5, 6, 7]
    assert page([], 1, 4) == []
