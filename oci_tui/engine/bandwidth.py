"""How fast memory is, which bounds how fast a model can be: every weight is read once for each token."""

from __future__ import annotations

import time
from collections.abc import Sequence

from oci_tui.engine.fit import Gpu

_COPIED = 64 * 1024**2
_COPIES = 12
# memory bandwidth by the makers' data sheets, GB/s; the first name that is part of the driver's counts
_BANDWIDTH = (
    ("H200", 4800), ("H100 PCIe", 2039), ("H100", 3350), ("A100", 2039), ("L40S", 864), ("RTX PRO 6000", 1792), ("A6000", 768),
    ("6000 Ada", 960), ("5090", 1792), ("5080", 960), ("4090", 1008), ("4080", 717), ("4070 Ti", 504), ("3090 Ti", 1008),
    ("3090", 936), ("3080", 760), ("3060", 360), ("T4", 320), ("V100", 900),
)  # fmt: skip


def of_gpu(found: Sequence[Gpu]) -> float:
    """Bytes per second that the first GPU's memory moves; 0 where that is not known."""
    return next((speed * 1e9 for name, speed in _BANDWIDTH if found and name in found[0].name), 0.0)


def of_ram(copied: int = _COPIED) -> float:
    """Bytes per second that this machine's memory moves, read and written, in one thread: the best of several copies.

    They are timed by the thread's time on a core, so that what else runs here does not make the memory seem slow.
    """
    source, target = bytearray(copied), bytearray(copied)
    target[:] = source
    took = []
    for _ in range(_COPIES):
        began = time.thread_time()
        target[:] = source
        took.append(time.thread_time() - began)
    return 2 * copied / min(took)
