"""The engine's worker process with exllamav2's model computed on the CPU."""

from __future__ import annotations

from collections.abc import Callable

from oci_tui.core.ports import Progress
from oci_tui.engine import worker
from oci_tui.engine.exllamav2 import Exl2Engine
from oci_tui.settings import EngineSettings
from tests.exl2.library import CpuLibrary


def load(settings: EngineSettings, progress: Callable[[Progress], None]) -> Exl2Engine:
    return Exl2Engine(settings, progress, CpuLibrary)


if __name__ == "__main__":
    worker.main(load)
