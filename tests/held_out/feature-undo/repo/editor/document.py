"""The text that is being edited."""


class Document:
    def __init__(self, text=""):
        self.text = text

    def insert(self, position, text):
        """Puts text in at the position."""
        self.text = self.text[:position] + text + self.text[position:]

    def delete(self, start, end):
        """Removes the characters from start up to, not including, end."""
        self.text = self.text[:start] + self.text[end:]

    def replace(self, old, new):
        """Replaces old by new everywhere."""
        self.text = self.text.replace(old, new)
