"""What happens: sessions, rounds, events, and the ports that the neighbours fill. Imports the standard library and msgspec."""
