"""Points in a game."""


class Scoreboard:
    def __init__(self):
        self._points = {}

    def add(self, name, points):
        """Gives a player more points."""
        self._points[name] = self._points.get(name, 0) + points

    def points(self, name):
        return self._points.get(name, 0)

    def players(self):
        return sorted(self._points)

    def leader(self):
        """The name of the player with the most points, None without players."""
        if not self._points:
            return None
        return max(self.players(), key=self.points)
