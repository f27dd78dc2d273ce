import dataclasses
import re
from pathlib import Path

from library.book import Book
from library.loader import parse_books
from library.report import report


def test_book():
    assert dataclasses.is_dataclass(Book)
    assert [field.name for field in dataclasses.fields(Book)] == ["title", "author", "pages"]


def test_loader():
    books = parse_books("Emma;Jane Austen;474\n\nIt;Stephen King;1138")
    assert books == [Book("Emma", "Jane Austen", 474), Book("It", "Stephen King", 1138)]
    assert all(isinstance(book, Book) for book in books)
    assert parse_books("") == []


def test_report():
    assert report([Book("It", "Stephen King", 1138)]) == "Stephen King: It (1138 pages)\n1 books, 1138 pages"
    assert report([]) == "0 books, 0 pages"
    text = Path("library/report.py").read_text()
    assert not re.search(r"""\[["'](title|author|pages)["']\]""", text)
