"""Durations as text."""

UNITS = {"h": 3600, "m": 60, "s": 1}


def format_duration(seconds):
    """3725 gives "1h 2m 5s"; parts that are zero are left out."""
    if seconds < 0:
        raise ValueError("a duration is not negative")
    parts = []
    for unit, size in UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
