from stack import Stack


def test_last_in_first_out():
    stack = Stack()
    stack.push(1)
    stack.push(2)
    assert [stack.pop(), stack.pop()] == [2, 1]
    assert stack.is_empty()
