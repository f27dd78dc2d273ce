"""A cache that keeps what was used last."""

from collections import OrderedDict


class LRU:
    """Holds at most `size` entries; the one that was used longest ago goes first."""

    def __init__(self, size):
        self.size = size
        self._entries = OrderedDict()

    def get(self, key, default=None):
        """The value; to get it is to use it."""
        if key not in self._entries:
            return default
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key, value):
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def __len__(self):
        return len(self._entries)

    def keys(self):
        """The one used longest ago first."""
        return list(self._entries)
