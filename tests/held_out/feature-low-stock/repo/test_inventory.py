import pytest

from inventory import Inventory


def test_inventory():
    room = Inventory()
    room.add("bulb", 4)
    room.remove("bulb")
    assert room.count("bulb") == 3
    assert room.count("fuse") == 0
    with pytest.raises(ValueError):
        room.remove("bulb", 4)
