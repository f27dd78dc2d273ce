import pytest

from geometry.points import middle
from geometry.polygon import Polygon


def test_polygon():
    triangle = Polygon([(0, 0), (4, 0), (0, 3)])
    assert triangle.area() == 6
    assert triangle.longest_edge() == 5
    assert len(triangle.edges()) == 3


def test_too_few_corners():
    with pytest.raises(ValueError):
        Polygon([(0, 0), (1, 1)])


def test_middle():
    assert middle((0, 0), (2, 4)) == (1, 2)
