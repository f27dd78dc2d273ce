"""Accounts and what is on them, in cents."""


class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, cents):
        if cents <= 0:
            raise ValueError("nothing to deposit")
        self.balance += cents

    def withdraw(self, cents):
        if cents <= 0:
            raise ValueError("nothing to withdraw")
        if cents >= self.balance:
            raise ValueError("not enough money")
        self.balance -= cents
