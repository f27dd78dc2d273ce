import pytest

from matrix import identity, multiply, power


def test_shapes():
    assert multiply([[1], [2], [3]], [[4]]) == [[4], [8], [12]]
    assert multiply([[1, 0, 2], [0, 3, 1]], [[1], [2], [3]]) == [[7], [9]]
    assert multiply([[2]], [[1, 2, 3, 4]]) == [[2, 4, 6, 8]]
    wide = [[1, 2, 3], [4, 5, 6]]
    assert multiply(identity(2), wide) == wide
    assert multiply(wide, identity(3)) == wide
    assert power([[1, 1], [0, 1]], 4) == [[1, 4], [0, 1]]


def test_sizes():
    with pytest.raises(ValueError):
        multiply([[1, 2, 3]], [[1, 2, 3]])
