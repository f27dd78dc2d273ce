"""Commit messages made of prompts."""

from __future__ import annotations

from oci_tui.core.commit_message import generated

LONG = "make the tests pass, and then rename every variable that is called x to something that a reader can understand"


def test_one_prompt_is_the_subject() -> None:
    assert generated(["  make the\ntests pass. "], ["a.py"]) == "Make the tests pass"


def test_what_is_too_long_goes_on_in_the_body() -> None:
    subject, empty, *body = generated([LONG], []).split("\n")
    assert subject.endswith(" …")
    assert LONG.startswith(subject[1:].removesuffix(" …").lower(), 1)
    assert (empty, " ".join(body)) == ("", f"M{LONG[1:]}")
    assert all(len(line) <= 72 for line in (subject, *body))


def test_several_prompts_are_a_list() -> None:
    assert generated(["add a flag", "", LONG], []).split("\n")[:3] == ["Add a flag", "", "- add a flag"]
    assert generated(["add a flag", LONG], []).split("\n")[3].startswith("- make the tests")


def test_without_prompts_the_files_are_named() -> None:
    assert generated([], ["a.py", "b.py"]) == "Change a.py, b.py"
    assert generated([" "], ["a.py", "b.py", "c.py"]) == "Change 3 files"
