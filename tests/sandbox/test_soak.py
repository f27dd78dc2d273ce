"""F23: what runs again and again holds no more at the end than at the beginning (`tests.bench.soak` runs it at length)."""

from __future__ import annotations

import mmap
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.bench.soak import Held, held, soak
from tests.sandbox.running import SESSION, client, image, shell, started

pytestmark = pytest.mark.docker


async def test_every_way_a_run_ends_leaks_nothing() -> None:
    """F23, reduced: each kind of end and each kind of new start, twice."""
    before, after = await soak(runs=24, warm_up=12)
    assert after.grown(before) == []


@contextmanager
def leaks(api: Any) -> Iterator[None]:
    """One more of each thing: a descriptor, a thread, a container, 64 MB that no free memory of this process serves."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    made = api.create_container(image(), ["/bin/cat"], labels={"oci.session": SESSION})["Id"]
    try:
        with tempfile.TemporaryFile():
            thread.start()
            with mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE) as memory:
                memory.write(b"x" * len(memory))
                yield
    finally:
        over.set()
        thread.join()
        api.remove_container(made)


async def test_a_leak_is_seen() -> None:
    """The control of the soak."""
    api = client()
    async with started() as sandbox:
        before = await held(api, sandbox, SESSION)
        await shell(sandbox, "touch /tmp/left")
        with leaks(api):
            after = await held(api, sandbox, SESSION)
    api.close()
    seen = {line.partition(":")[0] for line in after.grown(before)}
    assert seen == set(Held._fields) - {"children", "volumes", "processes_inside"}
