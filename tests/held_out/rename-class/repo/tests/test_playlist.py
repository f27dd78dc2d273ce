from playlist.export import from_line, to_line
from playlist.library import Library


def test_playlist():
    library = Library()
    library.add("Short one", 60)
    library.add("Long one", 600)
    assert library.longest().title == "Long one"
    assert to_line(library.longest()) == "600;Long one"
    assert from_line("60;Short one") == library.entries[0]
