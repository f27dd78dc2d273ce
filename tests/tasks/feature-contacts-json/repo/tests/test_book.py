from contacts import Contacts


def test_add_and_find():
    book = Contacts()
    book.add("Ann", "1", "2")
    book.add("Ann", "3")
    assert book.find("Ann").numbers == ["1", "2", "3"]
    assert book.find("Bob") is None
