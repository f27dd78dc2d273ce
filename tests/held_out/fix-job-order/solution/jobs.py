"""Jobs that wait to be run."""

import heapq


class JobQueue:
    """Hands out jobs, the one with the lowest priority number first."""

    def __init__(self):
        self._heap = []
        self._added = 0

    def add(self, name, priority=10):
        heapq.heappush(self._heap, (priority, self._added, name))
        self._added += 1

    def next(self):
        """Removes the next job and returns its name."""
        if not self._heap:
            raise LookupError("no job is waiting")
        _, _, name = heapq.heappop(self._heap)
        return name

    def __len__(self):
        return len(self._heap)
