import pytest

from bill import split_bill


def test_no_cent_is_lost():
    assert split_bill(100, 3) == [34, 33, 33]
    assert split_bill(101, 3) == [34, 34, 33]
    assert split_bill(102, 3) == [34, 34, 34]
    assert split_bill(7, 1) == [7]
    assert split_bill(2, 4) == [1, 1, 0, 0]
    assert split_bill(0, 2) == [0, 0]
    assert sum(split_bill(9999, 7)) == 9999
    with pytest.raises(ValueError):
        split_bill(10, 0)
