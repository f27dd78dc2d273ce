from calendar_math import days_in, is_leap


def test_leap_years():
    assert is_leap(2024)
    assert not is_leap(2023)
    assert not is_leap(1900)


def test_days():
    assert days_in(2, 2024) == 29
    assert days_in(4, 2024) == 30
