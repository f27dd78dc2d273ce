"""Shapes and their areas."""

import math


class Rectangle:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height


class Circle:
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius**2


def total(shapes):
    """The area of all shapes together."""
    return sum(shape.area() for shape in shapes)
