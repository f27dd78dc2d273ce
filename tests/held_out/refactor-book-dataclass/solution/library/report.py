"""Lists of books, as text."""


def report(books):
    """One line a book, then the sum of the pages."""
    lines = []
    total = 0
    for book in books:
        lines.append(f"{book.author}: {book.title} ({book.pages} pages)")
        total += book.pages
    lines.append(f"{len(books)} books, {total} pages")
    return "\n".join(lines)
