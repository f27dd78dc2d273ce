"""Settings: one TOML file, then OCI_* environment variables, then flags; an error names file, key and expected form.

`~/.config/oci-tui/config.toml` holds sections named like the structs here; the environment variable of
`[engine] model` is `OCI_ENGINE_MODEL`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from oci_tui.core.changes import CommitPolicy
from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import CREATIVE, PRECISE, Sampling
from oci_tui.resources import config_folder

EngineKind = Literal["auto", "exllamav2", "llamacpp", "openai", "scripted"]
PythonMode = Literal["session", "fresh"]
CacheMode = Literal["FP16", "Q8", "Q6", "Q4"]
Notify = Literal["auto", "bell", "off"]
Preset = Literal["precise", "creative"]
Stretch = Annotated[float, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class EngineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model` is a name from `oci-tui models list`, a GGUF file or an EXL2 folder; `kind` "auto" goes by what it is.

    With `alternatives` n > 0 each token comes with its probability and the n likeliest in its place (the code pane's heat).
    `context` is in tokens (0: the most that fits), `threads` 0 means all cores (llama.cpp), `replies` is the
    file of a scripted engine, `record` one that every reply is appended to. `url` is where an OpenAI-compatible API begins
    (http://HOST:PORT/v1) and `timeout_s` how long it may be silent; `model` is then its name there, "" for the first.

    The rest is for exllamav2: `cache`; the GPUs by `gpu_split` (GB each; empty: automatic, with
    `reserve_mb` MiB each left free) or `tensor_parallel`; a window beyond the trained one by `rope_scale` (linear),
    `rope_alpha` (NTK) or `yarn_factor`; `draft` "ngram" or the folder of a draft model; `at_once` replies in one pass.
    """

    kind: EngineKind = "auto"
    model: str = ""
    context: int = 8192
    max_new_tokens: int = 1024
    alternatives: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    cache: CacheMode = "Q8"
    gpu_split: tuple[float, ...] = ()
    reserve_mb: tuple[int, ...] = ()
    tensor_parallel: bool = False
    rope_scale: Stretch = 1.0
    rope_alpha: Stretch = 1.0
    yarn_factor: Stretch = 1.0
    draft: str = ""
    at_once: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    threads: int = 0
    replies: str = ""
    record: str = ""
    url: str = ""
    timeout_s: float = 300.0

    @property
    def is_endpoint(self) -> bool:
        return self.kind == "openai" or (self.kind == "auto" and bool(self.url))


class SamplingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next token is chosen: `preset` precise (greedy) or creative; what is set beside it stands in for its value."""

    preset: Preset = "precise"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    top_p: Share | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    min_p: Share | None = None
    typical_p: Share | None = None
    repeat_penalty: Annotated[float, msgspec.Meta(gt=0, le=5)] | None = None
    presence_penalty: Annotated[float, msgspec.Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, msgspec.Meta(ge=-2, le=2)] | None = None
    dry_multiplier: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    xtc_probability: Share | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None = None

    def sampling(self) -> Sampling:
        """The preset with what is set."""
        chosen = {name: value for name, value in msgspec.structs.asdict(self).items() if name != "preset" and value is not None}
        return msgspec.structs.replace({"precise": PRECISE, "creative": CREATIVE}[self.preset], **chosen)


class SandboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the container, in MiB; `timeout_s` and `output_mb` are for one command; `docker_host` "" finds the socket.

    `python` says where Python of a reply runs: in one process for the whole "session", or in a "fresh" one each time.
    """

    profile: str = "python"
    docker_host: str = ""
    memory_mb: int = 2048
    workspace_mb: int = 1024
    cpus: float = 1.5
    pids: int = 256
    timeout_s: float = 60.0
    output_mb: int = 64
    python: PythonMode = "session"


class WorkspaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Untracked files above `max_untracked_mb` MiB stay out of the mirror; `include` names files that go in all the same.

    `ignored` names folders that git ignores and that are copied in to be read, as `submodules` are (false: they stay out).
    `commit`: whether accepted changes are committed: "ask" offers it, "always" does it, "never" does neither.
    """

    max_untracked_mb: int = 10
    include: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    submodules: bool = True
    commit: CommitPolicy = "ask"


class CheckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`command` decides whether a round passed, for example "pytest -q"; "" finds one."""

    command: str = ""


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn is at most `rounds` rounds."""

    rounds: int = 3


class UiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`theme` is a file's name in `themes/` or in the person's own themes folder; "" is the one chosen last, else night.

    `keys` are the person's own: an action's name as the help lists it, and its keys ("f9", "ctrl+y,f9").
    `notify` tells the terminal that a turn has ended while it does not have the focus: as it can ("auto"), by "bell", or "off".
    `linear` opens the line by line conversation in place of the panes: for screen readers.
    """

    theme: str = ""
    keys: dict[str, str] = {}
    notify: Notify = "auto"
    linear: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings; every field has a default that works."""

    engine: EngineSettings = EngineSettings()
    sampling: SamplingSettings = SamplingSettings()
    sandbox: SandboxSettings = SandboxSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    check: CheckSettings = CheckSettings()
    agent: AgentSettings = AgentSettings()
    ui: UiSettings = UiSettings()


def load(flags: Mapping[str, object] | None = None, file: Path | None = None) -> Settings:
    """The settings in force. `flags` are "section.key" → value; None is skipped, a list is added to. Raises SettingsError."""
    file = file or Path(os.environ.get("OCI_CONFIG") or config_folder() / "config.toml")
    values: dict[str, dict[str, object]] = {}
    origin: dict[str, str] = {}
    for section, content in _read(file).items():
        if not isinstance(content, dict):
            raise SettingsError(f"{file}: {section} must be a section: write [{section}] with keys below it")
        values[section] = dict(content)
        origin.update({f"{section}.{key}": str(file) for key in content})
    for section_field in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(section_field.type):
            name = f"OCI_{section_field.name}_{field.name}".upper()
            if name in os.environ:
                values.setdefault(section_field.name, {})[field.name] = _from_text(os.environ[name], field.type)
                origin[f"{section_field.name}.{field.name}"] = name
    for key, value in (flags or {}).items():
        if value is not None:
            section, _, name = key.partition(".")
            given = values.setdefault(section, {})
            given[name] = (*_several(given.get(name)), *value) if isinstance(value, tuple) else value
            origin[key] = {"engine.kind": "--engine", "sandbox.timeout_s": "--timeout"}.get(key, f"--{name.replace('_', '-')}")
    return _checked(values, origin, file)


def _several(value: object) -> tuple[object, ...]:
    """A list of the file, to be added to; something else is replaced."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if "OCI_CONFIG" in os.environ:
            raise SettingsError(f"{file}: no such file; correct or unset OCI_CONFIG") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from error


def _from_text(text: str, kind: object) -> object:
    """An environment variable's value as the field's type wants it: lists are comma-separated."""
    if str(kind).startswith("tuple"):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(values: dict[str, dict[str, object]], origin: dict[str, str], file: Path) -> Settings:
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        key = where.strip("`.").split("[", 1)[0]
        kinds = {
            "engine.kind": EngineKind,
            "engine.cache": CacheMode,
            "sampling.preset": Preset,
            "sandbox.python": PythonMode,
            "workspace.commit": CommitPolicy,
            "ui.notify": Notify,
        }
        choices = kinds.get(key)
        if choices:
            message += f"; expected one of {', '.join(get_args(choices))}"
        raise SettingsError(f"{origin.get(key, str(file))}: {key or 'settings'}: {message[0].lower()}{message[1:]}") from error
    for key, value, low in (
        ("engine.context", settings.engine.context or 512, 512),
        ("engine.max_new_tokens", settings.engine.max_new_tokens, 16),
        ("engine.timeout_s", settings.engine.timeout_s, 1),
        ("agent.rounds", settings.agent.rounds, 1),
        ("sandbox.memory_mb", settings.sandbox.memory_mb, 64),
        ("sandbox.workspace_mb", settings.sandbox.workspace_mb, 16),
        ("sandbox.pids", settings.sandbox.pids, 16),
        ("sandbox.timeout_s", settings.sandbox.timeout_s, 1),
        ("sandbox.output_mb", settings.sandbox.output_mb, 1),
        ("sandbox.cpus", settings.sandbox.cpus, 0.1),
    ):
        if not value >= low:
            raise SettingsError(f"{origin.get(key, str(file))}: {key}: expected at least {low}, got {value}")
    if 0 < settings.engine.context <= settings.engine.max_new_tokens:
        raise SettingsError(
            f"{origin.get('engine.max_new_tokens') or origin.get('engine.context') or file}: engine.max_new_tokens: "
            f"expected less than engine.context ({settings.engine.context}), got {settings.engine.max_new_tokens}"
        )
    return settings
