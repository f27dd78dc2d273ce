"""The text that is being edited."""


class Document:
    def __init__(self, text=""):
        self.text = text
        self._before = []

    def insert(self, position, text):
        """Puts text in at the position."""
        self._before.append(self.text)
        self.text = self.text[:position] + text + self.text[position:]

    def delete(self, start, end):
        """Removes the characters from start up to, not including, end."""
        self._before.append(self.text)
        self.text = self.text[:start] + self.text[end:]

    def replace(self, old, new):
        """Replaces old by new everywhere."""
        self._before.append(self.text)
        self.text = self.text.replace(old, new)

    def undo(self):
        """Takes back the last change; False if there is none."""
        if not self._before:
            return False
        self.text = self._before.pop()
        return True
