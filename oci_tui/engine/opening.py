"""Which engine the settings call for."""

from __future__ import annotations

from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.core.ports import Engine
from oci_tui.settings import EngineSettings


def open_engine(settings: EngineSettings, log: Path) -> Engine:
    """An engine that is not started yet; a worker's own words go to the file `log`. Raises EngineError or ModelError."""
    engine = _open(settings, log)
    if not settings.record:
        return engine
    from oci_tui.engine.recording import RecordingEngine

    return RecordingEngine(engine, Path(settings.record).expanduser())


def _open(settings: EngineSettings, log: Path) -> Engine:
    if settings.kind == "scripted":
        from oci_tui.engine.scripted import ScriptedEngine

        if not settings.replies:
            raise EngineError("engine.kind is scripted, but engine.replies names no file; set it to a TOML or JSON lines file")
        return ScriptedEngine.from_file(Path(settings.replies).expanduser())
    if settings.is_endpoint:
        from oci_tui.engine.openai import OpenAiEngine

        if not settings.url:
            raise EngineError(
                "engine.kind is openai, but engine.url names no server; set it, for example http://localhost:8080/v1"
            )
        return OpenAiEngine(settings)
    from oci_tui.engine.models import resolve
    from oci_tui.engine.process import EngineProcess

    model = resolve(settings)
    return EngineProcess(msgspec.structs.replace(settings, kind=model.kind, model=str(model.path.absolute())), log)
