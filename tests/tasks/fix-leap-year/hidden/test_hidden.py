from calendar_math import days_in, is_leap


def test_centuries():
    assert [year for year in (1600, 1700, 1800, 1900, 2000, 2100) if is_leap(year)] == [1600, 2000]
    assert days_in(2, 1900) == 28
    assert days_in(2, 2000) == 29
