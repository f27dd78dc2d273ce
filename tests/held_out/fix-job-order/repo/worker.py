"""Runs what is in a queue."""


def run_all(queue, run):
    """Calls run(name) for every job; returns how many there were."""
    done = 0
    while len(queue):
        run(queue.next())
        done += 1
    return done
