import tomllib
from pathlib import Path


def test_pyproject():
    content = tomllib.loads(Path("pyproject.toml").read_text())
    assert content == {
        "build-system": {"requires": ["setuptools>=61"], "build-backend": "setuptools.build_meta"},
        "project": {
            "name": "wclite",
            "version": "1.3.0",
            "description": "Counts lines and words",
            "requires-python": ">=3.10",
            "dependencies": [],
            "optional-dependencies": {"test": ["pytest>=7"]},
            "scripts": {"wclite": "wclite.cli:main"},
        },
        "tool": {"setuptools": {"packages": ["wclite"]}},
    }
