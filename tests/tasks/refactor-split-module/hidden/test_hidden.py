from pathlib import Path

import circle
import shapes


def test_moved():
    assert shapes.Circle is circle.Circle
    assert circle.Circle.__module__ == "circle"
    assert "class Circle" not in Path("shapes.py").read_text()
    assert "class Rectangle" in Path("shapes.py").read_text()
    assert shapes.total([shapes.Rectangle(2, 2)]) == 4
