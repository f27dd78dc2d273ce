import pytest

from jobs import JobQueue
from worker import run_all


def test_lowest_number_first():
    queue = JobQueue()
    queue.add("mail", 5)
    queue.add("backup", 20)
    queue.add("alarm", 1)
    seen = []
    assert run_all(queue, seen.append) == 3
    assert seen == ["alarm", "mail", "backup"]


def test_empty():
    with pytest.raises(LookupError):
        JobQueue().next()
