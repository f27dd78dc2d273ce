"""A repository with a failing test, and replies that a scripted engine gives to a prompt to fix it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

MakeRepository = Callable[..., Path]

FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
}
FIXED = "def add(a, b):\n    return a + b\n"
WRONG = "Swap them.\n\ncalc.py\n```python\ndef add(a, b):\n    return b - a\n```\n"
RIGHT = f"Add them.\n\ncalc.py\n```python\n{FIXED}```\n"


def scripted(folder: Path, *replies: str) -> list[str]:
    """Flags for an engine that gives these replies."""
    file = folder / "replies.jsonl"
    file.write_text("".join(json.dumps({"reply": reply}) + "\n" for reply in replies))
    return ["--engine", "scripted", "--replies", str(file)]
