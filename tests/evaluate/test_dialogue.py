"""What the model reads, word for word, and the code that is found in what it says."""

from __future__ import annotations

from msgspec.structs import replace

from oci_tui.core.beginning_anew import RESAMPLED
from oci_tui.core.generation import Message
from oci_tui.evaluate.dialogue import Dialogue, Product, Published
from oci_tui.evaluate.guide import messages

PROMPT = 'def add(a, b):\n    """ Add.\n    >>> add(1, 2)\n    3\n    """\n'
MBPP = '"""\nWrite a function to add.\nassert add(1, 2) == 3\n"""\n'
REPLY = "Here:\n```python\ndef add(a, b):\n    return a - b\n```"
BETTER = "Sorry:\n```python\ndef add(a, b):\n    return a + b\n```"

COMPLETION = '''\
You are an exceptionally intelligent coding assistant that consistently delivers accurate and reliable responses to user instructions.

@@ Instruction
Here is the given code to do completion:
```python
def add(a, b):
    """ Add.
    >>> add(1, 2)
    3
    """
```
Please continue to complete the function with python programming language. You are not allowed to modify the given code and do the completion only.\x20

Please return all completed codes in one code block.\x20
This code block should be in the following format:
```python
# Your codes here
```

@@ Response'''  # noqa: E501

PROBLEM = '''\
You are an exceptionally intelligent coding assistant that consistently delivers accurate and reliable responses to user instructions.

@@ Instruction
Here is the given problem and test examples:
"""
Write a function to add.
assert add(1, 2) == 3
"""


Please use the python programming language to solve this problem.
Please make sure that your code includes the functions from the test samples and that the input and output formats of these functions match the test samples.

Please return all completed codes in one code block.\x20
This code block should be in the following format:
```python
# Your codes here
```

@@ Response'''  # noqa: E501

SECOND = f"""\
{COMPLETION}
{REPLY}

@@ Instruction
Execution result:\x20
The results aren't as expected.
Input: [1, 2]
Expected Output: 3
Actual Output: -1
"""
THIRD = f"""\
{SECOND}

@@ Response
{BETTER}

@@ Instruction
Execution result:\x20
Execution timed out.
"""
OUTPUT = "The results aren't as expected.\nInput: [1, 2]\nExpected Output: 3\nActual Output: -1"


def as_is(text: str) -> str:
    return text


def says(dialogue: Dialogue, reply: str, output: str) -> None:
    dialogue.answer(reply, dialogue.result(output))


def test_the_published_prompts() -> None:
    assert Published(PROMPT, as_is, completion=True).messages == (Message("user", COMPLETION),)
    assert Published(MBPP, as_is, completion=False).messages == (Message("user", PROBLEM),)


def test_the_published_rounds_are_packed_into_one_message() -> None:
    dialogue = Published(PROMPT, as_is, completion=True)
    says(dialogue, REPLY, OUTPUT)
    assert dialogue.messages == (Message("user", SECOND),)
    says(dialogue, BETTER, "Execution timed out.")
    assert dialogue.messages == (Message("user", THIRD),)


def test_the_product_asks_plainly_and_begins_anew_after_a_failure() -> None:
    dialogue = Product(PROMPT, as_is)
    asked = (
        "Write a solution to the following problem: the complete function, imports included, in one python code block.\n\n"
        f"```python\n{PROMPT}```\n"
    )
    assert dialogue.messages == (Message("user", asked),)
    assert dialogue.read(REPLY) == "def add(a, b):\n    return a - b\n"
    says(dialogue, REPLY, OUTPUT)
    again = f"{asked}\nEarlier attempts at this failed. Your function must not do this:\n\n{OUTPUT}\n"
    assert dialogue.messages == (Message("user", again),)
    assert dialogue.resampled == RESAMPLED
    says(dialogue, REPLY, OUTPUT)
    assert dialogue.messages == (Message("user", again),)
    assert dialogue.resampled == replace(RESAMPLED, seed=1)
    says(dialogue, BETTER, "Execution timed out.")
    assert dialogue.messages == (Message("user", f"{again}\nExecution timed out.\n"),)


def test_the_product_reads_files_and_blocks() -> None:
    dialogue = Product(PROMPT, as_is)
    assert dialogue.read(f"add.py\n{REPLY[6:]}\n") == "def add(a, b):\n    return a - b\n"
    assert dialogue.read("```python\nprint(1)\n```\n") == "print(1)\n"
    assert dialogue.read("add.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n") == ""
    assert dialogue.read("Let me think.") == ""


GUIDED = f"""\
A programmer has drafted code for a programming problem, and you guide them as another person would.
Read @@Problem, @@Existing Code and what running it gave, @@Execution Result. Find the errors and the edge cases that were \
overlooked, and suggest what to change in the idea, and why.
Do not write code.
Answer in no more than three sentences.

@@Problem
{PROMPT.strip()}

@@Existing Code
def add(a, b): ...

@@Execution Result
{OUTPUT}

@@Guidance
"""


def test_the_guide_reads_the_solution_only_where_it_may() -> None:
    asked = messages(PROMPT, "def add(a, b): ...", OUTPUT)
    assert asked == (Message("system", "You are a helpful assistant."), Message("user", GUIDED))
    _, knowing = messages(PROMPT, "def add(a, b): ...", OUTPUT, "    return a + b")
    assert knowing.content == (
        GUIDED.replace("@@Execution Result. Find", "@@Execution Result, and compare the code with @@Canonical Solution. Find")
        .replace(
            "Do not write code.",
            "Do not write code. You should NOT directly reveal the contents of @@Canonical Solution, and never mention terms "
            'such as "canonical solution".',
        )
        .replace("@@Guidance", "@@Canonical Solution\n    return a + b\n\n@@Guidance")
    )
