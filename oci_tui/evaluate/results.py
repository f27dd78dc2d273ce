"""What a run leaves: its conditions, a record of every task, a summary; one JSON line each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import Message, Sampling, Usage
from oci_tui.evaluate import lines

ProtocolName = Literal["single", "oracle", "visible", "guided", "tasks"]
PromptName = Literal["published", "product"]


class Conditions(msgspec.Struct, frozen=True, tag="conditions", forbid_unknown_fields=True):
    """All that decides what comes out; a file is only gone on with under the same ones.

    `problems` is how many are tried (`limit` 0: all of the dataset), `level` the tests that decide whether one is solved,
    `model_sha256` that of the weights (for a server: of its address and the model's name). The guide's are "" without one.
    """

    dataset: str
    dataset_version: str
    dataset_sha256: str
    problems: int
    limit: int
    protocol: ProtocolName
    prompt: PromptName
    level: str
    rounds: int
    samples: int
    engine: str
    model: str
    model_sha256: str
    context: int
    max_new_tokens: int
    sampling: Sampling
    product: str
    guide_model: str = ""
    guide_sha256: str = ""
    guide_oracle: bool = False

    @property
    def paper_protocol(self) -> str:
        """The protocol by its published name."""
        return f"{self.protocol}-oracle" if self.guide_oracle else self.protocol

    def digest(self) -> str:
        """The same for the same conditions."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()

    def differences(self, other: Conditions) -> list[str]:
        """The fields that differ, in words."""
        fields = [field.name for field in msgspec.structs.fields(self)]
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in fields]
        return [f"{name.replace('_', ' ')} {ours} instead of {theirs}" for name, ours, theirs in pairs if ours != theirs]


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A round: what the model read, its reply, the code in it, how that came out, and what the model is told about it.

    `passed` has a verdict for each level of tests; `outputs` what the scorer said of "hidden" and "visible" ones that failed.
    `shown_passed` counts the visible tests that passed (-1: there was no code). `guide_messages` and `guide_usage` are those
    of the other engine, where it wrote the feedback.
    """

    messages: tuple[Message, ...]
    reply: str
    code: str
    passed: dict[str, bool] = {}
    outputs: dict[str, str] = {}
    feedback: str = ""
    usage: Usage = Usage()
    scoring_s: float = 0.0
    shown_passed: int = 0
    guide_messages: tuple[Message, ...] = ()
    guide_usage: Usage | None = None


class Record(msgspec.Struct, frozen=True, tag="task", omit_defaults=True):
    """A task, done: its rounds, which of them counts (`kept`, from 0), and whether that one passes, level by level.

    `sample` numbers the tries at the same problem from 0. `note` says in a phrase why the task ended early.
    """

    id: str
    problem: str
    sample: int
    attempts: tuple[Attempt, ...]
    kept: int
    passed: dict[str, bool]
    seconds: float = 0.0
    note: str = ""

    @property
    def first(self) -> dict[str, bool]:
        """How the first round came out."""
        return self.attempts[0].passed if self.attempts else {}


class Summary(msgspec.Struct, frozen=True, tag="summary"):
    """The last line of a finished run. Counts are of tasks, by level: at the first reply, after feedback."""

    tasks: int
    first: dict[str, int]
    passed: dict[str, int]
    prompt_tokens: int
    reply_tokens: int
    seconds: float


Line = Conditions | Record | Summary
_DECODER = msgspec.json.Decoder(Line)


class Results(msgspec.Struct, frozen=True):
    """A results file, read."""

    conditions: Conditions
    records: tuple[Record, ...]
    summary: Summary | None


def summary(records: Iterable[Record]) -> Summary:
    records = list(records)
    levels = sorted({level for record in records for level in record.passed})
    usages = [attempt.usage for record in records for attempt in record.attempts]
    return Summary(
        tasks=len(records),
        first={level: sum(record.first.get(level, False) for record in records) for level in levels},
        passed={level: sum(record.passed.get(level, False) for record in records) for level in levels},
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        reply_tokens=sum(usage.reply_tokens for usage in usages),
        seconds=round(sum(record.seconds for record in records), 3),
    )


def read(file: Path) -> Results:
    """Raises SettingsError when it is no results file."""
    if not file.is_file():
        raise SettingsError(f"{file}: no such results file; name one that `oci-tui evaluate` wrote")
    return parse(file, lines.read(file))


def parse(file: Path, content: list[bytes]) -> Results:
    """The lines of `file`, understood. Raises SettingsError."""
    found: list[Line] = []
    for number, line in enumerate(content, 1):
        try:
            found.append(_DECODER.decode(line))
        except msgspec.DecodeError as error:
            raise SettingsError(f"{file}, line {number}: no line of a results file ({error}); name another file") from error
    if not found or not isinstance(found[0], Conditions):
        raise SettingsError(f"{file}: it does not begin with the conditions of a run; name another file")
    records = {line.id: line for line in found if isinstance(line, Record)}
    ended = [line for line in found if isinstance(line, Summary)]
    return Results(found[0], tuple(records.values()), ended[-1] if ended else None)
