"""The message of a commit of accepted changes, made from the prompts that led to them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

SUBJECT, WIDTH = 72, 72


def generated(prompts: Sequence[str], paths: Sequence[str]) -> str:
    """The first prompt as the subject; what does not fit in a line, and the other prompts, as the body."""
    said = [" ".join(prompt.split()) for prompt in prompts if prompt.strip()]
    if not said:
        names = ", ".join(paths) if len(paths) <= 2 else f"{len(paths)} files"
        return textwrap.shorten(f"Change {names}", SUBJECT, placeholder=" …")
    first = said[0][0].upper() + said[0][1:]
    subject = textwrap.shorten(first.rstrip("."), SUBJECT, placeholder=" …")
    if len(said) == 1:
        body = [] if subject == first.rstrip(".") else textwrap.wrap(first, WIDTH)
    else:
        body = [line for text in said for line in textwrap.wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")]
    return "\n".join([subject, "", *body] if body else [subject])
