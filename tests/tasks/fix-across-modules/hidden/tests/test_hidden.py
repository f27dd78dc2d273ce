from shop.cart import Cart
from shop.discounts import rate
from shop.items import Item


def test_rates():
    assert [rate(cents) for cents in (0, 49_99, 50_00, 99_99, 100_00, 500_00)] == [0.0, 0.0, 0.05, 0.05, 0.10, 0.10]
    made = Cart()
    made.add(Item("chair", 60_00))
    assert made.total() == 57_00
