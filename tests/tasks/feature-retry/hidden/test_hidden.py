import pytest

from retrying import logged, retry


def failing(calls, error, after):
    def function(value):
        """Doc."""
        calls.append(value)
        if len(calls) <= after:
            raise error
        return value

    return function


def test_retry():
    calls = []
    assert retry(3)(failing(calls, ValueError(), 2))(7) == 7
    assert calls == [7, 7, 7]
    calls.clear()
    with pytest.raises(ValueError):
        retry(2)(failing(calls, ValueError(), 9))(1)
    assert len(calls) == 2
    calls.clear()
    with pytest.raises(KeyError):
        retry(5, errors=(ValueError,))(failing(calls, KeyError(), 9))(1)
    assert len(calls) == 1
    assert retry(2)(failing([], None, 0)).__doc__ == "Doc."
    assert logged(len)("ab") == 2
