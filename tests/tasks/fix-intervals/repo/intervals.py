"""Intervals of numbers, as pairs of begin and end."""


def overlaps(first, second):
    """Whether two intervals have a point in common; ends belong to them."""
    return first[0] < second[1] and second[0] < first[1]


def merge(intervals):
    """The intervals in order, those that overlap joined into one."""
    merged = []
    for interval in intervals:
        if merged and overlaps(merged[-1], interval):
            merged[-1] = (merged[-1][0], interval[1])
        else:
            merged.append(interval)
    return merged
