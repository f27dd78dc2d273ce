"""What a reply says: its fenced blocks, read while it streams, and from them the edits to apply and the code to run.

A block is an edit when a path stands with it (in the fence line, on the line before, or as a comment on its first line),
code to run when it has a runnable tag and no path; everything else is prose and is never executed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

import msgspec

from oci_tui.core.formats import search_replace, symbols, whole_file
from oci_tui.core.formats.search_replace import Malformed, ReplaceText
from oci_tui.core.formats.whole_file import WriteFile

Edit = WriteFile | ReplaceText | Malformed

PYTHON_TAGS = frozenset({"python", "py", "python3"})
SHELL_TAGS = frozenset({"bash", "sh", "shell", "console"})
RUNNABLE_TAGS = PYTHON_TAGS | SHELL_TAGS

SUFFIXES = frozenset(
    """
    bash bat c cc cfg cjs clj cmake conf cpp cs css csv cxx dart diff dockerfile ejs el env erl ex exs f90 fs
    gitignore go gql gradle graphql groovy h hpp hs htm html http ini ipynb j2 java jinja jl js json jsonl jsx
    kt less lisp lock lua m make md mjs ml mod nim nix patch php pl pm po properties proto ps1 py pyi pyx r rb
    rs rst sass scala scss sh sql svelte svg swift tcss tex tf toml ts tsv tsx txt v vb vim vue xml yaml yml
    zig
    """.split()  # noqa: SIM905
)
_LONGEST_LABEL = 300

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$")
_PATH = re.compile(r"(?:[\w.@+-]+/)*(?:[\w.@+-]+\.\w+|Makefile|Dockerfile|\.\w+)")
_LABEL = re.compile(
    r"^(?:[#*>\-\s]|\d+[.)]\s)*(?:(?:file(?:name)?|path)\s*:\s*)?[*`\"']*([^\s*`\"':]+)[*`\"']*\s*:?[*\s]*$", re.IGNORECASE
)
_COMMENT = re.compile(r"^\s*(?:#|//|--|/\*|<!--)\s*(?:(?:file(?:name)?|path)\s*:\s*)?(\S+?)\s*(?:\*/|-->)?\s*$", re.IGNORECASE)
_IN_INFO = re.compile(r"(?:file(?:name)?|path|title)=[\"']?([^\"'\s]+)", re.IGNORECASE)


class Block:
    """A fenced block as it grows. `tag` is the fence's language in lower case, `path` "" where none stands with it."""

    def __init__(self, tag: str, path: str) -> None:
        self.tag = tag
        self.path = path
        self.lines: list[str] = []
        self.partial = ""
        self.closed = False

    @property
    def text(self) -> str:
        """What stands in the block so far; a closed block ends with a newline unless it is empty."""
        return "".join(f"{line}\n" for line in self.lines) + self.partial

    @property
    def runnable(self) -> bool:
        return not self.path and self.tag in RUNNABLE_TAGS


class Code(msgspec.Struct, frozen=True):
    """A program to run: `language` is the fence's tag."""

    language: str
    text: str


class Reply(msgspec.Struct, frozen=True):
    """A whole reply, understood."""

    text: str
    edits: tuple[Edit, ...] = ()
    code: tuple[Code, ...] = ()


class ReplyReader:
    """Reads a reply piece by piece; `blocks` holds what has been seen so far, the last one perhaps still open.

    A label that is one of `known` is a path, whatever it looks like.
    """

    def __init__(self, known: Container[str] = ()) -> None:
        self._known = known
        self.blocks: list[Block] = []
        self._pieces: list[str] = []
        self._line = ""
        self._label = ""
        self._fence = ""
        self._nested = 0

    @property
    def open(self) -> Block | None:
        """The block that is being written, if one is."""
        return self.blocks[-1] if self._fence else None

    def feed(self, piece: str) -> None:
        self._pieces.append(piece)
        *lines, self._line = (self._line + piece).split("\n")
        for line in lines:
            self._read(line.removesuffix("\r"))
        if block := self.open:
            block.partial = "" if _FENCE.match(self._line) else self._line

    def finish(self, *, cut_off: bool = False) -> Reply:
        """The reply as it stands. An unterminated last block counts, unless the reply was `cut_off` in the middle of it."""
        if self._line:
            self._read(self._line)
            self._line = ""
        for block in self.blocks[:-1] if cut_off and self.open else self.blocks:
            block.partial, block.closed = "", True
        edits: list[Edit] = []
        code: list[Code] = []
        for block in filter(lambda block: block.closed, self.blocks):
            if replacements := search_replace.parse(block.path, block.text):
                edits.extend(replacements)
            elif block.path and search_replace.begun(block.text):
                edits.append(Malformed(block.path))
            elif block.path:
                edits.append(whole_file.parse(block.path, block.text))
            elif block.runnable and block.text.strip():
                code.append(Code(block.tag, _without_prompts(block)))
        return Reply("".join(self._pieces), tuple(edits), tuple(code))

    def _read(self, line: str) -> None:
        fence = _FENCE.match(line)
        if not self._fence:
            if fence:
                self._open(fence)
            elif line.strip():
                self._label = line
        elif fence and self._closes(fence):
            self.blocks[-1].partial, self.blocks[-1].closed = "", True
            self._fence = self._label = ""
        else:
            self._append(line)

    def _open(self, fence: re.Match[str]) -> None:
        info = fence[2].strip()
        tag, path = _info(info)
        if not path and len(self._label) <= _LONGEST_LABEL and (label := _LABEL.match(self._label)):
            path = _beside(tag, label[1])
        if (bare := self._label.strip(" \t*`#:\"'")) and bare in self._known and tag not in SHELL_TAGS:
            path = bare
        self._fence, self._nested = fence[1], 0
        self.blocks.append(Block(tag, path))

    def _closes(self, fence: re.Match[str]) -> bool:
        same = fence[1][0] == self._fence[0] and len(fence[1]) >= len(self._fence)
        if same and fence[2].strip():
            self._nested += 1
        elif same and self._nested:
            self._nested -= 1
        else:
            return same
        return False

    def _append(self, line: str) -> None:
        block = self.blocks[-1]
        if not block.lines and not block.path and len(line) <= _LONGEST_LABEL:
            comment = _COMMENT.match(line)
            if comment and (path := _beside(block.tag, comment[1])):
                block.path = path
                return
        block.lines.append(line)
        block.partial = ""


def parse(text: str) -> Reply:
    """Read a whole reply at once."""
    reader = ReplyReader()
    reader.feed(text)
    return reader.finish()


def placed(reply: Reply, files: Mapping[str, str]) -> Reply:
    """`reply` with Python blocks that define again what one of `files` defines turned from code to run into edits."""
    edits: list[Edit] = list(reply.edits)
    code: list[Code] = []
    written = dict(files) | {edit.path: edit.text for edit in edits if isinstance(edit, WriteFile) and edit.path in files}
    for block in reply.code:
        meant = symbols.place(block.text, written) if block.language in PYTHON_TAGS else None
        if meant:
            written[meant.path] = meant.text
            edits.append(meant)
        else:
            code.append(block)
    return Reply(reply.text, tuple(edits), tuple(code))


def _info(info: str) -> tuple[str, str]:
    """Tag and path of a fence's info string: "python", "python src/a.py", "python:src/a.py", "src/a.py", "py title=a.py"."""
    if named := _IN_INFO.search(info):
        return info.split()[0].lower(), _as_path(named[1])
    words = info.replace(":", " ", 1).split()
    if not words:
        return "", ""
    if path := _as_path(words[0]):
        return "", path
    return words[0].lower(), _as_path(words[1]) if len(words) > 1 else ""


def _as_path(word: str) -> str:
    word = word.removeprefix("/workspace/").removeprefix("./")
    return word if _PATH.fullmatch(word) else ""


def _beside(tag: str, word: str) -> str:
    """A path that stands beside a block without saying that it is one; "" where it may be something else.

    A shell block is a file only when the name says so, and a word with a dot only with a suffix that files have.
    """
    path = _as_path(word)
    suffix = path.rpartition(".")[2].lower()
    if tag in SHELL_TAGS:
        return path if suffix in ("sh", "bash") else ""
    return path if "/" in path or "." not in path or path.startswith(".") or suffix in SUFFIXES else ""


def _without_prompts(block: Block) -> str:
    """Shell lines copied with their "$ " prompt lose it, and the output lines between them."""
    lines = block.lines
    if block.tag in SHELL_TAGS and lines and lines[0].startswith("$ "):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return "\n".join(lines) + "\n"
