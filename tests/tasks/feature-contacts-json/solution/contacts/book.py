"""A book of contacts."""

import json
from dataclasses import dataclass


@dataclass
class Contact:
    name: str
    numbers: list


class Contacts:
    def __init__(self):
        self._contacts = {}

    def add(self, name, *numbers):
        """Adds numbers to a contact, which is made when there is none."""
        contact = self._contacts.setdefault(name, Contact(name, []))
        contact.numbers.extend(numbers)

    def find(self, name):
        """The contact, or None."""
        return self._contacts.get(name)

    def names(self):
        return sorted(self._contacts)

    def to_json(self):
        return json.dumps({name: contact.numbers for name, contact in self._contacts.items()})

    @classmethod
    def from_json(cls, text):
        book = cls()
        for name, numbers in json.loads(text).items():
            book.add(name, *numbers)
        return book
