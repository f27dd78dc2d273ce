"""Points are (x, y) tuples."""

import math


def distance(a, b):
    return math.hypot(a[0] - b[0], a[1] - b[1])


def middle(a, b):
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
