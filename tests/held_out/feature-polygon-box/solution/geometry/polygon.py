"""Polygons in the plane."""

from geometry.points import distance


class Polygon:
    """Made of its corners, a list of (x, y) tuples in order."""

    def __init__(self, points):
        if len(points) < 3:
            raise ValueError("a polygon has at least three corners")
        self.points = list(points)

    def edges(self):
        """All edges as pairs of points, the last one leads back to the start."""
        return list(zip(self.points, self.points[1:] + self.points[:1]))

    def longest_edge(self):
        return max(distance(start, end) for start, end in self.edges())

    def area(self):
        twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in self.edges())
        return abs(twice) / 2

    def perimeter(self):
        return sum(distance(start, end) for start, end in self.edges())

    def bounding_box(self):
        xs = [x for x, _ in self.points]
        ys = [y for _, y in self.points]
        return (min(xs), min(ys), max(xs), max(ys))
