"""What a customer pays."""

from rates import VAT_RATE


def total(prices):
    """The sum of the net prices, with VAT, in cents."""
    net = sum(prices)
    return net + round(net * VAT_RATE)
