from shop.cart import Cart
from shop.items import Item


def cart(*items):
    made = Cart()
    for item in items:
        made.add(item)
    return made


def test_small_orders_cost_what_they_cost():
    assert cart(Item("pen", 150, 2)).total() == 300


def test_large_orders_get_ten_percent_off():
    assert cart(Item("desk", 200_00)).total() == 180_00
