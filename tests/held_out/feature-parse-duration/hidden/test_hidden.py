import pytest

from durations import format_duration, parse_duration


def test_parse():
    assert parse_duration("1h 2m 5s") == 3725
    assert parse_duration("45m") == 2700
    assert parse_duration("2h 10s") == 7210
    assert parse_duration("0s") == 0
    assert parse_duration("100h") == 360000
    for seconds in (1, 59, 60, 3599, 3600, 86399):
        assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "abc", "10x", "5", "h", "1h 5", "1.5h", "1h two"])
def test_bad(text):
    with pytest.raises(ValueError):
        parse_duration(text)
