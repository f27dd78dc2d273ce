from datetime import date

from shop.delivery import delivery_date, promise


def test_within_a_week():
    assert delivery_date(date(2024, 3, 4), 2) == date(2024, 3, 6)


def test_friday_order_arrives_on_monday():
    assert delivery_date(date(2024, 3, 8), 1) == date(2024, 3, 11)


def test_promise():
    assert promise(date(2024, 3, 4)) == "Your order arrives on 2024-03-07."
