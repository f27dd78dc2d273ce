"""Lines of text from entries, and back."""

from playlist.models import Rec


def to_line(entry: Rec) -> str:
    return f"{entry.seconds};{entry.title}"


def from_line(line: str) -> Rec:
    seconds, title = line.split(";", 1)
    return Rec(title, int(seconds))
