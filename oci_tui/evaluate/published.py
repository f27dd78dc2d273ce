"""The prompts of the OpenCodeInterpreter paper (arXiv 2402.14658), as published: everything is one user message."""

from __future__ import annotations

from oci_tui.core.feedback import PREFIX
from oci_tui.core.generation import Message

_FIRST_LINE = (
    "You are an exceptionally intelligent coding assistant that consistently delivers accurate and reliable responses to user "
    "instructions."
)
_FORMAT = """\
Please return all completed codes in one code block.\x20
This code block should be in the following format:
```python
# Your codes here
```

@@ Response"""

_COMPLETION = """\
{first_line}

@@ Instruction
Here is the given code to do completion:
```python
{prompt}
```
Please continue to complete the function with python programming language. \
You are not allowed to modify the given code and do the completion only.\x20

{form}"""

_PROBLEM = """\
{first_line}

@@ Instruction
Here is the given problem and test examples:
{prompt}

Please use the python programming language to solve this problem.
Please make sure that your code includes the functions from the test samples and that the input and output formats of these \
functions match the test samples.

{form}"""

_NEXT = "\n{reply}\n\n@@ Instruction\n{said}\n"
_NEXT_AGAIN = "\n\n@@ Response" + _NEXT


def first(prompt: str, *, completion: bool) -> Message:
    """The problem: code to go on with (HumanEval), or a description and tests (MBPP)."""
    form = _COMPLETION if completion else _PROBLEM
    return Message("user", form.format(first_line=_FIRST_LINE, prompt=prompt.strip() if completion else prompt, form=_FORMAT))


def after(before: Message, reply: str, said: str) -> Message:
    """The message of the next round: all of the one before, the reply, and what is said to it."""
    form = _NEXT if before.content.endswith("@@ Response") else _NEXT_AGAIN
    return Message("user", before.content + form.format(reply=reply, said=said))


def result(feedback: str) -> str:
    """What is said after a run."""
    return PREFIX + feedback
