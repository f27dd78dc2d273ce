import pytest

from matrix import identity, multiply, power, transpose


def test_square():
    assert multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]]) == [[2, 1], [4, 3]]
    assert power([[1, 1], [1, 0]], 5) == [[8, 5], [5, 3]]
    assert power([[2]], 0) == identity(1)


def test_row_times_wide_matrix():
    assert multiply([[1, 2]], [[1, 2, 3], [4, 5, 6]]) == [[9, 12, 15]]


def test_sizes():
    with pytest.raises(ValueError):
        multiply([[1, 2]], [[1, 2]])


def test_transpose():
    assert transpose([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]]
