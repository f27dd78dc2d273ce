import pytest

from bank.accounts import Account
from bank.transfers import transfer


def test_transfer():
    ann, bob = Account("Ann", 100), Account("Bob")
    transfer(ann, bob, 30)
    assert (ann.balance, bob.balance) == (70, 30)


def test_an_account_can_be_emptied():
    ann = Account("Ann", 100)
    ann.withdraw(100)
    assert ann.balance == 0


def test_a_refused_transfer_changes_nothing():
    ann, bob = Account("Ann", 20), Account("Bob", 5)
    with pytest.raises(ValueError):
        transfer(ann, bob, 50)
    assert (ann.balance, bob.balance) == (20, 5)
