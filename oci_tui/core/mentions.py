"""What a prompt names: files and folders, and with @ also symbols, the pending change and the last output."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from oci_tui.core.terminal import visible_line

_LONGEST = 1024
_MOST = 1_000_000
"""So many characters behind @ are read for what they may name; runs that lie over one another do not take all day."""
_RUN = rf"\S(?:[^\s@]|(?<=[\w/.-])@){{0,{_LONGEST - 1}}}"
_AT = re.compile(rf"(?<![\w@.])@(?:\"(?P<quoted>[^\"\n]+)\"|(?P<run>{_RUN}))")
_AHEAD = re.compile(r"^(?:[ \t]*@.*\n)+((?=[ \t]*(?:async def|def|class)\b))?", re.M)
_DECORATOR = re.compile(r"^[ \t]*@[\w.]+(?:\(.*\))?[ \t]*$", re.M)
"""In code that was pasted, among lines that stand ahead of a definition."""
_OTHER = re.compile(r"[^\s,;:!?…()<>{}\"'`*]*[^\s,;:!?…()<>{}\"'`*.@\[\]/]/?")
_WORD = re.compile(r"[\w./+-]+")
_ENDS = re.compile(r"(?::\d+)*(?:$|[^\w/+~.:-]|[.:](?!\w))")
"""What may stand behind a file's name without a blank: the number of a line, punctuation, but nothing of a longer name."""
_PUNCTUATION = ".,;:!?…()<>\"'`*"


class Mentions(msgspec.Struct, frozen=True):
    """What was found: paths of the workspace, names that may be symbols, whether diff and output are wanted.

    `unknown` is what stands after an @ and can be none of these.
    """

    paths: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    diff: bool = False
    output: bool = False
    unknown: tuple[str, ...] = ()


def written(path: str) -> str:
    """How a prompt mentions this path and nothing else; "" for one that holds what no prompt should."""
    if visible_line(path) != path or '"' in path or len(path) > _LONGEST:
        return ""
    return f"@{path}" if re.fullmatch(_RUN, path) else f'@"{path}"'


def find(prompt: str, paths: Sequence[str]) -> Mentions:
    """Files that the prompt names by @path, by path or by file name, folders by @folder/, and what else it mentions with @.

    A path with blanks is mentioned as @"my file.py".
    """
    names = _Names(paths)
    wanted: set[str] = set()
    others: dict[str, None] = {}
    prompt, rest, at, read = _AHEAD.sub(_undecorated, prompt), "", 0, 0
    while read < _MOST and (mention := _AT.search(prompt, at)):
        read += len(mention[0])
        rest += prompt[at : mention.start()] + " "
        name, files = names.meant(mention["run"]) if mention["run"] else (mention["quoted"], names.of(mention["quoted"]))
        wanted.update(files)
        others |= dict.fromkeys([name] if name and not files else ())
        at = mention.end() if mention["quoted"] else mention.start("run") + len(name)
    wanted.update(names.said(rest + prompt[at:]))
    special = others.keys() & {"diff", "output"}
    symbols = {name for name in others.keys() - special if name.replace(".", "_").isidentifier()}
    return Mentions(
        tuple(path for path in paths if path in wanted),
        tuple(sorted(symbols)),
        "diff" in special,
        "output" in special,
        tuple(name for name in others if name not in special and name not in symbols),
    )


def _undecorated(lines: re.Match[str]) -> str:
    return lines[0] if lines[1] is None else _DECORATOR.sub("", lines[0])


class _Names:
    """What paths can be called in a prompt."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = frozenset(paths)
        self._bases: dict[str, list[str]] = {}
        self._folders: set[str] = set()
        self._inside: dict[str, list[str]] = {}
        for path in paths:
            folder, _, base = path.rpartition("/")
            self._bases.setdefault(base, []).append(path)
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

    def of(self, name: str) -> Sequence[str]:
        """The file of this path; where there is none what is in the folder of it, else the files of this name."""
        if name in self._paths:
            return (name,)
        if (folder := name.rstrip("/")) in self._folders:
            if folder not in self._inside:
                self._inside[folder] = [path for path in self._paths if path.startswith(f"{folder}/")]
            return self._inside[folder]
        return self._bases.get(name, ())

    def meant(self, run: str) -> tuple[str, Sequence[str]]:
        """The beginning of `run` that is mentioned, and the files of it; where it is of none what a symbol's name could be.

        The longest one is meant. A folder has nothing but punctuation behind it: the path of a file that is not there names
        the file, and no folder on the way to it.
        """
        start, least = 2 * run.startswith("./"), len(run.rstrip(f"{_PUNCTUATION}[]"))
        for end in range(len(run), start, -1):
            name = run[start:end]
            is_file = name in self._paths or name in self._bases
            if (end >= least or (is_file and _ENDS.match(run, end))) and (files := self.of(name)):
                return run[:end], files
        other = _OTHER.match(run)
        name = other[0] if other else ""
        return name if "/" in name else name.partition("[")[0], ()

    def said(self, text: str) -> Sequence[str]:
        """The files that a text without mentions speaks of."""
        words = {word.strip(_PUNCTUATION) for word in text.split()} | set(_WORD.findall(text))
        words |= {word.rstrip(".,;:").removeprefix("./") for word in words}
        return [path for word in words for path in self._bases.get(word, [word] * (word in self._paths))]
