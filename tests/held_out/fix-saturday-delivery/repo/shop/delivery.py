"""When an order arrives."""

import datetime

from shop.workdays import is_workday


def delivery_date(ordered: datetime.date, workdays: int) -> datetime.date:
    """The day that is so many workdays after the order."""
    day = ordered
    while workdays > 0:
        day += datetime.timedelta(days=1)
        if is_workday(day):
            workdays -= 1
    return day


def promise(ordered: datetime.date, express: bool = False) -> str:
    day = delivery_date(ordered, 1 if express else 3)
    return f"Your order arrives on {day.isoformat()}."
