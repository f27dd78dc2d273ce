"""A pile of items."""


class Stack:
    """The last item in is the first one out."""

    def __init__(self):
        self._items = []

    def push(self, item):
        self._items.append(item)

    def pop(self):
        """Raises IndexError when there is none."""
        return self._items.pop()

    def peek(self):
        """The top item, which stays. Raises IndexError when there is none."""
        return self._items[-1]

    def __len__(self):
        return len(self._items)

    def is_empty(self):
        return not self._items
