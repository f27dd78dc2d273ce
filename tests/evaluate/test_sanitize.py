"""The code of a reply, as EvalPlus takes it."""

from __future__ import annotations

import pytest

from oci_tui.evaluate.sanitize import sanitize


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Here it is:\n```python\ndef f(x):\n    return x\n```\nDone.", "def f(x):\n    return x"),
        ("def f(x):\n    return x\n\nprint(f(1))\nassert f(1) == 1", "def f(x):\n    return x"),
        ("import re, os\nfrom math import e\n\ndef f():\n return e", "import re, os\nfrom math import e\ndef f():\n return e"),
        ("def g():\n return 1\n\ndef h():\n return 2\n\ndef f():\n return g()", "def g():\n return 1\ndef f():\n return g()"),
        ("N = 3\nM = 4\ndef f():\n    return N", "N = 3\ndef f():\n    return N"),
        ("def f():\n    return 1\n\ndef f():\n    return 2", "def f():\n    return 1"),
        ("def f():\n    pass\n\ndef f():\n    return 2", "def f():\n    return 2"),
        ("class A:\n    x = 1\n\ndef f():\n    return A.x", "class A:\n    x = 1\ndef f():\n    return A.x"),
        # of two blocks the longer counts, what is cut off does not
        ("```python\nx = 1\n```\nor\n```python\ndef f():\n    y = 1\n    return y\n```", "def f():\n    y = 1\n    return y"),
        ("def f():\n    return 1\n\ndef g(:\n    return", "def f():\n    return 1"),
        ("x = 1\nx + 1", "x = 1\nx + 1"),
        ("Only words here, no code at all.", "Only words here, no code at all."),
        ("", ""),
    ],
)  # fmt: skip
def test_sanitized(text: str, code: str) -> None:
    assert sanitize(text, "f") == code


def test_decorators_stay() -> None:
    """EvalPlus drops what is decorated, and with it a right solution."""
    code = "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n):\n    return n"
    assert sanitize(code, "f") == code


def test_without_an_entry_point_all_definitions_stay() -> None:
    assert sanitize("def g():\n    return 1\ndef h():\n    return 2\n") == "def g():\n    return 1\ndef h():\n    return 2"


def test_a_long_reply_without_code_is_done_with_soon() -> None:
    """It is parsed as Python from every line on."""
    assert sanitize("\n".join(["These are words, and more of them (so it goes"] * 150), "f") != "f"
