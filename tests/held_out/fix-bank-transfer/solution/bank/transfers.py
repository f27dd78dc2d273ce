"""Money from one account to another."""


def transfer(source, target, cents):
    """Moves the money, or raises ValueError and changes neither account."""
    source.withdraw(cents)
    target.deposit(cents)
