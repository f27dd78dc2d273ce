import json

from contacts import Contacts


def test_there_and_back():
    book = Contacts()
    book.add("Ann", "1", "2")
    book.add('Bob "B" Ö', "+49 30")
    book.add("Cid")
    text = book.to_json()
    assert isinstance(text, str)
    json.loads(text)
    again = Contacts.from_json(text)
    assert again.names() == book.names()
    assert again.find("Ann").numbers == ["1", "2"]
    assert again.find("Ann").name == "Ann"
    assert again.find("Cid").numbers == []
    again.add("Ann", "3")
    assert again.find("Ann").numbers == ["1", "2", "3"]
    assert Contacts.from_json(Contacts().to_json()).names() == []
