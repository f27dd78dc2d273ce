"""Cuts a list into pages."""


def page_count(items, size):
    """How many pages of `size` there are."""
    return len(items) // size


def page(items, number, size):
    """The items of a page; the first page is 1. An empty list for a page that is not there."""
    if number < 1 or number > page_count(items, size):
        return []
    start = (number - 1) * size
    return items[start : start + size]
