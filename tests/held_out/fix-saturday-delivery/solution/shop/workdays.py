"""Which days are worked on."""

import datetime

HOLIDAYS = {(1, 1), (12, 25), (12, 26)}


def is_holiday(day: datetime.date) -> bool:
    return (day.month, day.day) in HOLIDAYS


def is_workday(day: datetime.date) -> bool:
    """Monday to Friday, unless it is a holiday."""
    return day.weekday() < 5 and not is_holiday(day)
