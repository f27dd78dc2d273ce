from report import count
from search import find

NAMES = ["Ann  Lee", "ann lee", "Bob"]


def test_count():
    assert count(NAMES) == {"ann lee": 2, "bob": 1}


def test_find():
    assert find(NAMES, "ANN LEE") == ["Ann  Lee", "ann lee"]
