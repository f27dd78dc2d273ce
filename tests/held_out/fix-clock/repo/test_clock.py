from clock import hms, parse_hms


def test_short():
    assert hms(59) == "0:00:59"
    assert hms(600) == "0:10:00"


def test_more_than_an_hour():
    assert hms(3725) == "1:02:05"


def test_parse():
    assert parse_hms("1:02:05") == 3725
