"""What is in the store room."""


class Inventory:
    def __init__(self):
        self._counts = {}

    def add(self, name, count=1):
        self._counts[name] = self._counts.get(name, 0) + count

    def remove(self, name, count=1):
        """Raises ValueError when fewer are there."""
        if self.count(name) < count:
            raise ValueError(f"not enough of {name}")
        self._counts[name] -= count

    def count(self, name):
        return self._counts.get(name, 0)

    def low_stock(self, limit):
        """The names of what has fewer than `limit` pieces left."""
        return sorted(name for name, count in self._counts.items() if count < limit)
