"""What a whole file leaves out of the one it would take the place of: most of it gone is likely a part that was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from oci_tui.core.ports import Parser

_TABLE = re.compile(r"^\[{1,2}([^\[\]\n]+)\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE)
_SHOWN = 5


def left_out(path: str, old: str, new: str, coming: Mapping[str, str], parser: Parser) -> str:
    """Why `new` is probably a part of the file: the names that would be gone, where they are half of the old ones or more.

    Those that another of the reply's files, `coming`, defines are only moved, and where no fewer are left some are renamed. ""
    where nothing is odd.
    """
    before, after = _names(path, old, parser), _names(path, new, parser)
    moved = {name for other, text in coming.items() if other != path for name in _names(other, text, parser)}
    gone = [name for name in before if name not in after and name not in moved]
    if not gone or len(gone) * 2 < len(before) or len(after) >= len(before):
        return ""
    named = ", ".join(gone[:_SHOWN]) + (f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else "")
    return (
        f"this leaves out {named}, which would be gone; write the whole file, or change a part of it with SEARCH/REPLACE. "
        "If that is to go, say the same once more"
    )


def _names(path: str, text: str, parser: Parser) -> list[str]:
    """What a file defines: functions, classes and methods, TOML's tables, JSON's first keys."""
    if path.endswith(".toml"):
        found = [name.strip() for name in _TABLE.findall(text)]
    elif path.endswith(".json"):
        found = _keys(text)
    else:
        definitions = parser.outline(path, text).definitions
        found = [one.full_name for one in definitions if not one.inside or one.owner]
    return list(dict.fromkeys(found))


def _keys(text: str) -> list[str]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(read) if isinstance(read, dict) else []
