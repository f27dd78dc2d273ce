from intervals import merge, overlaps


def test_more():
    assert merge([]) == []
    assert merge([(5, 6), (1, 8), (0, 1)]) == [(0, 8)]
    assert merge([(3, 4), (3, 9), (10, 11), (9, 9)]) == [(3, 9), (10, 11)]
    assert overlaps((1, 2), (2, 3))
    assert not overlaps((1, 2), (3, 4))
