from editor.document import Document


def test_undo():
    document = Document("Hello world")
    assert document.undo() is False
    document.insert(5, ",")
    document.delete(0, 7)
    document.replace("o", "0")
    assert document.text == "w0rld"
    assert document.undo() is True
    assert document.text == "world"
    assert document.undo() is True
    assert document.text == "Hello, world"
    assert document.undo() is True
    assert document.text == "Hello world"
    assert document.undo() is False
    assert document.text == "Hello world"


def test_change_after_undo():
    document = Document()
    document.insert(0, "abc")
    document.undo()
    document.insert(0, "xyz")
    document.delete(1, 2)
    assert document.text == "xz"
    assert document.undo() is True
    assert document.text == "xyz"
    assert document.undo() is True
    assert document.text == ""
    assert document.undo() is False


def test_documents_are_apart():
    first, second = Document("a"), Document("b")
    first.insert(0, "x")
    assert second.undo() is False
    assert second.text == "b"
    assert first.undo() is True
    assert first.text == "a"
