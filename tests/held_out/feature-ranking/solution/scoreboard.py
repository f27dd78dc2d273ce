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

    def ranking(self):
        """All players as (place, name, points), the best first."""
        names = sorted(self._points, key=lambda name: (-self._points[name], name))
        result = []
        for number, name in enumerate(names, 1):
            points = self._points[name]
            place = result[-1][0] if result and result[-1][2] == points else number
            result.append((place, name, points))
        return result
