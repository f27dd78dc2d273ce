import re
from pathlib import Path

import playlist
from playlist import export, library, models


def test_renamed():
    assert playlist.Track is models.Track
    assert playlist.__all__ == ["Track"]
    assert models.Track.__name__ == "Track"
    for file in Path("playlist").glob("*.py"):
        assert not re.search(r"\bRec\b", file.read_text()), file


def test_works():
    made = library.Library()
    made.add("a", 1)
    made.add("b;c", 2)
    assert made.longest() == models.Track("b;c", 2)
    assert export.from_line(export.to_line(made.longest())) == models.Track("b;c", 2)
    assert models.Track("x", 3).longer_than(models.Track("y", 2))
