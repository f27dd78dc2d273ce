import pytest

from bank.accounts import Account
from bank.transfers import transfer


def test_withdraw():
    ann = Account("Ann", 100)
    for cents in (101, 0, -5):
        with pytest.raises(ValueError):
            ann.withdraw(cents)
    ann.withdraw(99)
    ann.withdraw(1)
    assert ann.balance == 0


def test_transfer():
    ann, bob = Account("Ann", 100), Account("Bob", 1)
    for cents in (101, 0, -5):
        with pytest.raises(ValueError):
            transfer(ann, bob, cents)
        assert (ann.balance, bob.balance) == (100, 1)
    transfer(ann, bob, 100)
    assert (ann.balance, bob.balance) == (0, 101)
