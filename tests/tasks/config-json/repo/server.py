"""Reads server.json."""

import json
from pathlib import Path


def load(file="server.json"):
    """The settings, checked."""
    settings = json.loads(Path(file).read_text())
    if not 0 < settings["port"] < 65536:
        raise ValueError("port")
    return settings
