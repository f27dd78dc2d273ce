"""Reads books from text, one a line: title;author;pages"""

from library.book import Book


def parse_books(text):
    books = []
    for line in text.splitlines():
        if not line.strip():
            continue
        title, author, pages = line.split(";")
        books.append(Book(title, author, int(pages)))
    return books
