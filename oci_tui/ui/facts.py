"""What the events so far say of model, sandbox and repository: the facts of the status details."""

from __future__ import annotations

from oci_tui.core.diff import Diff
from oci_tui.core.events import (
    ContextBuilt,
    DiffChanged,
    EngineReady,
    Event,
    Part,
    PartFailed,
    PartProgressed,
    ReplyFinished,
    SandboxReady,
    SessionStarted,
    WorkspaceReady,
)
from oci_tui.core.generation import EngineInfo, Usage
from oci_tui.core.ports import SandboxInfo
from oci_tui.core.workspace_info import WorkspaceInfo


class Facts:
    """`state` is what each part last said of itself that is no readiness; `window` is tokens used, and there."""

    def __init__(self) -> None:
        self.engine: EngineInfo | None = None
        self.sandbox: SandboxInfo | None = None
        self.workspace: WorkspaceInfo | None = None
        self.usage: Usage | None = None
        self.session = ""
        self.window = (0, 0)
        self.pending = Diff()
        self.state: dict[Part, str] = {}

    def show(self, event: Event) -> None:
        match event:
            case SessionStarted():
                self.session = event.session
            case PartProgressed():
                part = f" {event.fraction:.0%}" if event.fraction is not None else ""
                self.state[event.part] = f"◌ {event.doing}{part}"
            case PartFailed():
                self.state[event.part] = f"✗ {event.message}"
            case EngineReady():
                self.engine, self.usage = event.info, None
                self.window = (0, event.info.context)
                self.state.pop("engine", None)
            case SandboxReady():
                self.sandbox = event.info
                self.state.pop("sandbox", None)
            case WorkspaceReady():
                self.workspace = event.info
                self.state.pop("workspace", None)
            case ContextBuilt():
                self.window = (event.tokens, event.window)
            case ReplyFinished():
                self.usage = event.usage
                used = event.usage.prompt_tokens + event.usage.reply_tokens
                self.window = (used or self.window[0], self.window[1])
            case DiffChanged():
                self.pending = event.diff
