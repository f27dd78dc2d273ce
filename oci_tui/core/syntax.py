"""Whether a text is written in the language of its file: Python, JSON and TOML, which the standard library reads."""

from __future__ import annotations

import ast
import codeop
import json
import re
import tomllib
import warnings
from pathlib import PurePosixPath

_AT = re.compile(r"(?:\(at|:) line (\d{1,9}),? column \d+(?:\)| \()")


def parsed(code: str) -> ast.Module | None:
    """Python code as a tree; None when it is none."""
    try:
        return _tree(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def begins(line: str) -> bool:
    """Whether a line may be the first one of a Python program; a lone name may as well be a word."""
    line = line.strip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codeop.compile_command(line)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return False
    return not line.isidentifier()


def reads(path: str) -> bool:
    """Whether the file's language is one of those."""
    return PurePosixPath(path).suffix in (".py", ".pyi", ".json", ".toml")


def problem(path: str, text: str) -> str:
    """Why a file does not parse, in a phrase with the line; "" when it does, or when nothing here reads its language."""
    try:
        match PurePosixPath(path).suffix:
            case ".py" | ".pyi":
                _tree(text)
            case ".json":
                json.loads(text)
            case ".toml":
                tomllib.loads(text)
    except SyntaxError as error:
        line = (error.text or "").strip()
        return f"line {error.lineno}: {error.msg}" + (f": {line[:120]}" if line else "")
    except (ValueError, RecursionError, MemoryError) as error:
        at = int(found[1]) if (found := _AT.search(str(error))) else 0
        line = "".join(text.split("\n")[at - 1 : at]).strip()[:120]
        return (str(error) or type(error).__name__) + (f": {line}" if line else "")
    return ""


def _tree(code: str) -> ast.Module:
    """The tree; what Python would warn of is no error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)
