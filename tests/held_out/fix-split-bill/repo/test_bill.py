import pytest

from bill import show, split_bill, with_tip


def test_tip():
    assert with_tip(2000, 10) == 2200


def test_split():
    assert split_bill(900, 3) == [300, 300, 300]
    with pytest.raises(ValueError):
        split_bill(900, 0)


def test_show():
    assert show(1205) == "12.05"
