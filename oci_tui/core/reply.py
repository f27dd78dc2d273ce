"""What a reply says: its fenced blocks, read while it streams, and from them the edits to apply and the code to run.

A block is an edit when a path stands with it, when it is a diff, or when it holds SEARCH/REPLACE parts; it is code to run when
it has a runnable tag and no path, or is a tool call written out as JSON. Everything else is prose and is never executed, and
so is what a reasoning model thinks.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

import msgspec

from oci_tui.core import guards, labels, shell_text, syntax
from oci_tui.core.formats import beginnings, definitions, search_replace, symbols, tool_call, unified_diff, whole_file
from oci_tui.core.formats.line_ends import plain
from oci_tui.core.formats.search_replace import Malformed, ReplaceText
from oci_tui.core.formats.tool_call import Call
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.labels import PYTHON_TAGS, SHELL_TAGS
from oci_tui.core.outline import Unread
from oci_tui.core.ports import Parser
from oci_tui.core.tested import is_only_shown

Edit = WriteFile | ReplaceText | Malformed

RUNNABLE_TAGS = PYTHON_TAGS | SHELL_TAGS
_TELLING_LINES = 4
_PROSE_TAGS = frozenset({"markdown", "md", "rst", "text", "txt", ""})

_FENCE = re.compile(r"( {0,12}|\t{1,3})(`{3,}|~{3,})[ \t]*([^`]*)$")
_GLUED_OPENING = re.compile(rf"(?!\s*>)([^`]*[^`\s])[ \t]*(`{{3,}})({'|'.join(RUNNABLE_TAGS)})\s*", re.IGNORECASE)
_GLUED_CLOSING = re.compile(r"([^`]*[^`\s])(`{3,})\s*")
_STRINGS = re.compile(r"#[^\n]*|(\"{3}|'{3})|\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'", re.DOTALL)
_ENDS = {quotes: re.compile(rf"(?:\\.|(?!{quotes})[^\\])*+{quotes}", re.DOTALL) for quotes in ('"""', "'''")}


class Block:
    """A fenced block as it grows. `tag` is the fence's language in lower case, `path` "" where none stands with it.

    `by_comment`: the path stands inside, in a comment; `glued`: its fence ends a line of words.
    """

    def __init__(self, tag: str, path: str, indent: int = 0, runs: Container[str] = RUNNABLE_TAGS) -> None:
        self._runs = runs
        self.tag = tag
        self.path = path
        self.indent = indent
        self.lines: list[str] = []
        self.partial = ""
        self.closed = False
        self.by_comment = self.glued = False
        self._quotes, self._read = "", 0

    @property
    def text(self) -> str:
        """What stands in the block so far; a closed block ends with a newline unless it is empty."""
        return "".join(f"{line}\n" for line in self.lines) + self.partial

    @property
    def runnable(self) -> bool:
        return not self.path and self.tag in self._runs

    @property
    def python(self) -> bool:
        return self.path.endswith(".py") if self.path else self.tag in PYTHON_TAGS

    @property
    def in_string(self) -> bool:
        """Whether its lines, as Python, end inside a string of three quotes; each of them is read once."""
        text, at = "".join(f"{line}\n" for line in self.lines[self._read :]), 0
        self._read = len(self.lines)
        while True:
            if self._quotes:
                if not (end := _ENDS[self._quotes].match(text, at)):
                    return True
                at, self._quotes = end.end(), ""
            if not (begin := _STRINGS.search(text, at)):
                return False
            at, self._quotes = begin.end(), begin[1] or ""

    def dedented(self, line: str) -> str:
        """A line of the block without the indentation that its fence has."""
        return line[min(self.indent, len(line) - len(line.lstrip(" \t"))) :]


class Code(msgspec.Struct, frozen=True):
    """A program to run: `language` is the fence's tag."""

    language: str
    text: str


class Reply(msgspec.Struct, frozen=True):
    """A whole reply, understood. `loose` are blocks that are neither edits nor run, and say of no file that they are it."""

    text: str
    edits: tuple[Edit, ...] = ()
    code: tuple[Code, ...] = ()
    loose: tuple[Code, ...] = ()


class ReplyReader:
    """Reads a reply piece by piece; `blocks` holds what has been seen so far, the last one perhaps still open.

    It `repeats` when it says a block again: a weak model goes on like that until it is cut off. A label that is one of `known`
    is a path, whatever it looks like; `runs` are the tags of what can be run.
    """

    def __init__(self, known: Container[str] = (), runs: Container[str] = RUNNABLE_TAGS) -> None:
        self._known, self._runs = known, runs
        self.blocks: list[Block] = []
        self.repeats = False
        self._pieces: list[str] = []
        self._line = ""
        self._label = ""
        self._fence = ""
        self._glued: tuple[str, str] | None = None
        self._nested = self._blank = 0
        self._said: set[str] = set()
        self._thinking = False

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
            block.partial = "" if _FENCE.match(self._line) else block.dedented(self._line)

    def finish(self, *, cut_off: bool = False) -> Reply:
        """The reply as it stands. An unterminated last block counts, unless the reply was `cut_off` in the middle of it, or it
        holds commands and begins at the end of a sentence.
        """
        if self._line:
            self._read(self._line.removesuffix("\r"))
            self._line = ""
        left_out = (last := self.open) and (cut_off or (last.glued and last.tag in SHELL_TAGS))
        for block in self.blocks[:-1] if left_out else self.blocks:
            block.partial, block.closed = "", True
        said = [(block, item) for block in self.blocks if block.closed for item in _understood(block)]
        edits = tuple(item for _, item in said if not isinstance(item, Code))
        code = tuple(item for _, item in said if isinstance(item, Code) and item.language in self._runs)
        meant = {id(block) for block, _ in said}
        loose = tuple(Code(block.tag, block.text) for block in self.blocks if block.closed and id(block) not in meant)
        return Reply("".join(self._pieces), edits, code, loose)

    def _read(self, line: str) -> None:
        if self._glued:
            self._read_after(*self._glued, line)
        elif self._fence:
            self._read_inside(line)
        elif self._thinking or line.lstrip().startswith("<think>"):
            self._thinking = "</think>" not in line
        elif line.rstrip().endswith("</think>"):
            self.blocks.clear()
            self._said.clear()
        elif fence := _FENCE.match(line):
            self._open(fence[2], fence[3], len(fence[1]))
        elif (begun := tool_call.begun(line)) is not None:
            self._open(tool_call.OPENING, tool_call.TAG, 0)
            if begun:
                self._read_inside(begun)
        elif search_replace.begins(line):
            self._open(search_replace.OPENING, "", 0)
            self._append(line)
        elif glued := _GLUED_OPENING.fullmatch(line):
            self._label, self._glued, self._blank = glued[1], (glued[2], glued[3]), 0
        elif line.strip():
            self._label = line

    def _read_after(self, fence: str, tag: str, line: str) -> None:
        """A line after a sentence that ends with a fence: it says whether that opens a block or is part of the sentence."""
        if not line.strip():
            self._blank += 1
            return
        self._glued, opening = None, _FENCE.match(line)
        if opening[3].strip() if opening else not _plausible(tag, line):
            self._read(line)
            return
        self._open(fence, tag, 0)
        self.blocks[-1].glued = True
        for following in ("",) * self._blank + (line,):
            self._read_inside(following)

    def _read_inside(self, line: str) -> None:
        block, fence = self.blocks[-1], _FENCE.match(line)
        if self._fence == tool_call.OPENING and line.rstrip().endswith(tool_call.CLOSING):
            self._append(line.rstrip().removesuffix(tool_call.CLOSING))
            self._close()
        elif self._fence == search_replace.OPENING and search_replace.ends(line):
            self._append(line)
            self._close()
        elif fence and self._closes(fence):
            self._close()
        elif fence and self._forgotten(block, fence):
            self._label = _taken_label(block)
            self._fence = ""
            self._end(block)
            self._open(fence[2], fence[3], len(fence[1]))
        elif (glued := _GLUED_CLOSING.fullmatch(line)) and glued[2] == self._fence and block.tag not in _PROSE_TAGS:
            self._append(glued[1])
            self._close()
        else:
            self._append(line)

    def _open(self, fence: str, info: str, indent: int) -> None:
        tag, path = labels.in_info(info.strip())
        path = path or labels.before(self._label, tag, self._known)
        self._fence, self._nested = fence, 0
        self.blocks.append(Block(tag, path, indent, self._runs))

    def _close(self) -> None:
        self.repeats = self._end(self.blocks[-1])
        self._fence = self._label = ""

    def _end(self, block: Block) -> bool:
        """Close it; whether a block of several lines was the same before."""
        block.partial, block.closed = "", True
        text, before = "\n".join(block.lines), len(self._said)
        self._said.add(text)
        return len(block.lines) >= _TELLING_LINES and len(self._said) == before

    def _closes(self, fence: re.Match[str]) -> bool:
        """Whether a fence inside a block ends it: not when it opens one of its own, and not inside a string of Python."""
        block = self.blocks[-1]
        same = fence[2][0] == self._fence[0] and len(fence[2]) >= len(self._fence) and len(fence[1]) <= block.indent + 3
        if not same or (block.python and block.in_string):
            return False
        if fence[3].strip():
            self._nested += not block.python
            return False
        self._nested -= 1
        return self._nested < 0

    def _forgotten(self, block: Block, fence: re.Match[str]) -> bool:
        """Whether a fence that opens a block shows that the end of this one was forgotten: no line of Python looks like it."""
        return block.python and bool(fence[3].strip()) and fence[2][0] == self._fence[0] and not block.in_string

    def _append(self, line: str) -> None:
        if self._next_file(line):
            return
        block = self.blocks[-1]
        if not block.lines and not block.path and (path := labels.in_comment(line, block.tag)):
            block.path, block.by_comment = path, True
            return
        block.lines.append(block.dedented(line))
        block.partial = ""

    def _next_file(self, line: str) -> bool:
        """Whether a comment that is the path of a known file, after a blank line, begins another file in the same block."""
        block = self.blocks[-1]
        if not block.by_comment or not block.lines or block.lines[-1].strip() or line[:1].isspace():
            return False
        path = labels.in_comment(line, block.tag)
        if not path or path == block.path or path not in self._known or (block.python and block.in_string):
            return False
        _drop_blank_end(block.lines)
        self._end(block)
        self.blocks.append(Block(block.tag, path, block.indent, self._runs))
        self.blocks[-1].by_comment = True
        return True


def parse(text: str) -> Reply:
    """Read a whole reply at once."""
    reader = ReplyReader()
    reader.feed(text)
    return reader.finish()


_UNREAD = Unread()


def placed(reply: Reply, files: Mapping[str, str], prompt: str = "", parser: Parser = _UNREAD, *, first: bool = False) -> Reply:
    """`reply` with what names no file given to the one of `files` that it can only mean.

    Blocks that define again what one file defines, or begin as one does, turn into edits; lines to find go to the one file
    that holds them. Where there is no file yet, `first`, what only defines things is one.
    """
    edits = [_homed(edit, files) for edit in reply.edits]
    code: list[Code] = []
    shown: list[Edit] = []
    written = {path: plain(text) for path, text in files.items()}
    written |= {edit.path: edit.text for edit in edits if isinstance(edit, WriteFile) and edit.path in files}
    for block in (*reply.code, *reply.loose):
        python = {path: text for path, text in written.items() if path.endswith(".py")}
        is_python = block.language in PYTHON_TAGS
        meant = (
            symbols.place(block.text, python, prompt)
            if is_python
            else definitions.place(block.language, block.text, written, parser)
        )
        if first and is_python and not meant and not edits:
            meant = symbols.first_file(block.text, prompt)
        if not meant and (begun := beginnings.place(block.text, written)):
            # Python with other names comes beside those that are there
            both = symbols.joined(written[begun.path], begun.text, prompt) if begun.path in python else None
            meant = WriteFile(begun.path, both or begun.text)
        if meant and guards.lost_tests(meant.path, written.get(meant.path), meant.text, prompt):
            shown.append(meant)
        elif meant:
            written[meant.path] = meant.text
            edits.append(meant)
        elif block in reply.code and not is_only_shown(block.language, block.text):
            code.append(block)
    # tests that stand beside an edit explain it; alone they are the edit, and it is refused by name
    return Reply(reply.text, tuple(edits or shown), tuple(code))


def _homed(edit: Edit, files: Mapping[str, str]) -> Edit:
    if not isinstance(edit, ReplaceText) or edit.path:
        return edit
    homes = [path for path, text in files.items() if search_replace.occurs(text, edit.search)]
    return ReplaceText(homes[0], edit.search, edit.replace) if len(homes) == 1 else edit


def _understood(block: Block) -> Iterator[Edit | Code]:
    """What a closed block asks for; nothing when it is prose."""
    text = block.text
    if search_replace.begun(text):
        yield from search_replace.parse(block.path, text) or [Malformed(block.path, search_replace.UNFINISHED)]
    elif unified_diff.is_diff(block.tag, block.path, text):
        yield from unified_diff.parse(block.path, text)
    elif block.path:
        yield whole_file.parse(block.path, text)
    elif calls := tool_call.parse(block.tag, text):
        for call in calls:
            yield Code(call.language, call.text) if isinstance(call, Call) else call
    elif block.runnable and block.tag in SHELL_TAGS:
        if text.strip() and not shell_text.is_output(block.lines):
            yield Code(block.tag, "".join(f"{line}\n" for line in shell_text.commands(block.lines)))
    elif block.runnable and text.strip():
        yield Code(block.tag, text)


def _taken_label(block: Block) -> str:
    """The line that names the next block, which a block whose end was forgotten has taken in; blank lines around it go too."""
    _drop_blank_end(block.lines)
    if not block.lines or not labels.before(block.lines[-1], "", ()):
        return ""
    label = block.lines.pop()
    _drop_blank_end(block.lines)
    return label


def _drop_blank_end(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        lines.pop()


def _plausible(tag: str, line: str) -> bool:
    """Whether a line may be the first one of a block."""
    if tag in SHELL_TAGS:
        return not shell_text.is_prose(line)
    return search_replace.begins(line) or syntax.begins(line)
