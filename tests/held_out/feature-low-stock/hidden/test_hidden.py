from inventory import Inventory


def test_low_stock():
    room = Inventory()
    assert room.low_stock(5) == []
    room.add("screw", 100)
    room.add("fuse", 2)
    room.add("bulb", 4)
    room.add("cable", 5)
    assert room.low_stock(5) == ["bulb", "fuse"]
    assert room.low_stock(1) == []
    room.remove("cable", 5)
    assert room.low_stock(3) == ["cable", "fuse"]
    assert room.low_stock(1000) == ["bulb", "cable", "fuse", "screw"]
    assert room.count("bulb") == 4
