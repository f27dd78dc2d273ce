from editor.document import Document
from editor.stats import counts


def test_changes():
    document = Document("Hello world")
    document.insert(5, ",")
    assert document.text == "Hello, world"
    document.delete(0, 7)
    assert document.text == "world"
    document.replace("o", "0")
    assert document.text == "w0rld"


def test_counts():
    assert counts(Document("one two\nthree")) == (2, 3, 13)
