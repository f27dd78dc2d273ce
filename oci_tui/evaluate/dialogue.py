"""What the model reads from round to round, and the code in its replies: in the paper's words, or in the product's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from oci_tui.core import context, failure, feedback
from oci_tui.core.attempt import RESAMPLED
from oci_tui.core.edits import Files, settle
from oci_tui.core.generation import Message, Sampling
from oci_tui.core.labels import PYTHON_TAGS
from oci_tui.core.ports import Exit
from oci_tui.core.reply import parse, placed
from oci_tui.evaluate import published

FILE = "solution.py"
_ASKED = """\
Write a solution to the following problem: the complete function, imports included, in one python code block.

```python
{prompt}
```
"""

Sanitize = Callable[[str], str]


class Dialogue(Protocol):
    """One problem's conversation. `messages` is what the next reply is to; `resampled` how it is drawn if not as usual."""

    messages: tuple[Message, ...]
    resampled: Sampling | None

    def read(self, reply: str) -> str:
        """The code in a reply to `messages`; "" when there is none."""
        ...

    def result(self, output: str) -> str:
        """What is said of code whose tests failed with this output."""
        ...

    def take_back(self, passed: int, before: int, code: str) -> str:
        """Have the earlier `code` stand, with which `before` tests passed instead of `passed`; what is said of that."""
        ...

    def answer(self, reply: str, said: str) -> None:
        """Go on after the reply."""
        ...


class Published:
    """The paper's prompts; its sanitizer finds the code."""

    def __init__(self, prompt: str, sanitize: Sanitize, *, completion: bool) -> None:
        self.messages: tuple[Message, ...] = (published.first(prompt, completion=completion),)
        self.resampled: Sampling | None = None
        self._sanitize = sanitize

    def read(self, reply: str) -> str:
        return self._sanitize(reply)

    def result(self, output: str) -> str:
        return published.result(output)

    def take_back(self, passed: int, before: int, code: str) -> str:  # noqa: ARG002
        return ""

    def answer(self, reply: str, said: str) -> None:
        self.messages = (published.after(self.messages[-1], reply, said),)


class Product:
    """The product's system prompt and feedback, and its own reading of replies: files, edits, blocks."""

    def __init__(self, prompt: str, sanitize: Sanitize) -> None:
        self._prompt = _ASKED.format(prompt=prompt.strip())
        self.messages: tuple[Message, ...] = (context.PLAIN, Message("user", self._prompt))
        self.resampled: Sampling | None = None
        self._sanitize = sanitize
        self._files: dict[str, str] = {}
        self._error = self._objection = ""

    def read(self, reply: str) -> str:
        found = placed(parse(reply), self._files, self._prompt)
        done = settle(found.edits, Files(tuple(self._files), self._files.get, _writable, self._files), self._prompt)
        blocks = [code.text for code in found.code if code.language in PYTHON_TAGS]
        texts = [text for path, text in done.written.items() if path.endswith(".py")] or ["\n".join(blocks)]
        code = next(filter(None, map(self._sanitize, reversed(texts))), "")
        self._files.update(done.written)
        if code and not done.written:
            self._files[FILE] = "\n".join(blocks)
        refused = feedback.refused_edits(done.refused) if done.refused else ""
        self._objection = refused or ("" if code else feedback.NO_CODE)
        return code

    def result(self, output: str) -> str:
        if self._objection:
            return self._objection
        said = feedback.execution_result(output, Exit(1), expect_output=False)
        error, self._error = self._error, failure.signature(output)
        self.resampled = RESAMPLED if error == self._error else None
        return f"{said}\n\n{feedback.SAME_ERROR}" if self.resampled else said

    def take_back(self, passed: int, before: int, code: str) -> str:
        self._files = {FILE: code}
        return feedback.taken_back(max(passed, 0), before, [context.block(FILE, code)])

    def answer(self, reply: str, said: str) -> None:
        self.messages = (*self.messages, Message("assistant", reply), Message("user", said))


def _writable(path: str) -> str:  # noqa: ARG001
    return ""
