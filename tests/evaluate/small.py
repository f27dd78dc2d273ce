"""A small dataset, and a model that answers it: right at once, after feedback, never, or only what the visible test wants."""

from __future__ import annotations

import json
from pathlib import Path

_RIGHT = {
    "double": "def double(x):\n    return 2 * x\n",
    "largest": "def largest(xs):\n    return max(xs)\n",
    "backwards": "def backwards(text):\n    return text[::-1]\n",
    "shorter": "def shorter(a, b):\n    return min(a, b, key=len)\n",
    "square": "def square(x):\n    return x * x\n",
}
_WRONG = {
    "largest": "def largest(xs):\n    return min(xs)\n",
    "backwards": "def backwards(text):\n    return text\n",
    "shorter": "def shorter(a, b):\n    return 'a'\n",
    "square": "def square(x):\n    return x + x\n",
}
_SHOWN = {
    "double": "double(2) == 4",
    "largest": "largest([1, 3, 2]) == 3",
    "backwards": "backwards('ab') == 'ba'",
    "shorter": "shorter('a', 'bc') == 'a'",
    "square": "square(2) == 4\nassert square(3) == 9",
}
_BASE = {
    "double": [[2], [5]],
    "largest": [[[1, 3, 2]]],
    "backwards": [["ab"]],
    "shorter": [["a", "bc"], ["abc", "de"]],
    "square": [[2], [3]],
}
_PLUS = {"double": [[-1]], "largest": [[[-1, -3]]], "backwards": [["a"]], "shorter": [["", "x"]], "square": [[-1]]}
NAMES = tuple(_RIGHT)
_RESULT_TOLD = ("Execution result", "Earlier attempts")
"""How the paper and the product begin what they say of a result."""


def write_dataset(file: Path) -> Path:
    """Five problems in the form of MBPP+."""
    rows = [
        {
            "task_id": f"Mbpp/{9000 + number}",
            "prompt": f'"""\nWrite {name}.\nassert {_SHOWN[name]}\n"""\n',
            "entry_point": name,
            "canonical_solution": f"\n{_RIGHT[name]}",
            "base_input": _BASE[name],
            "plus_input": _PLUS[name],
            "atol": 0,
        }
        for number, name in enumerate(NAMES)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def write_replies(file: Path, delay_s: float) -> Path:
    """double is right at once, largest once the model has read a result, backwards never; shorter only passes what is shown;
    square passes one of the two tests that are shown, and then none.
    """
    said = [
        *(("square", ["Write square", told], "def square(x):\n    return 0\n") for told in _RESULT_TOLD),
        ("double", ["Write double"], _RIGHT["double"]),
        *(("largest", ["Write largest", told], _RIGHT["largest"]) for told in _RESULT_TOLD),
        ("largest", ["Write largest", "Mind the order"], _RIGHT["largest"]),
        *((name, [f"Write {name}"], _WRONG[name]) for name in _WRONG),
    ]
    lines = [{"reply": f"{name}:\n```python\n{code}```\n", "when": when, "delay_s": delay_s} for name, when, code in said]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file
