"""Guidance in place of a person's: another engine reads the problem, the code and what came of it, and says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oci_tui.core.generation import Message, Sampling
from oci_tui.core.ports import Engine
from oci_tui.evaluate.replies import Replies, Said

SENTENCES = 3
_SYSTEM = Message("system", "You are a helpful assistant.")

_TASK = """\
A programmer has drafted code for a programming problem, and you guide them as another person would.
Read @@Problem, @@Existing Code and what running it gave, @@Execution Result{and_solution}. Find the errors and the edge cases \
that were overlooked, and suggest what to change in the idea, and why.
Do not write code.{no_leak}
Answer in no more than three sentences.

@@Problem
{problem}

@@Existing Code
{code}

@@Execution Result
{result}
{solution}
@@Guidance
"""
_AND_SOLUTION = ", and compare the code with @@Canonical Solution"
_NO_LEAK = (
    " You should NOT directly reveal the contents of @@Canonical Solution, and never mention terms such as "
    '"canonical solution".'
)


def messages(problem: str, code: str, result: str, solution: str = "") -> tuple[Message, ...]:
    """What the guide reads; with a `solution` it is told not to reveal it."""
    text = _TASK.format(
        problem=problem.strip(),
        code=code,
        result=result,
        solution=f"\n@@Canonical Solution\n{solution}\n" if solution else "",
        and_solution=_AND_SOLUTION if solution else "",
        no_leak=_NO_LEAK if solution else "",
    )
    return _SYSTEM, Message("user", text)


class Guide(msgspec.Struct, frozen=True):
    """The engine that guides, and the name of its model; `oracle`: it reads a right solution."""

    engine: Engine
    model: str
    oracle: bool
    max_new_tokens: int

    async def say(self, replies: Replies, asked: Sequence[Message]) -> Said:
        return await replies.reply(self.engine, self.model, asked, Sampling(), self.max_new_tokens)
