"""Lines of text from entries, and back."""

from playlist.models import Track


def to_line(entry: Track) -> str:
    return f"{entry.seconds};{entry.title}"


def from_line(line: str) -> Track:
    seconds, title = line.split(";", 1)
    return Track(title, int(seconds))
