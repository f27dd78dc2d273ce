"""Durations as text."""


def hms(seconds):
    """Hours, minutes and seconds: 3725 is 1:02:05."""
    hours = seconds // 3600
    minutes = seconds // 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}"


def parse_hms(text):
    """The seconds that hms() was given."""
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
