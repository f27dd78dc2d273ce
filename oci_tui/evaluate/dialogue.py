"""What the model reads from round to round, and the code in its replies: in the paper's words, or in the product's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from oci_tui.core import feedback
from oci_tui.core.beginning_anew import anew
from oci_tui.core.edits import Files, settle
from oci_tui.core.generation import Message, Sampling
from oci_tui.core.labels import PYTHON_TAGS
from oci_tui.core.ports import Exit
from oci_tui.core.reply import parse, placed
from oci_tui.evaluate import published

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

    def answer(self, reply: str, said: str) -> None:
        self.messages = (published.after(self.messages[-1], reply, said),)


class Product:
    """What the product says where there is no file yet (`Attempt.start_over`), and its own reading of replies."""

    def __init__(self, prompt: str, sanitize: Sanitize) -> None:
        self._prompt = _ASKED.format(prompt=prompt.strip())
        self.messages: tuple[Message, ...] = (Message("user", self._prompt),)
        self.resampled: Sampling | None = None
        self._sanitize = sanitize
        self._failures: tuple[str, ...] = ()
        self._begun_anew = 0

    def read(self, reply: str) -> str:
        found = placed(parse(reply), {}, self._prompt, first=True)
        done = settle(found.edits, Files((), _nothing, _nothing, {}), self._prompt)
        texts = [text for path, text in done.written.items() if path.endswith(".py")]
        blocks = [code.text for code in found.code if code.language in PYTHON_TAGS]
        return next(filter(None, map(self._sanitize, [*reversed(texts), "\n".join(blocks)])), "")

    def result(self, output: str) -> str:
        said = feedback.execution_result(output, Exit(1), expect_output=False).removeprefix(feedback.PREFIX)
        self._failures = tuple(dict.fromkeys([*self._failures, said]))
        self._begun_anew += 1
        self.resampled = anew(Sampling(), self._begun_anew)
        return feedback.begin_anew(self._failures)

    def answer(self, reply: str, said: str) -> None:  # noqa: ARG002
        self.messages = (Message("user", f"{self._prompt.rstrip()}\n\n{said}"),)


def _nothing(path: str) -> str:  # noqa: ARG001
    return ""
