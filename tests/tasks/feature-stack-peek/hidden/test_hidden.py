import pytest

from stack import Stack


def test_peek_and_length():
    stack = Stack()
    assert len(stack) == 0
    with pytest.raises(IndexError):
        stack.peek()
    stack.push("a")
    stack.push("b")
    assert stack.peek() == "b"
    assert len(stack) == 2
    assert stack.pop() == "b"
    assert stack.peek() == "a"
    assert not stack.is_empty()
