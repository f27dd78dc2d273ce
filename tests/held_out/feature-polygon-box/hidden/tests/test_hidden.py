import pytest

from geometry.polygon import Polygon


def test_perimeter():
    assert Polygon([(0, 0), (4, 0), (0, 3)]).perimeter() == pytest.approx(12)
    assert Polygon([(1, 1), (3, 1), (3, 2), (1, 2)]).perimeter() == pytest.approx(6)
    assert Polygon([(0, 0), (1, 1), (2, 0)]).perimeter() == pytest.approx(2 + 2 * 2**0.5)


def test_bounding_box():
    assert Polygon([(0, 0), (4, 0), (0, 3)]).bounding_box() == (0, 0, 4, 3)
    assert Polygon([(5, -2), (-1, 7), (2, 2), (-3, 1)]).bounding_box() == (-3, -2, 5, 7)


def test_as_before():
    shape = Polygon([(0, 0), (4, 0), (0, 3)])
    shape.perimeter()
    shape.bounding_box()
    assert shape.points == [(0, 0), (4, 0), (0, 3)]
    assert shape.area() == 6
