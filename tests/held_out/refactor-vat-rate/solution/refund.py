"""Money that goes back."""

from rates import VAT_RATE


def net_of(gross):
    """The net part of a price that contains VAT, in cents."""
    return round(gross / (1 + VAT_RATE))


def vat_of(gross):
    return gross - net_of(gross)
