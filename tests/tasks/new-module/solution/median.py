def median(values):
    """The middle value, or the mean of the two middle ones. Raises ValueError for an empty list."""
    if not values:
        raise ValueError("no values")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
