"""Settings: one TOML file, then OCI_* environment variables, then flags; an error names file, key and expected form.

`~/.config/oci-tui/config.toml` holds sections named like the structs here; the environment variable of
`[engine] model` is `OCI_ENGINE_MODEL`.
"""

from __future__ import annotations

import difflib
import functools
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import inspect

from oci_tui.core.changes import CommitPolicy
from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import CREATIVE, PRECISE, Sampling
from oci_tui.core.ports import ApprovalMode
from oci_tui.resources import config_folder

EngineKind = Literal["auto", "exllamav2", "llamacpp", "openai", "scripted"]
PythonMode = Literal["session", "fresh"]
CacheMode = Literal["FP16", "Q8", "Q6", "Q4"]
Notify = Literal["auto", "bell", "off"]
PromptKeys = Literal["default", "emacs", "vi"]
LogLevel = Literal["off", "error", "info", "debug"]
Preset = Literal["precise", "creative"]
Stretch = Annotated[float, msgspec.Meta(ge=1, le=64)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]

OPEN_IT = "`oci-tui config edit` opens the file"
_UNKNOWN = re.compile(r"contains unknown field `([^`]*)`")


def _is(text: str, least: float | None = None, most: float | None = None) -> msgspec.Meta:
    """What a key is, in people's words: the one place that help, screen and error messages take it from; and its bounds."""
    return msgspec.Meta(description=text, ge=least, le=most)


class EngineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model and what runs it."""

    kind: Annotated[EngineKind, _is('what runs the model; "auto" goes by what the model is')] = "auto"
    model: Annotated[
        str, _is('a name from `oci-tui models list`, a GGUF file or an EXL2 folder; "" for the best that is here')
    ] = ""
    context: Annotated[int, _is("the window in tokens; 0: the most that fits", 0)] = 8192
    max_new_tokens: Annotated[int, _is("the longest reply, in tokens", 16)] = 1024
    alternatives: Annotated[
        int, _is("how many likely tokens each one is shown with, with its probability, in the code pane; 0: none", 0, 10)
    ] = 0
    cache: Annotated[CacheMode, _is("how the cache is kept in GPU memory (exllamav2)")] = "Q8"
    gpu_split: Annotated[tuple[float, ...], _is("GB of each GPU; empty: automatic (exllamav2)")] = ()
    reserve_mb: Annotated[tuple[int, ...], _is("MiB left free on each GPU by the automatic split (exllamav2)")] = ()
    tensor_parallel: Annotated[bool, _is("all GPUs compute each layer together (exllamav2)")] = False
    rope_scale: Annotated[Stretch, _is("linear stretch of the trained window (exllamav2)")] = 1.0
    rope_alpha: Annotated[Stretch, _is("NTK stretch of the trained window (exllamav2)")] = 1.0
    yarn_factor: Annotated[Stretch, _is("YaRN stretch of the trained window (exllamav2)")] = 1.0
    draft: Annotated[
        str, _is('guess ahead: "ngram" from files and reply, or the folder of a small model of the same family (exllamav2)')
    ] = ""
    at_once: Annotated[int, _is("replies computed together (exllamav2, a server)", 1, 64)] = 4
    threads: Annotated[int, _is("processor threads; 0: all cores (llama.cpp)", 0)] = 0
    replies: Annotated[str, _is("the file of a scripted engine")] = ""
    record: Annotated[str, _is("a file that every reply is appended to, with its timing")] = ""
    url: Annotated[
        str, _is('an OpenAI-compatible API, http://HOST:PORT/v1; model is then its name there, "" for the first')
    ] = ""
    timeout_s: Annotated[float, _is("how long that API may be silent, in seconds", 1)] = 300.0

    @property
    def is_endpoint(self) -> bool:
        return self.kind == "openai" or (self.kind == "auto" and bool(self.url))


class SamplingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next token is chosen; what is set beside the preset stands in for its value."""

    preset: Annotated[Preset, _is("precise (always the likeliest) or creative")] = "precise"
    temperature: Annotated[Annotated[float, _is("", 0, 5)] | None, _is("0 is always the likeliest, more is freer")] = None
    top_p: Annotated[Share | None, _is("only the likeliest that together have this probability")] = None
    top_k: Annotated[Annotated[int, _is("", 0)] | None, _is("only so many of the likeliest; 0: all")] = None
    min_p: Annotated[Share | None, _is("only those with this share of the likeliest one's probability")] = None
    typical_p: Annotated[Share | None, _is("only those about as likely as expected, up to this probability together")] = None
    repeat_penalty: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=5)] | None, _is("above 1: less of what was said before")
    ] = None
    presence_penalty: Annotated[Penalty | None, _is("above 0: less of what was said at all")] = None
    frequency_penalty: Annotated[Penalty | None, _is("above 0: less of what was said often")] = None
    dry_multiplier: Annotated[Annotated[float, _is("", 0, 5)] | None, _is("above 0: no long repetitions")] = None
    xtc_probability: Annotated[Share | None, _is("how often the likeliest are left out")] = None
    seed: Annotated[
        Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None, _is("of the random choices; the same seed chooses the same")
    ] = None

    def sampling(self) -> Sampling:
        """The preset with what is set."""
        chosen = {name: value for name, value in msgspec.structs.asdict(self).items() if name != "preset" and value is not None}
        return msgspec.structs.replace({"precise": PRECISE, "creative": CREATIVE}[self.preset], **chosen)


class SandboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The container that commands run in, and its limits."""

    profile: Annotated[str, _is("python, python-science, node, or your own: what is installed in the container")] = "python"
    docker_host: Annotated[str, _is('where the Docker engine listens; "" finds the socket')] = ""
    memory_mb: Annotated[int, _is("memory of the container, in MiB", 64)] = 2048
    workspace_mb: Annotated[int, _is("room for the files, in MiB", 16)] = 1024
    cpus: Annotated[float, _is("processors of the container", 0.1)] = 1.5
    pids: Annotated[int, _is("processes and threads at the same time", 16)] = 256
    timeout_s: Annotated[float, _is("seconds that one command may take", 1)] = 60.0
    output_mb: Annotated[int, _is("MiB that one command may print before it is ended", 1)] = 64
    python: Annotated[
        PythonMode, _is('where Python of a reply runs: one process for the whole "session", or a "fresh" one each time')
    ] = "session"


class WorkspaceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the repository the container sees, and what becomes of a change."""

    max_untracked_mb: Annotated[int, _is("untracked files above so many MiB stay out of the mirror", 0)] = 10
    include: Annotated[tuple[str, ...], _is("files that go in although they would stay out")] = ()
    ignored: Annotated[tuple[str, ...], _is("folders that git ignores, copied in to be read")] = ()
    submodules: Annotated[bool, _is("whether submodules are copied in to be read")] = True
    commit: Annotated[
        CommitPolicy, _is('whether accepted changes are committed: "ask" offers it, "always" does it, "never" does neither')
    ] = "ask"


class CheckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides whether a round passed."""

    command: Annotated[str, _is('for example "pytest -q"; "" finds one')] = ""


class AgentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a turn is run."""

    rounds: Annotated[int, _is("a turn is at most so many rounds", 1)] = 3
    candidates: Annotated[
        int, _is("replies tried in each round, the best is taken; 0: one, and more after a failed last round", 0, 64)
    ] = 0
    containers: Annotated[int, _is("in at most so many containers at a time", 1, 16)] = 3
    approval: Annotated[
        ApprovalMode, _is('"ask" before each command, run all of them in the sandbox ("auto"), or only "plan"')
    ] = "auto"


class ApprovalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Commands of the model's by pattern, as of a shell's file names; see `core.rules.Rules`."""

    allow: Annotated[tuple[str, ...], _is('run unasked where approval is "ask", for example "pytest *"')] = ()
    deny: Annotated[tuple[str, ...], _is('never run, for example "rm -rf *"')] = ()


class UiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the app looks and what its keys do."""

    theme: Annotated[
        str,
        _is('a file\'s name in `themes/` or your own themes folder; "" is the last choice, else night (16 colours: sixteen)'),
    ] = ""
    keys: Annotated[dict[str, str], _is("your own keys: an action as the help names it = its keys, as in accept = f9")] = {}
    notify: Annotated[
        Notify,
        _is(
            "tells that a turn ended or asks while you look elsewhere (where no focus is told: after 10 s and no key): "
            '"auto" as the terminal can, "bell" or "off"'
        ),
    ] = "auto"
    prompt_keys: Annotated[PromptKeys, _is("the keys of the prompt: as in most boxes, emacs' or vi's")] = "default"
    linear: Annotated[bool, _is("line by line in place of the panes, for screen readers")] = False


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log in the state folder, oci-tui.log."""

    level: Annotated[
        LogLevel, _is('what goes into it: "error", "info" (never a prompt or code), "debug" (all of it), or nothing ("off")')
    ] = "info"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings; every field has a default that works."""

    engine: EngineSettings = EngineSettings()
    sampling: SamplingSettings = SamplingSettings()
    sandbox: SandboxSettings = SandboxSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    check: CheckSettings = CheckSettings()
    agent: AgentSettings = AgentSettings()
    approval: ApprovalSettings = ApprovalSettings()
    ui: UiSettings = UiSettings()
    log: LogSettings = LogSettings()


class Loaded(msgspec.Struct, frozen=True):
    """Settings and how they came about: `values` by section and key as they were given, `origin` where each came from.

    Keys of `origin` are "section.key"; a default has none. `file` is the person's settings file, there or not.
    """

    settings: Settings
    values: dict[str, dict[str, object]]
    origin: dict[str, str]
    file: Path


def load(flags: Mapping[str, object] | None = None, file: Path | None = None) -> Settings:
    """The settings in force. `flags` are "section.key" → value; None is skipped, a list is added to. Raises SettingsError."""
    return loaded(flags, file).settings


def loaded(flags: Mapping[str, object] | None = None, file: Path | None = None) -> Loaded:
    """As `load`, with where each value comes from."""
    file = file or own_file()
    values: dict[str, dict[str, object]] = {}
    origin: dict[str, str] = {}
    for section, content in _read(file).items():
        if not isinstance(content, dict):
            raise SettingsError(f"{file}: {section} must be a section: write [{section}] with keys below it")
        values[section] = dict(content)
        origin.update({f"{section}.{key}": str(file) for key in content})
    for key in keys():
        name = key.variable
        if name in os.environ:
            values.setdefault(key.section, {})[key.name] = key.from_text(os.environ[name])
            origin[key.id] = name
    _add(flags or {}, values, origin)
    return Loaded(checked(values, origin, str(file)), values, origin, file)


def of_flags(flags: Mapping[str, object]) -> Settings:
    """The defaults with these flags, whatever file and environment say. Raises SettingsError."""
    values: dict[str, dict[str, object]] = {}
    origin: dict[str, str] = {}
    _add(flags, values, origin)
    return checked(values, origin, "flags")


def _add(flags: Mapping[str, object], values: dict[str, dict[str, object]], origin: dict[str, str]) -> None:
    for flag, value in flags.items():
        if value is not None:
            section, _, name = flag.partition(".")
            given = values.setdefault(section, {})
            given[name] = (*_several(given.get(name)), *value) if isinstance(value, tuple) else value
            origin[flag] = {"engine.kind": "--engine", "sandbox.timeout_s": "--timeout", "check.command": "--check"}.get(
                flag, f"--{name.replace('_', '-')}"
            )


def own_file() -> Path:
    """The person's settings file, there or not."""
    return Path(os.environ.get("OCI_CONFIG") or config_folder() / "config.toml")


class Key(msgspec.Struct, frozen=True):
    """One key of the settings: what it is in words, its type, and what it is when nobody sets it.

    `choices` are the values there are, where they can be counted.
    """

    section: str
    name: str
    doc: str
    type: inspect.Type
    default: object
    choices: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable of it."""
        return f"OCI_{self.section}_{self.name}".upper()

    def from_text(self, text: str) -> object:
        """A value as a person or an environment variable writes it: lists and pairs are comma-separated; "" is no number."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if isinstance(self.type, inspect.VarTupleType):
            return parts
        if isinstance(self.type, inspect.DictType):
            return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}
        return None if isinstance(self.type, inspect.UnionType) and not text.strip() else text


@functools.cache
def keys() -> tuple[Key, ...]:
    """Every key, by section."""
    found = []
    for section in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(section.type):
            told = inspect.type_info(field.type)
            described = told if isinstance(told, inspect.Metadata) else inspect.Metadata(told)
            doc = str((described.extra_json_schema or {}).get("description", ""))
            default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            declared = get_args(field.type)[0] if get_args(field.type) else field.type
            choices = ("true", "false") if declared is bool else get_args(declared) if get_origin(declared) is Literal else ()
            found.append(Key(section.name, field.name, doc, described.type, default, choices))
    return tuple(found)


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
        raise SettingsError(f"{file}: cannot be read: {error}; {OPEN_IT}") from error


def _no_such(section: str, name: str) -> str:
    """That there is no such key, or section where none is given; and which one may be meant."""
    there = [key.name for key in keys() if key.section == section] or [field.name for field in msgspec.structs.fields(Settings)]
    near = difflib.get_close_matches(name, there, 1)
    elsewhere = [key.id for key in keys() if key.name == name]
    written = f"{section}.{name}" if section else f"[{name}]"
    meant = [f"{section}.{near[0]}" if section else f"[{near[0]}]"] if near else elsewhere
    said = f"do you mean {' or '.join(meant)}?" if meant else f"there are {', '.join(there)}"
    return f"{written}: no such {'key' if section else 'section'}; {said}"


def checked(values: Mapping[str, Mapping[str, object]], origin: Mapping[str, str], otherwise: str) -> Settings:
    """The settings that these values make. Raises SettingsError that names one that cannot be used, and where it came from:
    its `origin`, or `otherwise`.
    """
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        at = where.strip("`.").split("[", 1)[0]
        if unknown := _UNKNOWN.search(message):
            raise SettingsError(f"{otherwise}: {_no_such(at, unknown[1])}; {OPEN_IT}") from error
        choices = next((key.choices for key in keys() if key.id == at), ())
        if choices:
            message += f"; expected one of {', '.join(choices)}"
        raise SettingsError(f"{origin.get(at, otherwise)}: {at or 'settings'}: {message[0].lower()}{message[1:]}") from error
    if settings.engine.url and (why := _no_address(settings.engine.url)):
        raise SettingsError(f"{origin.get('engine.url', otherwise)}: engine.url: {why}; expected http://HOST:PORT/v1")
    context, longest = settings.engine.context, settings.engine.max_new_tokens
    if 0 < context < 512:
        raise SettingsError(
            f"{origin.get('engine.context', otherwise)}: engine.context: expected 0 or at least 512, got {context}"
        )
    if 0 < context <= longest:
        raise SettingsError(
            f"{origin.get('engine.max_new_tokens') or origin.get('engine.context') or otherwise}: engine.max_new_tokens: "
            f"expected less than engine.context ({context}), got {longest}"
        )
    return settings


def _no_address(url: str) -> str:
    """Why this is no address of a server, in a phrase; "" when it is one."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - asked for what it raises
    except ValueError as error:
        return f"{url!r} is no address: {error}"
    return "" if parts.scheme in ("http", "https") and parts.hostname else f"{url!r} is no address of a server"
