"""Jobs that wait to be run."""

import heapq


class JobQueue:
    """Hands out jobs, the one with the lowest priority number first."""

    def __init__(self):
        self._heap = []

    def add(self, name, priority=10):
        heapq.heappush(self._heap, (priority, name))

    def next(self):
        """Removes the next job and returns its name."""
        if not self._heap:
            raise LookupError("no job is waiting")
        priority, name = heapq.heappop(self._heap)
        return name

    def __len__(self):
        return len(self._heap)
