import pytest

from jobs import JobQueue
from worker import run_all


def test_order_of_adding():
    queue = JobQueue()
    for name in ("zip", "mail", "archive", "mail"):
        queue.add(name)
    queue.add("urgent", 1)
    queue.add("also urgent", 1)
    queue.add("late", 99)
    assert len(queue) == 7
    seen = []
    assert run_all(queue, seen.append) == 7
    assert seen == ["urgent", "also urgent", "zip", "mail", "archive", "mail", "late"]
    with pytest.raises(LookupError):
        queue.next()


def test_adding_in_between():
    queue = JobQueue()
    queue.add("c")
    queue.add("b")
    assert queue.next() == "c"
    queue.add("a")
    assert queue.next() == "b"
    assert queue.next() == "a"
    assert len(queue) == 0
