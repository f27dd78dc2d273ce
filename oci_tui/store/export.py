"""A session in other forms, without secrets: Markdown, one HTML file, JSON lines, and a record as Code-Feedback has them."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from oci_tui.core import dialogue, events
from oci_tui.core.events import Event
from oci_tui.core.generation import Message, encodable
from oci_tui.store.scrubbing import scrubbed
from oci_tui.store.story import Kind, Part, parts

Form = Literal["markdown", "html", "jsonl", "code-feedback"]

_STYLE = (
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 sans-serif;color:#222;background:#fff}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.6rem .8rem;background:#f4f4f1;border-radius:4px;font-size:14px}"
    ".prompt{background:#e8eefc;font-weight:bold}.output{background:#222;color:#eee}.line{color:#555;margin:.2rem 0}"
    "ins{text-decoration:none;color:#176a2b}del{text-decoration:none;color:#a3222a}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}.prompt{background:#26304a}"
    ".line{color:#aaa}ins{color:#7bc88c}del{color:#f08a8f}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Record(msgspec.Struct, frozen=True):
    """What Code-Feedback (arXiv 2402.14658) holds of one conversation: person and model alternate, the model ends it."""

    id: int
    messages: tuple[Message, ...]


def exported(happened: Iterable[Event], form: Form, name: str) -> str:
    """The session `name` in this form, "" where a form has nothing to say of it."""
    told = list(scrubbed(happened))
    match form:
        case "markdown":
            return encodable("".join(_markdown(part) for part in parts(told)))
        case "html":
            return encodable(_html(list(parts(told)), name))
        case "jsonl":
            return "".join(f"{events.encode(event).decode()}\n" for event in told)
        case "code-feedback":
            record = code_feedback(told, name)
            return f"{msgspec.json.encode(record).decode()}\n" if record else ""


def code_feedback(happened: Iterable[Event], name: str) -> Record | None:
    """The conversation as a record: what runs printed is said by the user, after "Execution result:". None without a reply."""
    messages = [Message(message.role, encodable(message.content)) for message in dialogue.said(happened)]
    if messages and messages[-1].role == "user":
        messages.pop()
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:6])
    return Record(number, tuple(messages)) if messages else None


def _markdown(part: Part) -> str:
    match part.kind:
        case "title":
            return f"# {_plain(part.text)}\n\n"
        case "round":
            return f"### {_plain(part.text)}\n\n"
        case "line":
            return f"{_plain(part.text)}\n\n"
        case "prompt":
            return f"## Prompt\n\n{_fenced(part.text, 'text')}"
        case "reply" | "output" | "diff":
            return _fenced(part.text, {"reply": "markdown", "output": "text", "diff": "diff"}[part.kind])


def _plain(text: str) -> str:
    """A line that Markdown reads as text."""
    inline = re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", text.strip())
    return re.sub(r"^([-+=]|\d+(?=[.)])[.)])", lambda found: f"{found[1][:-1]}\\{found[1][-1]}", inline)


def _fenced(text: str, tag: str) -> str:
    """A block that nothing in the text ends."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{tag}\n{text.rstrip()}\n{fence}\n\n"


def _html(story: list[Part], name: str) -> str:
    title = html.escape(next((part.text for part in story if part.kind == "title"), name))
    body = "\n".join(map(_element, story))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


_TAGS: dict[Kind, str] = {"title": "h1", "round": "h3", "line": "p"}


def _element(part: Part) -> str:
    text = html.escape(part.text.rstrip())
    if part.kind == "diff":
        text = "\n".join(_marked(text.split("\n")))
    tag = _TAGS.get(part.kind, "pre")
    return f'<{tag} class="{part.kind}">{text}</{tag}>'


def _marked(patch: Iterable[str]) -> Iterator[str]:
    """The lines of a patch, those that came and went marked; a file's `---` and `+++` are neither."""
    inside = False
    for line in patch:
        inside = (inside or line.startswith("@@ ")) and not line.startswith("diff --git ")
        tag = {"+": "ins", "-": "del"}.get(line[:1]) if inside else None
        yield f"<{tag}>{line}</{tag}>" if tag else line
