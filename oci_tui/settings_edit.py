"""Settings changed while the app runs: tried, taken back, and written to the person's own file only when asked to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import tomlkit
from msgspec import inspect
from tomlkit.exceptions import TOMLKitError

from oci_tui.core.errors import SettingsError
from oci_tui.settings import Key, Loaded, Settings, checked, keys

HERE = "changed here, not saved"
Effect = Literal["at once", "with the next prompt", "when a model is loaded next", "in the next session"]
_AT_ONCE = {"ui.theme", "ui.keys", "ui.notify"}
_NEXT_PROMPT = {
    "engine.max_new_tokens",
    "engine.alternatives",
    "sandbox.timeout_s",
    "sandbox.python",
    "workspace.commit",
    "check.command",
    "agent.rounds",
    "agent.candidates",
    "agent.containers",
}


def effect(key: Key) -> Effect:
    """From when on a changed value counts."""
    if key.id in _AT_ONCE:
        return "at once"
    if key.id in _NEXT_PROMPT or key.section == "sampling":
        return "with the next prompt"
    return "when a model is loaded next" if key.section == "engine" else "in the next session"


def form(key: Key) -> str:
    """What a value looks like: "a whole number, at least 1"."""
    return " or ".join(key.choices) if key.choices else _form(key.type)


def shown(value: object) -> str:
    """A value as a person writes it."""
    if isinstance(value, tuple | list):
        return ", ".join(map(shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} = {each}" for name, each in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return {True: "true", False: "false", None: ""}.get(value, str(value)) if isinstance(value, bool | None) else str(value)


class EditedSettings:
    """The settings in force: as they were loaded, with what was changed since."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._changed: dict[str, object] = {}
        self.now = loaded.settings

    @property
    def file(self) -> Path:
        """The person's settings file, there or not."""
        return self._loaded.file

    @property
    def unsaved(self) -> int:
        """How many keys were changed since they were loaded or saved."""
        return len(self._changed)

    def value(self, key: Key) -> object:
        return getattr(getattr(self.now, key.section), key.name)

    def origin(self, key: Key) -> str:
        """Where the value comes from, in a few words."""
        if key.id in self._changed:
            return HERE
        source = self._loaded.origin.get(key.id, "")
        kind = "a flag" if source.startswith("--") else "the environment" if source == key.variable else "your settings file"
        return f"{source}, {kind}" if source else "default"

    def tried(self, changes: Mapping[str, object]) -> Settings:
        """The settings as they would be with these values: texts as a person writes them, or values. Raises SettingsError."""
        return checked(self._values({**self._changed, **_given(changes)}), {}, "not taken")

    def change(self, changes: Mapping[str, object]) -> None:
        """Take these values. Raises SettingsError and changes nothing when they cannot be used."""
        self.now = self.tried(changes)
        self._changed.update(_given(changes))
        for key in keys():
            if key.id in changes and self.value(key) == _at(self._loaded.settings, key):
                del self._changed[key.id]

    def take_back(self, key: Key) -> None:
        """As it was when it was loaded or saved last."""
        self.change({key.id: _at(self._loaded.settings, key)})

    def save(self) -> list[str]:
        """Write what was changed into the file, comments and all else of it kept; the keys that something else still overrides.

        Raises SettingsError, with the file as it was.
        """
        changed = [key for key in keys() if key.id in self._changed]
        text = _text(self.file)
        try:
            document = tomlkit.parse(text)
            for key in changed:
                _put(document, key, self.value(key))
            _replace(self.file, tomlkit.dumps(document))
        except TOMLKitError as error:
            raise SettingsError(f"{self.file}: cannot be read: {error}; mend it, then save again") from error
        except OSError as error:
            raise SettingsError(f"{self.file}: cannot be written ({error.strerror}); nothing was saved") from error
        sources = {key.id: self._loaded.origin.get(key.id, "") for key in changed}
        overridden = [f"{source} still comes before {name}" for name, source in sources.items() if _wins(source, self.file)]
        origin = {**self._loaded.origin, **{key.id: str(self.file) for key in changed if not _wins(sources[key.id], self.file)}}
        self._loaded = Loaded(self.now, self._values(self._changed), origin, self.file)
        self._changed.clear()
        return overridden

    def _values(self, changed: dict[str, object]) -> dict[str, dict[str, object]]:
        values = {section: dict(content) for section, content in self._loaded.values.items()}
        for full_name, value in changed.items():
            section, _, name = full_name.partition(".")
            values.setdefault(section, {})[name] = value
        return values


def _given(changes: Mapping[str, object]) -> dict[str, object]:
    known = {key.id: key for key in keys()}
    return {name: known[name].from_text(value) if isinstance(value, str) else value for name, value in changes.items()}


def _at(settings: Settings, key: Key) -> object:
    return getattr(getattr(settings, key.section), key.name)


def _wins(source: str, file: Path) -> bool:
    return bool(source) and source != str(file)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}; nothing was saved") from error


def _put(document: tomlkit.TOMLDocument, key: Key, value: object) -> None:
    """A value that is the default is taken out of the file."""
    section = document.get(key.section)
    if value == key.default:
        if section is not None:
            section.pop(key.name, None)
        return
    if section is None:
        section = document.setdefault(key.section, tomlkit.table())
    given = msgspec.to_builtins(value)
    if isinstance(given, dict):
        table = tomlkit.inline_table()
        table.update(given)
        given = table
    section[key.name] = list(given) if isinstance(given, tuple) else given


def _replace(file: Path, text: str) -> None:
    """All or nothing; a link to the file stays one."""
    target = file.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _form(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _form(kind.type)
    if isinstance(kind, inspect.UnionType):
        return f"{_form(kind.types[0])}, or nothing"
    if isinstance(kind, inspect.VarTupleType):
        return f"{'numbers' if not isinstance(kind.item_type, inspect.StrType) else 'texts'}, separated by commas"
    if isinstance(kind, inspect.DictType):
        return "name = value pairs, separated by commas"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        bounds = [f"at least {kind.ge:g}"] if kind.ge is not None else []
        bounds += [f"above {kind.gt:g}"] if kind.gt is not None else []
        bounds += [f"at most {kind.le:g}"] if kind.le is not None else []
        return ", ".join([noun, *bounds])
    return "text"
