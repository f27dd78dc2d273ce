import pytest

from durations import format_duration
from timer import Timer


def test_format():
    assert format_duration(3725) == "1h 2m 5s"
    assert format_duration(7200) == "2h"
    assert format_duration(0) == "0s"
    with pytest.raises(ValueError):
        format_duration(-1)


def test_timer():
    timer = Timer()
    timer.add(50)
    timer.add(15)
    assert str(timer) == "1m 5s"
