"""The datasets: HumanEval+ and MBPP+ in the versions that results are published for, or a file of the same form."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from oci_tui.core.errors import DatasetError
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import checks, releases
from oci_tui.evaluate.mbpp_inputs import Arguments, restored
from oci_tui.evaluate.releases import DEFAULT_VERSIONS

Family = Literal["humaneval", "mbpp"]
Level = Literal["base", "plus", "visible"]
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, SyntaxError, RecursionError, MemoryError)
_NUMBER = re.compile(r"[\w-]+/(\d+)")


class Problem(msgspec.Struct, frozen=True):
    """One problem. `canonical` is the whole reference program; inputs are argument lists.

    `visible_tests` are the assert statements that the prompt shows (empty: it shows none that a machine can read);
    `base_tests` are those of a file that has no inputs, in the place of `base_inputs`. `atol` is the tolerance for floats.
    """

    id: str
    family: Family
    prompt: str
    entry_point: str
    canonical: str
    visible_tests: tuple[str, ...] = ()
    base_inputs: tuple[Arguments, ...] = ()
    plus_inputs: tuple[Arguments, ...] = ()
    base_tests: tuple[str, ...] = ()
    atol: float = 0.0


class Dataset(msgspec.Struct, frozen=True):
    """The problems of a file. `level` is the tests that count: those of HumanEval or MBPP ("base"), or EvalPlus's too."""

    name: str
    version: str
    sha256: str
    level: Level
    problems: tuple[Problem, ...]


def load(name: str, folder: Path | None = None, version: str | None = None) -> Dataset:
    """`name` is humaneval, humaneval+, mbpp, mbpp+ or a .jsonl(.gz) file; `version` "" or None the newest.

    The published file is looked for in `folder`, else in OCI_DATA, else among those fetched, else fetched. Raises
    DatasetError.
    """
    if name.endswith((".jsonl", ".jsonl.gz")):
        path = Path(name)
        data = releases.read(path)
        rows = _rows(data, path, packed=name.endswith(".gz"))
        level: Level = "plus" if any(row.get("plus_input") for row in rows) else "base"
        return _dataset(path.name, "", data, level, rows, path, {})
    family = name.removesuffix("+")
    if family not in DEFAULT_VERSIONS:
        known = ", ".join(each for kind in DEFAULT_VERSIONS for each in (kind, kind + "+"))
        raise DatasetError(f"{visible_line(name)[:80]!r} is no dataset: expected {known} or a FILE.jsonl")
    release = releases.named(family, version or DEFAULT_VERSIONS[family])
    path, data = releases.found(release, folder)
    examples = _examples(folder) if family == "humaneval" else {}
    level = "plus" if name.endswith("+") else "base"
    return _dataset(name, release.version, data, level, _rows(data, path, packed=True), path, examples)


def _dataset(
    name: str, version: str, data: bytes, level: Level, rows: list[dict[str, Any]], path: Path, examples: Mapping[str, str]
) -> Dataset:
    problems: dict[str, Problem] = {}
    for number, row in enumerate(rows, 1):
        try:
            problem = _problem(row, examples)
        except _UNREADABLE as error:
            what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else visible_line(str(error))[:200]
            raise DatasetError(f"{path}: line {number}: {what}; expected a problem as EvalPlus writes it") from error
        if problem.id in problems:
            raise DatasetError(f"{path}: line {number}: task_id: {visible_line(problem.id)[:40]!r} is there already")
        problems[problem.id] = problem
    if not problems:
        raise DatasetError(f"{path}: holds no problem; expected one as EvalPlus writes it on each line")
    return Dataset(name, version, hashlib.sha256(data).hexdigest(), level, tuple(problems.values()))


def _rows(data: bytes, path: Path, *, packed: bool) -> list[dict[str, Any]]:
    try:
        text = (gzip.decompress(data) if packed else data).decode("utf-8")
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: damaged or cut short ({error}); fetch it again") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not text in UTF-8; expected a problem as JSON on each line") from error
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DatasetError(f"{path}: line {number}: not JSON ({visible_line(str(error))[:100]})") from error
            if not isinstance(row, dict):
                raise DatasetError(f"{path}: line {number}: expected an object, got {type(row).__name__}")
            rows.append(row)
    return rows


def _problem(row: Mapping[str, Any], examples: Mapping[str, str]) -> Problem:
    prompt, entry_point = str(row["prompt"]), str(row["entry_point"])
    if not entry_point.isidentifier():
        raise ValueError(f"entry_point: {entry_point[:40]!r} is no name")
    identity = str(row["task_id"])
    found = _NUMBER.fullmatch(identity)
    number = int(found[1]) if found else -1
    family: Family = "mbpp" if identity.startswith("Mbpp/") else "humaneval"
    base, plus = (list(row.get(key) or []) for key in ("base_input", "plus_input"))
    if not all(isinstance(each, list) for each in (*base, *plus)):
        raise ValueError("base_input and plus_input: expected lists of argument lists")
    if family == "mbpp":
        base, plus = restored(number, base), restored(number, plus)
    base_tests = () if base else checks.asserts(str(row.get("test", "")), entry_point, every=True)
    if not base and not base_tests:
        raise ValueError("base_input or a test of plain asserts is missing")
    shown = _assert_of(prompt) if family == "mbpp" else examples.get(identity, "")
    return Problem(
        id=identity,
        family=family,
        prompt=prompt,
        entry_point=entry_point,
        canonical=prompt + str(row.get("canonical_solution", "")),
        visible_tests=checks.asserts(shown, entry_point),
        base_inputs=tuple(base),
        plus_inputs=tuple(plus),
        base_tests=base_tests,
        atol=float(row.get("atol", 0)),
    )


def _assert_of(prompt: str) -> str:
    """The one assert in an MBPP prompt, which is a docstring."""
    text = ast.get_docstring(ast.parse(prompt)) or ""
    return text[text.find("assert ") :] if "assert " in text else ""


def _examples(folder: Path | None) -> dict[str, str]:
    """Problem → the examples of its docstring as asserts."""
    path, data = releases.found(releases.EXAMPLES, folder)
    rows = _rows(data, path, packed=False)
    return {row["task_id"].replace("Python/", "HumanEval/"): row.get("example_test") or "" for row in rows}
