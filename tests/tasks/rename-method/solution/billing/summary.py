"""Sums over invoices."""


def turnover(invoices):
    return sum(invoice.total() for invoice in invoices)


def largest(invoices):
    return max(invoices, key=lambda invoice: invoice.total())
