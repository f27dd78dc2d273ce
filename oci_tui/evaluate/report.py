"""The table of several runs: at the first reply, after feedback, how sure that is, and what was published for the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from oci_tui.evaluate.estimates import Interval, bootstrap, pass_at_k, wilson
from oci_tui.evaluate.published_rows import PublishedRow, published_rows
from oci_tui.evaluate.results import Conditions, Record, Results

KS = (1, 5, 10, 25, 50, 100)
_PAPER_ROUNDS = 2


class Row(msgspec.Struct, frozen=True):
    """One run, scored by one level of tests (`tests`, such as "humaneval+"). Shares are from 0 to 1.

    `first` and `passed` are the mean over problems, at the first reply and after feedback; `interval` is that of `passed`.
    Of the tries, `fixed` passed only after feedback and `broken` only at first. `pass_at` is pass@k by k. `by_round` has the
    share after each round, as if it had been the last one allowed.
    """

    tests: str
    version: str
    protocol: str
    prompt: str
    model: str
    problems: int
    tries: int
    first: float
    passed: float
    fixed: int
    broken: int
    interval: Interval
    pass_at: dict[int, float]
    by_round: tuple[float, ...]
    complete: bool

    @property
    def gain(self) -> float:
        return self.passed - self.first


class Report(msgspec.Struct, frozen=True):
    """Rows, what was published for the same tests and protocol, and what a reader has to know."""

    rows: tuple[Row, ...]
    published: dict[str, tuple[PublishedRow, ...]]
    notes: tuple[str, ...]


def report(runs: Sequence[tuple[str, Results]]) -> Report:
    """`runs` are results and the names of their files."""
    rows: list[Row] = []
    published: dict[str, tuple[PublishedRow, ...]] = {}
    notes: list[str] = []
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for name, found in runs:
        conditions = found.conditions
        versions[conditions.dataset].setdefault(conditions.dataset_sha256, _version(conditions))
        if not found.summary:
            notes.append(f"{name}: not finished, {len(found.records)} of {conditions.problems * conditions.samples} tasks")
        notes += [f"{name}: {said}" for said in _cut_short(found)]
        for level in _levels(found):
            row = _row(found, level)
            rows.append(row)
            same, why = _comparable(conditions, row)
            if same:
                published[f"{row.tests}, {conditions.paper_protocol}"] = tuple(same)
            if why:
                notes.append(f"{name}: {why}")
    for dataset, each in versions.items():
        if len(each) > 1:
            notes.append(f"{dataset}: {' and '.join(each.values())} do not compare with each other")
    return Report(tuple(rows), published, tuple(dict.fromkeys(notes)))


def _cut_short(found: Results) -> list[str]:
    """What kept the model from all that it could have done."""
    ended = [record.note for record in found.records if record.note]
    replies = [attempt.usage.end for record in found.records for attempt in record.attempts]
    length = replies.count("length")
    said = [f"{ended.count(note)} of {len(found.records)} tasks ended early: {note}" for note in dict.fromkeys(ended)]
    if length:
        said.append(f"{length} of {len(replies)} replies were cut off at {found.conditions.max_new_tokens} tokens")
    return said


def _levels(found: Results) -> list[str]:
    """Where hidden tests steer the run, those that did; else every level that was scored."""
    steered = found.conditions.protocol in ("oracle", "guided")
    return [found.conditions.level] if steered else sorted({level for record in found.records for level in record.passed})


def _row(found: Results, level: str) -> Row:
    conditions = found.conditions
    tries: dict[str, list[Record]] = defaultdict(list)
    for record in found.records:
        tries[record.problem].append(record)
    levels = ("base", "plus") if level == "plus" else (level,)
    first = {problem: [_holds(record.first, levels) for record in each] for problem, each in tries.items()}
    after = {problem: [_holds(record.passed, levels) for record in each] for problem, each in tries.items()}
    pairs = [pair for problem in tries for pair in zip(first[problem], after[problem], strict=True)]
    shares = [sum(each) / len(each) for each in after.values()]
    several = conditions.samples > 1
    return Row(
        tests=_tests(conditions, level),
        version=_version(conditions),
        protocol=_protocol(conditions),
        prompt=conditions.prompt,
        model=conditions.model,
        problems=len(tries),
        tries=len(pairs),
        first=_mean([sum(each) / len(each) for each in first.values()]),
        passed=_mean(shares),
        fixed=sum(after and not before for before, after in pairs),
        broken=sum(before and not after for before, after in pairs),
        interval=bootstrap(shares) if several else wilson(sum(after for _, after in pairs), len(pairs)),
        pass_at={
            k: _mean([pass_at_k(len(each), sum(each), k) for each in after.values()])
            for k in KS
            if after and k <= min(len(each) for each in after.values())
        },
        by_round=tuple(
            _mean([_holds(_after(record, allowed, conditions), levels) for record in found.records])
            for allowed in range(1, conditions.rounds + 1)
        ),
        complete=found.summary is not None,
    )


def _after(record: Record, allowed: int, conditions: Conditions) -> dict[str, bool]:
    """How the task would have come out with so many rounds."""
    attempts = record.attempts[:allowed]
    if len(attempts) == len(record.attempts):
        return record.passed
    if conditions.protocol == "visible":
        attempts = tuple(sorted(attempts, key=lambda attempt: attempt.shown_passed))
    return attempts[-1].passed


def _comparable(conditions: Conditions, row: Row) -> tuple[list[PublishedRow], str]:
    """The published rows that were measured in the same way, or why there are none."""
    rows = published_rows(conditions.paper_protocol, row.tests)
    if not rows:
        return [], ""
    if conditions.limit:
        return [], f"only {conditions.problems} problems were tried: published rows are for all of them"
    if conditions.sampling.temperature or conditions.prompt != "published" or conditions.rounds > _PAPER_ROUNDS:
        return [], "published rows are greedy, with the paper's prompt and one refinement: they do not compare"
    same = [each for each in rows if each.version == conditions.dataset_version]
    if not same:
        known = " and ".join(sorted({each.version for each in rows}))
        return [], f"published rows for {row.tests} are for {known}, not {conditions.dataset_version}: they do not compare"
    return same, ""


def _holds(passed: dict[str, bool], levels: tuple[str, ...]) -> bool:
    return bool(passed) and all(passed.get(level, False) for level in levels)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _tests(conditions: Conditions, level: str) -> str:
    """What a level of a dataset is called: "plus" of humaneval+ is humaneval+, "base" of it humaneval; a file says both."""
    dataset = conditions.dataset
    if level in ("base", "plus") and (dataset.endswith("+") or conditions.level == "base"):
        return dataset if level == "plus" else dataset.rstrip("+")
    return f"{dataset} {level}"


def _version(conditions: Conditions) -> str:
    return f"{conditions.dataset_version} {conditions.dataset_sha256[:8]}".strip()


def _protocol(conditions: Conditions) -> str:
    return f"{conditions.paper_protocol} ×{conditions.rounds}" if conditions.rounds > 1 else conditions.paper_protocol
