"""Which file a block is about: a path in its fence line, on the line before it, or in a comment on its first line."""

from __future__ import annotations

import re
from collections.abc import Container

PYTHON_TAGS = frozenset({"python", "py", "python3"})
SHELL_TAGS = frozenset({"bash", "sh", "shell", "console"})

SUFFIXES = frozenset(
    """
    bash bat c cc cfg cjs clj cmake conf cpp cs css csv cxx dart diff dockerfile ejs el env erl ex exs f90 fs
    gitignore go gql gradle graphql groovy h hpp hs htm html http ini ipynb j2 java jinja jl js json jsonl jsx
    kt less lisp lock lua m make md mjs ml mod nim nix patch php pl pm po properties proto ps1 py pyi pyx r rb
    rs rst sass scala scss sh sql svelte svg swift tcss tex tf toml ts tsv tsx txt v vb vim vue xml yaml yml
    zig
    """.split()  # noqa: SIM905
)
_LONGEST = 300
_NO_BRACKETS = str.maketrans("", "", "()[]")

_SLOT = r"\[{1,2}(?:\.\.\.)?[A-Za-z][\w=-]*\]{1,2}"
"""What a router fills in, as in app/[id]/page.tsx and [...slug].ts."""
_GROUP = r"\([\w.-]+\)(?=/)"
_FOLDER = rf"(?:{_SLOT}[\w.@+-]*|[\w.@+-]+)"
_PATH = re.compile(rf"/?(?:(?:{_FOLDER}|{_GROUP})/)*(?:(?:{_SLOT})?[\w.@+-]*(?<=[\w.@+\]-])\.\w+|Makefile|Dockerfile|\.\w+)")
_SAID = r"(?:(?:file\s*name|file|path|filepath)\s*:\s*)?"
_AFTER = r"(?:::[\w.]+)?"
_NOTE = r"(?:\s*\([\w\s,]{1,40}\))?"
_EMPHASIS = r"(?:\*++|(?P<under>__?)(?=[^_].*(?P=under)[\s:*]*$)|)"
"""Underscores at the beginning are a name's own, as in __init__.py, unless they stand at the end too."""
_LABEL = re.compile(
    rf"^(?:[#*>\-=\s]|\d+[.)]\s)*+{_EMPHASIS}{_SAID}[*`\"'\[<(]*(?P<path>(?:[^\s*`\"':\[\]<>()]|{_SLOT}|{_GROUP})+?){_AFTER}[*`\"'\])>]*{_NOTE}\s*:?[*_\s=\-`]*$",
    re.IGNORECASE,
)
_COMMENT = re.compile(rf"^\s*(?:#+|//+|--|/\*|<!--|;)\s*{_SAID}`?([^\s`]+?){_AFTER}`?{_NOTE}\s*(?:\*/|-->)?\s*$", re.IGNORECASE)
_EXAMPLE = "path/to/"
"""How the paths of the instructions' examples begin: one that comes back with a block says of no file that it is it."""
_NAMED = re.compile(r"(?:file(?:name|path)?|path|title)=[\"']?([^\"'\s}]+)", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:updated?|complete|entire|full|whole|new|modified|corrected|fixed|contents?|create|rewrit\w+|revised|final)\b",
    re.IGNORECASE,
)
_NEW = re.compile(r"\b(?:creat|sav|writ|add|mak)\w*\b[^.:]{0,40}\bfile\b|\bnew\s+file\b", re.IGNORECASE)
_IN = re.compile(
    r"\W*(?:(?:and|then|now|first|next|finally)\b\W*)*(?:in|inside)\s+(?:the\s+)?(?:new\s+)?(?:file\s+)?\S+\W*", re.IGNORECASE
)
_PART = re.compile(
    r"\b(?:add|append|insert|lines?|snippet|parts?|section|example|usage|use|using|run|test|like|before|after|in)\b",
    re.IGNORECASE,
)


def in_info(info: str) -> tuple[str, str]:
    """Tag and path of a fence's info string: "python", "python src/a.py", "python:src/a.py", "src/a.py", "py title=a.py"."""
    if named := _NAMED.search(info):
        return info.split()[0].lower().strip("{}"), as_path(named[1])
    words = [word for part in info.replace(":", " ", 1).split() if (word := _bare(part, "{}()[]#*,\"'")) and word != "//"]
    if not words:
        return "", ""
    if path := as_path(words[0]):
        return "", path
    return words[0].lower(), as_path(words[1]) if len(words) > 1 else ""


def before(line: str, tag: str, known: Container[str]) -> str:
    """The path that the line before a block is; a line that is one of `known` is a path, whatever it looks like."""
    if (bare := line.strip(" \t*`#:\"'")) and bare in known and tag not in SHELL_TAGS:
        return bare
    if len(line) > _LONGEST:
        return ""
    label = _LABEL.match(line)
    return _beside(tag, label["path"]) if label else _spoken_of(line, tag, known)


def in_comment(line: str, tag: str) -> str:
    """The path that a block's first line names in a comment, and nothing else."""
    comment = _COMMENT.match(line) if len(line) <= _LONGEST else None
    return _beside(tag, comment[1]) if comment else ""


def as_path(word: str) -> str:
    """`word` as a path relative to the workspace; "" when it looks like none."""
    word = word.replace("\\", "/").removeprefix("/workspace/").removeprefix("./")
    return word if _PATH.fullmatch(word) and not word.startswith(_EXAMPLE) else ""


def _bare(word: str, around: str) -> str:
    """A word without what stands around it; the brackets of a path stay."""
    path = word.strip(around.translate(_NO_BRACKETS))
    return path if as_path(path) else word.strip(around)


def _beside(tag: str, word: str) -> str:
    """A path that stands beside a block without saying that it is one; "" where it may be something else.

    A shell block is a file only when the name says so, and a word with a dot only with a suffix that files have.
    """
    path = as_path(word)
    suffix = path.rpartition(".")[2].lower()
    if tag in SHELL_TAGS:
        return path if suffix in ("sh", "bash") else ""
    return path if "/" in path or "." not in path or path.startswith(".") or suffix in SUFFIXES else ""


def _spoken_of(line: str, tag: str, known: Container[str]) -> str:
    """The one file that a sentence announces whole: a known one ("Here is the updated `app.toml`:"), a new one ("In `a.py`:").

    A known one not for what could be run: a sentence about a file may as well announce a program that uses it.
    """
    if tag in SHELL_TAGS or not line.rstrip(" *_").endswith(":"):
        return ""
    paths = {path for word in line.split() if (path := _beside("", _bare(word, "`*'\"():,")))}
    if len(paths) == 1 and not any(path in known for path in paths) and (_NEW.search(line) or _IN.fullmatch(line)):
        return paths.pop()
    paths = {path for path in paths if path in known and tag not in PYTHON_TAGS}
    words = " ".join(word for word in line.split() if not as_path(_bare(word, "`*'\"():,")))
    return paths.pop() if len(paths) == 1 and _WHOLE.search(words) and not _PART.search(words) else ""
