"""Invoices."""


class Invoice:
    def __init__(self, lines):
        self.lines = lines

    def total(self):
        """What is to be paid."""
        return sum(price * count for price, count in self.lines)

    def is_free(self):
        return self.total() == 0
