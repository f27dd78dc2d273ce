from clock import hms, parse_hms


def test_hours():
    assert hms(0) == "0:00:00"
    assert hms(3599) == "0:59:59"
    assert hms(3600) == "1:00:00"
    assert hms(7384) == "2:03:04"
    assert hms(90061) == "25:01:01"


def test_there_and_back():
    for seconds in (0, 61, 3661, 86399, 100000):
        assert parse_hms(hms(seconds)) == seconds
