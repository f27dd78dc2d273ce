"""Offers, as text."""

from rates import VAT_RATE


def lines(title, net):
    vat = round(net * VAT_RATE)
    return [
        f"{title}: {net} cents",
        f"VAT: {vat} cents",
        f"Total: {net + vat} cents",
    ]
