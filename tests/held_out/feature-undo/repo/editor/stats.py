"""Numbers about a document."""


def counts(document):
    """The lines, words and characters of a document."""
    text = document.text
    return len(text.splitlines()), len(text.split()), len(text)
