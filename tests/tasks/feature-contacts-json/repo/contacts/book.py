"""A book of contacts."""

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
