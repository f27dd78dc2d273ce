from admin import exists
from mail import letter


def test_users():
    assert letter(1) == "Dear Ann,"
    assert exists(2)
    assert not exists(3)
