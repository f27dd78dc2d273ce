"""The code of a reply as commands, and which of them are run where a check decides what comes of its edits.

That is what changes files; the rest is left to the check. Weak models end most edits with a way to run the program, or with an
example of its use: it may wait for input, serve for ever or fail by itself, and says nothing that the check does not.
"""

from __future__ import annotations

import re

from oci_tui.core.approval import CHECK_DECIDES, CommandRefused
from oci_tui.core.labels import PYTHON_TAGS, SHELL_TAGS
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Command
from oci_tui.core.reply import Code

_ASIDE = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|(?<!\S)#[^\n]*", re.DOTALL)
_CHANGES = re.compile(
    r"""
      (?:^|[;&|({\n]|\b(?:do|then|else|git|-exec|xargs(?:[ \t]+-\S+)*)[ \t])[ \t]*
      (?:chmod|cp|ln|mkdir|mv|patch|rm|rmdir|tee|touch|truncate|unlink)(?=[ \t\\]|$)
    | \b(?:sed|perl)[ \t](?:[^\n;|&]*[ \t])?(?:-\w*i|--in-place)
    | \bfind[ \t][^\n;|&]*-delete\b
    | (?<![-=<>&\d])>{1,2}[ \t]*(?![>&(]|/dev/)[^\s]
    """,
    re.VERBOSE,
)


def as_command(code: Code, policy: Policy) -> Command:
    """A block as it is run."""
    stateful = policy.stateful and code.language in PYTHON_TAGS
    return Command(code.language, (), code.language, code.text, policy.timeout_s, stateful)


def changes_files(code: Code) -> bool:
    """Whether it is a shell script that removes, moves or writes files by its own commands."""
    return code.language in SHELL_TAGS and bool(_CHANGES.search(_ASIDE.sub('""', code.text)))


def left_to_check(code: Code) -> CommandRefused:
    """What the person is told of code that is not run; of a long one its first line."""
    first, _, more = code.text.strip().partition("\n")
    return CommandRefused(Command(code.language, language=code.language, code=first + " …" * bool(more)), CHECK_DECIDES)
