from library.loader import parse_books
from library.report import report

TEXT = "Emma;Jane Austen;474\n\nDracula;Bram Stoker;418\n"


def test_parse():
    assert len(parse_books(TEXT)) == 2


def test_report():
    assert report(parse_books(TEXT)).splitlines() == [
        "Jane Austen: Emma (474 pages)",
        "Bram Stoker: Dracula (418 pages)",
        "2 books, 892 pages",
    ]
