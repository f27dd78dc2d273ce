"""Datasets: read from files of the published form; what is missing, damaged or another is told in one line."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oci_tui.core.errors import DatasetError
from oci_tui.evaluate import releases
from oci_tui.evaluate.datasets import load
from oci_tui.evaluate.mbpp_inputs import restored
from oci_tui.evaluate.releases import Release
from oci_tui.resources import datasets_folder
from tests.evaluate.problems import ROWS

CONTENT = gzip.compress(json.dumps(ROWS[0]).encode())
RELEASE = Release(
    "humaneval", "v9", "Made.jsonl.gz", hashlib.sha256(CONTENT).hexdigest(), "owner/name", "c0ffee", "Made.jsonl.gz"
)


def written(folder: Path, *rows: dict[str, Any] | str, name: str = "own.jsonl") -> str:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / name)


def test_a_file_of_the_person_s_own(tmp_path: Path) -> None:
    dataset = load(written(tmp_path, *ROWS))
    assert (dataset.name, dataset.version, dataset.level) == ("own.jsonl", "", "plus")
    assert [problem.id for problem in dataset.problems] == ["Own/0", "Own/1"]
    assert dataset.problems[0].base_inputs == ([[1, 2, 3, 4]], [[]], [[7]])
    assert dataset.sha256 == hashlib.sha256((tmp_path / "own.jsonl").read_bytes()).hexdigest()


def test_a_file_with_a_test_in_the_place_of_inputs(tmp_path: Path) -> None:
    test = "def check(candidate):\n    assert candidate([2]) == [2]\n    assert True\n"
    row = {key: value for key, value in ROWS[0].items() if "input" not in key} | {"test": test}
    dataset = load(written(tmp_path, row))
    assert dataset.level == "base"
    assert dataset.problems[0].base_tests == ("assert evens([2]) == [2]",)


def test_the_assert_of_a_prompt_of_mbpp_is_visible(tmp_path: Path) -> None:
    prompt = '"""\nWrite a function.\nassert f((1, 2)) == 3\n"""\n'
    row = {"task_id": "Mbpp/2", "prompt": prompt, "entry_point": "f", "canonical_solution": "", "base_input": [[[1, 2]]]}
    (problem,) = load(written(tmp_path, row)).problems
    assert problem.visible_tests == ("assert f((1, 2)) == 3",)
    assert problem.base_inputs == ([(1, 2)],)


@pytest.mark.parametrize(
    ("number", "published", "taken"),
    [
        (2, [[[1], [2]]], [[(1,), (2,)]]),
        (63, [[[[1, 2]]]], [[[(1, 2)]]]),
        (75, [[[[1, 2]], 3]], [[[(1, 2)], 3]]),
        (106, [[[1], [2]]], [[[1], (2,)]]),
        (115, [[[[1, 1], [], {}]]], [[[{1}, {}, {}]]]),
        (124, [["1", "2j"]], [[1.0, 2j]]),
        (250, [[[1], 2]], [[(1,), 2]]),
        (252, [["1+2j"]], [[1 + 2j]]),
        (259, [[[[1]], [[2]]]], [[((1,),), ((2,),)]]),
        (278, [[[1, [2]]]], [[(1, (2,))]]),
        (307, [[[1], 2, 3]], [[(1,), 2, 3]]),
        (722, [[{"a": [1]}, 2]], [[{"a": (1,)}, 2]]),
        (791, [[[1, [2, [3]]]]], [[(1, (2, (3,)))]]),
        (3, [[[1]]], [[[1]]]),
    ],
)
def test_inputs_of_mbpp_are_what_its_functions_take(number: int, published: list[Any], taken: list[Any]) -> None:
    assert restored(number, published) == taken
    assert repr(restored(number, published)) == repr(taken)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([""], "holds no problem"),
        (["{"], "line 1: not JSON"),
        (["[" * 99999], "line 1: not JSON"),
        (["[]"], "line 1: expected an object, got list"),
        ([{}], "line 1: prompt is missing"),
        ([ROWS[0], {**ROWS[0], "entry_point": "a b"}], "line 2: entry_point: 'a b' is no name"),
        ([{**ROWS[0], "base_input": [1]}], "expected lists of argument lists"),
        ([{**ROWS[0], "base_input": 7}], "line 1: "),
        ([{**ROWS[0], "atol": "x"}], "line 1: could not convert"),
        ([{**ROWS[0], "base_input": []}], "base_input or a test of plain asserts is missing"),
        ([{**ROWS[0], "base_input": [], "test": "def check(c):\n  for n in c(1): pass"}], "expected plain asserts"),
        ([{**ROWS[0], "task_id": "Mbpp/2", "prompt": "x = ("}], "line 1: "),
        ([ROWS[0], ROWS[1], ROWS[0]], "line 3: task_id: 'Own/0' is there already"),
        ([{**ROWS[0], "base_input": [], "test": "assert evens(" + "-" * 9999 + "1)"}], "line 1: "),
        ([{**ROWS[0], "task_id": "Mbpp/252", "base_input": [["x\x1b[2J"]]}], "line 1: "),
    ],
)
def test_a_file_of_another_form_is_told_by_its_line(tmp_path: Path, rows: list[Any], told: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load(written(tmp_path, *rows))
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_is_no_dataset_and_no_version(tmp_path: Path) -> None:
    for name, version, told in [
        ("mbpp++", None, "'mbpp++' is no dataset: expected humaneval, humaneval+, mbpp, mbpp+ or a FILE.jsonl"),
        ("mbpp", "v7", "mbpp has no version 'v7' here: expected v0.1.0, v0.2.0"),
        (str(tmp_path / "none.jsonl"), None, "cannot be read (No such file or directory)"),
        ("humaneval", None, "HumanEvalPlus-v0.1.10.jsonl.gz: cannot be read (No such file or directory)"),
    ]:
        with pytest.raises(DatasetError) as caught:
            load(name, tmp_path, version)
        assert told in str(caught.value)


def test_a_published_file_that_is_another_or_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "MbppPlus-v0.2.0.jsonl.gz"
    file.write_bytes(CONTENT)
    with pytest.raises(DatasetError, match=r"not the published MbppPlus-v0.2.0.jsonl.gz .*: put the published file there"):
        load("mbpp", tmp_path)
    cut = tmp_path / "own.jsonl.gz"
    for data in (CONTENT[:-20], b"no gzip", CONTENT[:30] + b"xxxx" + CONTENT[34:]):
        cut.write_bytes(data)
        with pytest.raises(DatasetError, match="damaged or cut short"):
            load(str(cut))
    cut.write_bytes(gzip.compress(b"\xff\xfe"))
    with pytest.raises(DatasetError, match="not text in UTF-8"):
        load(str(cut))


def test_a_folder_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / RELEASE.file).write_bytes(CONTENT)
    monkeypatch.setenv("OCI_DATA", str(tmp_path))
    assert releases.found(RELEASE, None) == (tmp_path / RELEASE.file, CONTENT)


@contextmanager
def serving(content: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A web server that answers with this; its address, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_published_file_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with serving(CONTENT) as (address, asked):
        release = msgspec.structs.replace(RELEASE, host=address)
        for _ in range(2):
            assert releases.found(release, None) == (datasets_folder() / RELEASE.file, CONTENT)
        assert asked == ["/owner/name/c0ffee/Made.jsonl.gz"]
        (datasets_folder() / RELEASE.file).write_bytes(b"rotten")
        with pytest.raises(DatasetError, match="remove it, and it is fetched again"):
            releases.found(release, None)


@pytest.mark.parametrize(("content", "status", "told"), [(b"x", 200, "another file than the published"), (b"", 404, "404")])
def test_what_cannot_be_fetched_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int, told: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with serving(content, status) as (address, _), pytest.raises(DatasetError) as caught:
        releases.found(msgspec.structs.replace(RELEASE, host=address), None)
    assert told in str(caught.value)
    assert "--data or OCI_DATA" in str(caught.value)
    assert not list(datasets_folder().iterdir())
    with pytest.raises(DatasetError, match="cannot be fetched from"):
        releases.found(msgspec.structs.replace(RELEASE, host=address), None)
