from pathlib import Path

import pytest

from envfile import parse_env
from settings import merged


def test_parse():
    assert parse_env("") == {}
    assert parse_env("A=1\nB=two words\n") == {"A": "1", "B": "two words"}
    assert parse_env("# note\n\nA=1\n\n#B=2\n") == {"A": "1"}
    assert parse_env("  NAME =  Ann  \n") == {"NAME": "Ann"}
    assert parse_env("URL=http://x/?a=1&b=2") == {"URL": "http://x/?a=1&b=2"}
    assert parse_env("EMPTY=") == {"EMPTY": ""}


def test_bad_line():
    with pytest.raises(ValueError):
        parse_env("A=1\nnonsense\n")


def test_example():
    values = merged(parse_env(Path("example.env").read_text()))
    assert values == {"HOST": "test.example.org", "PORT": "8080", "DEBUG": "no"}
