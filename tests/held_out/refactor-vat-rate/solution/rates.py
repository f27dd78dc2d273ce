"""Tax rates."""

VAT_RATE = 0.19
