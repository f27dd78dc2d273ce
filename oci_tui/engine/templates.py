"""Messages → prompt, by the model's own chat template in a sandbox or by a built-in one.

A prompt is a tuple of texts that are tokenized one by one. It is cut inside every special token that a message itself
spells ("<|im_end|>" in a file or a program's output), so that only the template's own are tokens: nothing that a model
reads can end its turn.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from oci_tui.core.errors import ModelError
from oci_tui.core.generation import Message

if TYPE_CHECKING:
    from jinja2 import Environment

# A special token that only the models of one template have → that template. OpenCodeInterpreter's DS, CL, GM and SC2 models
# have those of DeepSeek-Coder, CodeLlama, Gemma and StarCoder2.
_MARKS = (
    ("<|im_start|>", "chatml"),
    ("<|EOT|>", "deepseek-coder"),
    ("<|start_header_id|>", "llama-3"),
    ("<start_of_turn>", "gemma"),
    ("<issue_start>", "starcoder2"),
    ("<s>", "codellama"),
)
_RENDER_SECONDS = 5.0
_RENDER_BYTES = 512 * 1024**2
_MAX_FACTOR = 2**40
# a cut, and what follows it where a message holds this very character
_CUT, _OWN = "\ue000", "\ue001"
_MARKER = "the reply ends here"
_PROBE = (Message("system", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d"))


class ChatTemplate:
    """One compiled template. `name` is "model's own" or a built-in's name, with the reason where it was a guess."""

    def __init__(self, source: str, name: str, *, bos: str = "", eos: str = "", special_tokens: Sequence[str] = ()) -> None:
        """Raises ModelError when the source is not a template."""
        from jinja2 import TemplateError

        self.name = name
        self._variables = {"bos_token": bos, "eos_token": eos, "add_generation_prompt": True}
        longest_first = sorted({_CUT, *(token for token in special_tokens if len(token) > 1)}, key=len, reverse=True)
        self._spelled = re.compile("|".join(map(re.escape, longest_first)))
        try:
            with _bounded():
                self._template = _environment().from_string(source)
        except (TemplateError, *_WENT_WRONG) as error:
            raise ModelError(_told(name, error)) from error

    def render(self, messages: Sequence[Message], begin_with: str = "") -> tuple[str, ...]:
        """The prompt, up to where the model's reply begins or goes on. Call it in the main thread. Raises ModelError.

        Where the template refuses or drops a system turn, or turns that do not alternate, they are folded together.
        """
        from jinja2 import TemplateError

        guarded = [Message(m.role, self._spelled.sub(_cut, m.content)) for m in messages]
        try:
            text = self._text(guarded)
            if any(m.role == "system" and m.content.strip() not in text for m in guarded):
                text = self._text(_folded(guarded))
        except TemplateError:
            try:
                text = self._text(_folded(guarded))
            except (TemplateError, *_WENT_WRONG) as error:
                raise ModelError(_told(self.name, error)) from error
        except _WENT_WRONG as error:
            raise ModelError(_told(self.name, error)) from error
        text += self._spelled.sub(_cut, begin_with)
        return tuple(part.replace(_CUT + _OWN, _CUT) for part in re.split(f"{_CUT}(?!{_OWN})", text) if part)

    def turn_end(self) -> str:
        """The special token that the template writes after a reply, which therefore ends one; "" when it writes none."""
        talk = (Message("user", "a"), Message("assistant", _MARKER), Message("user", "b"))
        after = "".join(self.render(talk)).partition(_MARKER)[2].lstrip()
        hit = self._spelled.match(after)
        return hit[0] if hit else ""

    def _text(self, messages: Sequence[Message]) -> str:
        with _bounded():
            return str(
                self._template.render(messages=[msgspec.to_builtins(message) for message in messages], **self._variables)
            )


def choose(own: str, *, bos: str = "", eos: str = "", special_tokens: Sequence[str] = (), name: str = "") -> ChatTemplate:
    """The template named, else the model's own if it works, else the built-in one that its special tokens call for."""
    why = ""
    if own and not name:
        try:
            template = ChatTemplate(own, "model's own", bos=bos, eos=eos, special_tokens=special_tokens)
            template.render(_PROBE)
        except ModelError as error:
            why = f" ({error})"
        else:
            return template
    called_for = name or next((built_in for mark, built_in in _MARKS if mark in special_tokens), "")
    if not called_for:
        called_for, why = "chatml", why or " (a guess: the model has no template and no special tokens that tell)"
    return ChatTemplate(built_in(called_for), called_for + why, bos=bos, eos=eos, special_tokens=special_tokens)


def built_in(name: str) -> str:
    """The source of a built-in template. Raises ModelError."""
    names = sorted(file.name.removesuffix(".jinja") for file in _folder().iterdir() if file.name.endswith(".jinja"))
    if name not in names:
        raise ModelError(f"chat template {name!r} is not known; choose one of {', '.join(names)}")
    return str((_folder() / f"{name}.jinja").read_text(encoding="utf-8"))


def _folder() -> Any:
    return files("oci_tui.engine") / "chat_templates"


def _cut(hit: re.Match[str]) -> str:
    return _CUT + _OWN if hit[0] == _CUT else hit[0][0] + _CUT + hit[0][1:]


def _folded(messages: Sequence[Message]) -> list[Message]:
    """The system turn at the head of the first user turn, and turns of one speaker in a row as one."""
    folded: list[Message] = []
    for message in messages:
        role = "user" if message.role == "system" else message.role
        if folded and folded[-1].role == role:
            folded[-1] = Message(role, f"{folded[-1].content}\n\n{message.content}")
        else:
            folded.append(Message(role, message.content))
    return folded


def _environment() -> Environment:
    from jinja2 import TemplateError
    from jinja2.exceptions import SecurityError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        """Refuses the two operators that can run for hours inside one step, where no timer reaches."""

        intercepted_binops = frozenset(["*", "**"])

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if any(isinstance(side, int) and abs(side) > _MAX_FACTOR for side in (left, right)):
                raise SecurityError(f"a number too large for {operator}")
            if operator == "**" and (not isinstance(right, int) or abs(right) > 64):
                raise SecurityError("an exponent too large")
            return super().call_binop(context, operator, left, right)

    def raise_exception(message: str) -> NoReturn:
        raise TemplateError(message)

    def tojson(value: object, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    environment = Bounded(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
    return environment


class _TooLongError(Exception):
    """The template ran longer than a template needs."""


# what a template's own expressions can raise beside jinja2's TemplateError
_WENT_WRONG = (
    _TooLongError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


def _told(name: str, error: BaseException) -> str:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    return f"chat template ({name}) cannot be used: {reason}; choose a model with another template"


@contextmanager
def _bounded() -> Iterator[None]:
    """Ends what runs inside after some seconds, or when it takes too much memory. Only the main thread can be bounded."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("templates are rendered in the main thread, where a timer can end them")

    def ring(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise _TooLongError(f"it ran longer than {_RENDER_SECONDS:.0f} s")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - not a file but a question
        used = int(statm.read().split()[0]) * resource.getpagesize()
    wanted = used + _RENDER_BYTES
    ceilings = [limit for limit in (soft, hard, wanted) if limit != resource.RLIM_INFINITY]
    before = signal.signal(signal.SIGALRM, ring)
    resource.setrlimit(resource.RLIMIT_AS, (min(ceilings), hard))
    signal.setitimer(signal.ITIMER_REAL, _RENDER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
