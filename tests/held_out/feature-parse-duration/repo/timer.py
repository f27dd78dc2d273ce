"""A timer that sums up what was worked."""

from durations import format_duration


class Timer:
    def __init__(self):
        self.seconds = 0

    def add(self, seconds):
        self.seconds += seconds

    def __str__(self):
        return format_duration(self.seconds)
