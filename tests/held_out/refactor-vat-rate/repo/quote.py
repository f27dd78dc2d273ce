"""Offers, as text."""


def lines(title, net):
    vat = round(net * 0.19)
    return [
        f"{title}: {net} cents",
        f"VAT: {vat} cents",
        f"Total: {net + vat} cents",
    ]
