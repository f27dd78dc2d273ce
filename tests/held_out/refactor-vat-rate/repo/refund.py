"""Money that goes back."""


def net_of(gross):
    """The net part of a price that contains VAT, in cents."""
    return round(gross / (1 + 0.19))


def vat_of(gross):
    return gross - net_of(gross)
