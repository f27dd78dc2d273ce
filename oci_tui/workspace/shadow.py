"""The private bare repository that holds every state of the mirror; nothing of it is ever seen in the user's repository.

References: `refs/oci/<session>/base`, `/user/<n>` (the user's tree), `/round/<k>` (the mirror), `/accepted/<n>` (a commit of
what was written, its parent what was there before), `/state/<n>` (where a session can be resumed; see `workspace.history`).
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace import names
from oci_tui.workspace.pack import TREE, PackWriter
from oci_tui.workspace.safe_git import SafeGit
from oci_tui.workspace.tree import Entry, Tree, blob_id, folders

_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding !diff !merge !conflict-marker-size !whitespace\n"
_SETTINGS = (
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.looseCompression", "1"),
    ("pack.compression", "1"),
    ("core.logAllRefUpdates", "false"),
)
_IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "oci-tui"), ("EMAIL", "oci-tui@localhost"))
}
_NOWHERE = {f"GIT_{role}_DATE": "1000000000 +0000" for role in ("AUTHOR", "COMMITTER")}
_KEPT_DAYS = 30
_MOST_PACKS = 40
_LARGEST_SHOWN = "2m"
_FEW = 100
# Another session may throw away what nothing refers to for two weeks, so nothing is trusted to be stored for that long.
_TREES_KNOWN_S = 24 * 3600.0


class Note(NamedTuple):
    """A reference's name, its commit's first parent ("" for none), what is said of it, and when: seconds since 1970."""

    name: str
    parent: str
    said: str
    at: float


class BlobWriter:
    """Takes contents into the shadow; they can be read once the `Shadow.writing` block has ended."""

    def __init__(self, pack: PackWriter, stored: Callable[[], set[str]]) -> None:
        self._pack = pack
        self._stored = stored

    def add(self, data: bytes, blob: str = "") -> str:
        """Store one content and return its id, which the caller may know."""
        blob = blob or blob_id(data)
        self._pack.add(blob, data)
        if len(self._pack) == _FEW:
            self._pack.skip(self._stored())
        return blob


class Shadow:
    """The shadow repository in `folder`. Raises WorkspaceError. Reading is safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git = SafeGit(folder, shadow=True)
        self._reading = threading.Lock()
        self._reader = ExitStack()
        self._pipes: tuple[IO[bytes], IO[bytes]] | None = None
        self._sound: set[bytes] = set()
        self._trees: set[str] = set()
        self._forget_at = 0.0

    def make(self) -> None:
        """Create the repository where there is none; safe to call again."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        attributes = self.folder / "info" / "attributes"
        if attributes.exists():
            return
        self._git.run("init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(self.folder))
        for name, value in _SETTINGS:
            self._git.run("config", name, value)
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text(_ATTRIBUTES, encoding="ascii")

    @contextmanager
    def writing(self) -> Iterator[BlobWriter]:
        """Store any number of contents in one go."""
        with self._packing() as pack:
            yield BlobWriter(pack, self._stored)

    @contextmanager
    def _packing(self) -> Iterator[PackWriter]:
        """A pack that is stored: as git's loose objects when it holds few, else as it is."""
        with PackWriter(self.folder / "objects" / "pack") as pack:
            yield pack
            if not len(pack):
                return
            whole = pack.complete()
            if len(pack) > 2 * _FEW:
                pack.keep()
                return
            with self._git.pipe("unpack-objects", "-q", given=whole) as process:
                assert process.stdout
                process.stdout.read()

    def store(self, data: bytes) -> str:
        """Store one content and return its id."""
        return self._git.run("hash-object", "-w", "--stdin", given=data).out.decode("ascii").strip()

    def read(self, blob: str) -> bytes:
        """One content by its id."""
        with self._reading:
            if self._pipes is None:
                process = self._reader.enter_context(self._git.pipe("cat-file", "--batch"))
                assert process.stdin
                assert process.stdout
                self._pipes = process.stdin, process.stdout
            asked, answers = self._pipes
            try:
                asked.write(f"{blob}\n".encode("ascii"))
                asked.flush()
                return _answer(answers, blob)
            except BrokenPipeError as error:
                raise WorkspaceError(f"{self.folder}: git cat-file ended; start the session again") from error

    def read_all(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Many contents, in order, one at a time in memory."""
        wanted = list(blobs)
        with tempfile.TemporaryFile() as asked:
            asked.writelines(f"{blob}\n".encode("ascii") for blob in wanted)
            asked.seek(0)
            with self._git.pipe("cat-file", "--batch", "--buffer", given=asked) as process:
                assert process.stdout
                for blob in wanted:
                    yield _answer(process.stdout, blob)

    def _stored(self) -> set[str]:
        """The ids of all that is stored."""
        listing = ("--batch-all-objects", "--batch-check=%(objectname)", "--unordered")
        return set(self._git.run("cat-file", *listing).out.decode("ascii").split())

    def tree(self, tree: Tree) -> str:
        """Store a state of the files and return its tree's id. Its contents are there already."""
        for path in tree.keys() - self._sound:
            if why := names.refusal(path):
                raise WorkspaceError(f"{names.shown(path)} cannot be in the mirror: {why}")
        self._sound |= tree.keys()
        try:
            made = list(folders(tree))
        except ValueError as error:
            raise WorkspaceError(f"{names.shown(error.args[0])} is a file and a folder in the mirror") from error
        if time.monotonic() > self._forget_at:
            self._trees, self._forget_at = set(), time.monotonic() + _TREES_KNOWN_S
        if new := [(name, data) for name, data in made if name not in self._trees]:
            with self._packing() as pack:
                for name, data in new:
                    pack.add(name, data, TREE)
            self._trees.update(name for name, _ in new)
        return made[-1][0]

    def commit(self, tree: Tree | str, *parents: str, dated: bool = True, said: str = "") -> str:
        """A commit of a state of the files, or of the tree of this id, on `parents` ("" is none); `said` is a line about it."""
        stored = tree if isinstance(tree, str) else self.tree(tree)
        on = [part for parent in parents if parent for part in ("-p", parent)]
        extra = _IDENTITY | ({} if dated else _NOWHERE)
        # Commits are dated by the second; the order within one is told by the second line.
        message = f"{said or 'oci-tui'}\n\n{time.time_ns() if dated else 0}\n".encode("utf-8", "replace")
        written = self._git.run("commit-tree", *on, stored, given=message, extra=extra)
        return written.out.decode("ascii").strip()

    def parents(self, commit: str) -> list[str]:
        """The ids of the commits that this one is on."""
        return self._git.run("rev-parse", f"{commit}^@").out.decode("ascii").split()

    def point(self, ref: str, commit: str) -> None:
        """Let a reference name this commit; "" drops the reference."""
        if commit:
            self._git.run("update-ref", ref, commit)
        else:
            self._git.run("update-ref", "-d", ref)

    def refs(self, prefix: str) -> list[tuple[str, str]]:
        """The references below a prefix, oldest number first, and their commits."""
        lines = self._git.run("for-each-ref", "--format=%(refname) %(objectname)", prefix).out.decode("utf-8").splitlines()
        pairs = [(name, commit) for name, _, commit in (line.partition(" ") for line in lines)]
        return sorted(pairs, key=lambda pair: int(re.sub(r"\D", "", pair[0].rpartition("/")[2]) or 0))

    def notes(self, prefix: str) -> list[Note]:
        """What is said of the commits of the references below a prefix."""
        form = "%(refname)%00%(parent)%00%(subject)%00%(body)%01"
        out = self._git.run("for-each-ref", f"--format={form}", prefix).out.decode("utf-8", "replace")
        fields = (record.lstrip("\n").split("\0") for record in out.split("\1"))
        return [
            Note(name, parent.partition(" ")[0], said, int(stamp) / 1e9)
            for name, parent, said, stamp in (record for record in fields if len(record) == 4)
            if stamp.strip().isdigit()
        ]

    def entries(self, commit: str) -> Tree:
        """The state of the files that a commit or tree holds."""
        records = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit).out.split(b"\0")
        return dict(_entry(record) for record in records if record)

    def resolve(self, name: str) -> str:
        """The id of what git calls so: `COMMIT^` its parent, `COMMIT^{tree}` the state of the files that it holds."""
        return self._git.run("rev-parse", "--verify", name).out.decode("ascii").strip()

    def merge(self, base: Tree, ours: Tree, theirs: Tree) -> tuple[Tree, tuple[bytes, ...]]:
        """Three-way merge of two states made from `base`: the result, and the paths in conflict (then the result is void)."""
        root = self.commit(base, dated=False)
        sides = [self.commit(side, root, dated=False) for side in (ours, theirs)]
        form = ("--write-tree", "-z", "--name-only", "--no-messages")
        merged = self._git.run("-c", "merge.directoryRenames=false", "merge-tree", *form, *sides, expected=(0, 1))
        tree, *conflicts = merged.out.rstrip(b"\0").split(b"\0")
        if merged.code:
            return {}, tuple(dict.fromkeys(conflicts))
        return self.entries(tree.decode("ascii")), ()

    def patch(self, old: Tree, new: Tree) -> str:
        """What changed, for people: renames found, contents above 2 MiB not shown, other bytes than UTF-8 as `\\xNN`."""
        sides = [self.tree(side) for side in (old, new)]
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--full-index", "--src-prefix=a/", "--dst-prefix=b/")
        shown = ("-c", f"core.bigFileThreshold={_LARGEST_SHOWN}")
        out = self._git.run(*shown, "diff-tree", "-r", "-p", "-M", *plain, *sides).out
        return out.decode("utf-8", "backslashreplace")

    def exact_patch(self, old: Tree, new: Tree) -> bytes:
        """What changed, for `git apply`: binary contents whole, names quoted as git does, a rename as two files."""
        sides = [self.tree(side) for side in (old, new)]
        form = ("--binary", "--full-index", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
        return self._git.run("diff-tree", "-r", "-p", *form, "--no-ext-diff", "--no-textconv", "--no-color", *sides).out

    def prune(self) -> None:
        """Forget sessions older than 30 days and pack what is left. The caller holds the repository's lock."""
        form = "%(committerdate:unix) %(refname)"
        lines = self._git.run("for-each-ref", f"--format={form}", "refs/oci").out.decode("utf-8").splitlines()
        dated = [line.partition(" ") for line in lines]
        newest: dict[str, int] = {}
        for date, _, name in dated:
            session = "/".join(name.split("/")[:3])
            newest[session] = max(newest.get(session, 0), int(date))
        limit = max(newest.values(), default=0) - _KEPT_DAYS * 24 * 3600
        old = [name for _, _, name in dated if newest["/".join(name.split("/")[:3])] < limit]
        if old:
            self._git.run("update-ref", "--stdin", given="".join(f"delete {name}\n" for name in old).encode())
        if old or sum(1 for _ in (self.folder / "objects" / "pack").glob("*.pack")) > _MOST_PACKS:
            self._git.run("gc", "--quiet", "--prune=2.weeks.ago")

    def close(self) -> None:
        """End what reads. Safe to call twice."""
        with self._reading:
            self._pipes = None
            self._reader.close()


def _entry(record: bytes) -> tuple[bytes, Entry]:
    meta, _, path = record.partition(b"\t")
    mode, _, blob = meta.decode("ascii").split(" ")
    return path, Entry(mode, blob)


def _answer(pipe: IO[bytes], blob: str) -> bytes:
    header = pipe.readline().split()
    if len(header) != 3:
        raise WorkspaceError(f"content {blob} is missing from the mirror's store; start a new session")
    data = pipe.read(int(header[2]) + 1)
    return data[:-1]
