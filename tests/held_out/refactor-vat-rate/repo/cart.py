"""What a customer pays."""


def total(prices):
    """The sum of the net prices, with VAT, in cents."""
    net = sum(prices)
    return net + round(net * 0.19)
