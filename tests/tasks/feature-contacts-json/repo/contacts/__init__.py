from contacts.book import Contact, Contacts

__all__ = ["Contact", "Contacts"]
