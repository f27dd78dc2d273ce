"""Reads books from text, one a line: title;author;pages"""


def parse_books(text):
    books = []
    for line in text.splitlines():
        if not line.strip():
            continue
        title, author, pages = line.split(";")
        books.append({"title": title, "author": author, "pages": int(pages)})
    return books
