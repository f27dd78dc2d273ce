"""The shapes of secrets: each is found at its shortest and not one character below; no rule can be dropped or loosened."""

from __future__ import annotations

import re

import pytest

from oci_tui.core import secrets
from oci_tui.core.conversation import Conversation
from oci_tui.core.secrets import LARGEST_SCANNED, redacted, secret_in
from tests.mutants import mutants, with_an_alternative_less

UPPER, MIXED, NAMES = "A1Z9" * 20, "aZ0b" * 20, "aZ0-_b" * 20
WORDS = "aZ0_b" * 20

# prefix, alphabet, how many of it at least, what it is
TOKENS = [
    *((f"{kind}", UPPER, 16, "an AWS key") for kind in ("AKIA", "ASIA")),
    *((f"gh{kind}_", MIXED, 36, "a GitHub token") for kind in "pousr"),
    ("github_pat_", WORDS, 40, "a GitHub token"),
    ("glpat-", NAMES, 20, "a GitLab token"),
    *((f"xox{kind}-", "aZ0-b" * 20, 20, "a Slack token") for kind in "abposr"),
    ("sk-", MIXED, 32, "an API key"),
    *((f"sk-{kind}-", NAMES, 24, "an API key") for kind in ("proj", "ant", "svcacct", "or")),
    ("AIza", NAMES, 35, "a Google key"),
    ("hf_", MIXED, 34, "a Hugging Face token"),
    (f"eyJ{NAMES[:10]}.eyJ{NAMES[:10]}.", NAMES, 10, "a web token"),
    (f"eyJ{NAMES[:10]}.eyJ", NAMES, 10, "a web token"),
    ("eyJ", NAMES, 10, "a web token"),
]
ENDS = {f"eyJ{NAMES[:10]}.eyJ": f".{NAMES[:10]}", "eyJ": f".eyJ{NAMES[:10]}.{NAMES[:10]}"}
KEYS = [
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIab+/=\nz09-\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH1 PRIVATE KEY-----\\nMIIa\\n-----END",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
]


def told(text: str) -> str:
    return f"({text})"


EXAMPLES = {
    **{told(f"{lead}{tail[:least]}{ENDS.get(lead, '')}"): told(f"[{what} was here]") for lead, tail, least, what in TOKENS},
    **{told(key): told("[a private key was here]") for key in KEYS},
    **{
        told(text): told(text) for text in [f"{lead}{tail[: least - 1]}{ENDS.get(lead, '')}" for lead, tail, least, _ in TOKENS]
    },
    **{
        told(text): told(text)
        for text in (
            f"XAKIA{UPPER[:16]}",
            f"0AKIA{UPPER[:16]}",
            f"AKIA{UPPER[:17]}",
            f"AKIA{UPPER[:16]}X",
            *(f"AKIA{UPPER[:15]}{letter}{letter}" for letter in "A1"),
            *(f"{letter}sk-{MIXED[:32]}" for letter in "aZ0_-"),
            *(f"AIza{NAMES[:35]}{letter}" for letter in "aZ0_-"),
            *(f"{letter}hf_{MIXED[:34]}" for letter in "aZ0_"),
            *(f"{letter}eyJ{NAMES[:10]}.eyJ{NAMES[:10]}.{NAMES[:10]}" for letter in "aZ0_-"),
            f"eyJ{NAMES[:10]}xeyJ{NAMES[:10]}.{NAMES[:10]}",
            f"eyJ{NAMES[:10]}.eyJ{NAMES[:10]}x{NAMES[:10]}",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----",
            "task-manager, risk-of-something-that-is-rather-long-in-words",
        )
    },
}


@pytest.mark.parametrize(("text", "expected"), EXAMPLES.items())
def test_each_shape_from_its_shortest(text: str, expected: str) -> None:
    assert redacted(text) == expected
    holds = secret_in(f"x = 1\n{text}\n".encode())
    assert holds == (f"holds {expected[2:-2].removesuffix(' was here')}" if text != expected else "")


def test_no_rule_can_be_dropped_or_loosened() -> None:
    """Every pattern that is wrong in one place makes an example of the test above fail."""
    source = secrets._IN_TEXT.pattern
    survivors = []
    for mutant in mutants(source):
        pattern = re.compile(mutant, re.VERBOSE | re.ASCII)

        def named(found: re.Match[str]) -> str:
            return f"[{secrets._named(found)} was here]"

        if all(pattern.sub(named, text) == expected for text, expected in EXAMPLES.items()):
            survivors.append(mutant)
    assert [_difference(source, mutant) for mutant in survivors] == []
    assert len(list(mutants(source))) > 80


def test_no_hint_can_be_dropped() -> None:
    """The quick pass lets every shape through to the full pattern."""
    secret = [text.encode() for text, expected in EXAMPLES.items() if text != expected]
    assert all(secrets._HINTS.search(text) for text in secret)
    less = list(with_an_alternative_less(secrets._HINTS.pattern.decode()))
    assert len(less) == 14
    for mutant in less:
        assert not all(re.search(mutant.encode(), text) for text in secret), mutant


def test_text_of_up_to_one_mebibyte_is_scanned() -> None:
    token = b"glpat-" + b"a1" * 10
    assert secret_in(token.rjust(LARGEST_SCANNED))
    assert secret_in(token + bytes(8192)[:0] + b"x" * 8192 + b"\0")
    assert LARGEST_SCANNED == 1 << 20
    assert secret_in(token.rjust(LARGEST_SCANNED + 1)) == "", "the control: larger files are not"
    assert secret_in(b"\0" + token) == "", "the control: what is no text is not"


def test_what_the_model_reads_holds_no_secret() -> None:
    conversation = Conversation()
    conversation.say(f"it printed glpat-{NAMES[:20]} and")
    conversation.say(f"{KEYS[1]}, then went on")
    (_, message) = conversation.messages
    assert message.content == "it printed [a GitLab token was here] and\n\n[a private key was here], then went on"


def _difference(source: str, mutant: str) -> str:
    at = next((index for index, (one, other) in enumerate(zip(source, mutant, strict=False)) if one != other), len(mutant))
    return f"...{source[max(0, at - 20) : at + 20]}... became ...{mutant[max(0, at - 20) : at + 20]}..."
