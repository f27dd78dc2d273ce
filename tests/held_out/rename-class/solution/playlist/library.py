"""Everything there is to play."""

from playlist.models import Track


class Library:
    def __init__(self):
        self.entries: list[Track] = []

    def add(self, title, seconds):
        self.entries.append(Track(title, seconds))

    def longest(self):
        found = self.entries[0]
        for entry in self.entries:
            if entry.longer_than(found):
                found = entry
        return found
