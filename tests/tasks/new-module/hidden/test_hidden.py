import pytest

from mean import mean
from median import median


def test_median():
    values = [5, 1, 3]
    assert median(values) == 3
    assert values == [5, 1, 3]
    assert median([4, 1, 3, 2]) == 2.5
    assert median([7]) == 7
    with pytest.raises(ValueError):
        median([])
    assert mean([1, 2]) == 1.5
