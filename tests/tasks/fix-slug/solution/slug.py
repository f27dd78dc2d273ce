"""Titles as they stand in addresses."""


def slugify(title):
    """Lower case, words joined by single dashes, nothing but letters, digits and dashes."""
    slug = ""
    for character in title.lower():
        slug += character if character.isalnum() else " "
    return "-".join(slug.split())
