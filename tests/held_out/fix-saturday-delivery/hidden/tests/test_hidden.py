from datetime import date

from shop.delivery import delivery_date, promise
from shop.workdays import is_holiday, is_workday


def test_week():
    assert [is_workday(date(2024, 3, day)) for day in range(4, 11)] == [True] * 5 + [False] * 2
    assert is_holiday(date(2024, 12, 25))
    assert not is_workday(date(2024, 12, 25))


def test_delivery():
    assert delivery_date(date(2024, 3, 7), 3) == date(2024, 3, 12)
    assert delivery_date(date(2024, 3, 9), 1) == date(2024, 3, 11)
    assert delivery_date(date(2024, 12, 24), 2) == date(2024, 12, 30)
    assert delivery_date(date(2024, 3, 4), 10) == date(2024, 3, 18)
    assert promise(date(2024, 3, 8), express=True) == "Your order arrives on 2024-03-11."
