"""Blocks of one reply for one file: a later one that defines other names than those before it is added to them."""

from __future__ import annotations

from oci_tui.core.formats import definitions, symbols
from oci_tui.core.ports import Parser


def joined(path: str, text: str, code: str, parser: Parser) -> str | None:
    """`text` with `code` added; None where `code` defines again what `text` does, or says nothing of the kind."""
    if path.endswith((".py", ".pyi")):
        return symbols.joined(text, code)
    held, told = definitions.top(path, text, parser), definitions.top(path, code, parser)
    if not told or held.keys() & told.keys():
        return None
    said = {line.strip() for line in text.splitlines()}
    new = [line for line in code.splitlines() if not (line.strip() in said and definitions.AROUND.match(line) and line.strip())]
    return text.rstrip("\n") + "\n\n" + "\n".join(new).strip("\n") + "\n"
