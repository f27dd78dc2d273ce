"""The whole-file format: a fenced block with a path holds the file's new content."""

from __future__ import annotations

import msgspec

TEACH = """\
To create or change a file, write its path alone on a line, then the WHOLE new file in a code block:

path/to/file.py
```python
the complete new content of the file
```
"""


class WriteFile(msgspec.Struct, frozen=True, tag=True):
    """The file at `path` becomes `text`."""

    path: str
    text: str


def parse(path: str, text: str) -> WriteFile:
    return WriteFile(path, text)
