"""What an edit may not do to a file unasked; each objection is told to the model, which replies again in the same round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from oci_tui.core import syntax, tested
from oci_tui.core.formats import elision
from oci_tui.core.ports import Parser
from oci_tui.core.tested import is_test

_CLAIM = re.compile(
    r"\bI(?:'ve| have)? (?:just )?(?:set|changed|updated|fixed|added|replaced|renamed|removed|modified|created|corrected)\b"
)
_PROMISE = re.compile(
    r"\bI(?:'ll| will| am going to|'m going to) (?:now |first |then )?(?:add|change|convert|correct|create|define|delete|extend"
    r"|extract|fix|implement|make(?! sure)|modify|move|refactor|remove|rename|replace|rewrite|set|split|update|write)\b"
)
_OFFER = re.compile(r"\?|\b(?:if you|let me know|tell me|would you)\b", re.IGNORECASE)
_TELLING = re.compile(
    r"\?|\b(?:explain|outline|describe|plan|tell|show|say|review|why|what|how|no code|do not (?:change|write)"
    r"|list\s+(?:all|each|every|me|the))\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(?:^|[.;:!,\n]\s*|\b(?:please|and|to|then)\s+)(?:add|change|convert|correct|create|extend|fix|give(?!\s+(?:me|us)\b)|implement"
    r"|let(?!\s+(?:me|us)\b)|lower|make(?!\s+sure\b)|mend|move|prepare|raise|refactor|remove|rename|replace|rewrite|split|update)\b"
    r"|\bneeds\s+an?\b",
    re.IGNORECASE,
)
_LOOKING = re.compile(
    r"\b(?:see(?!\s+the\s+failing)|display|read|run|summar\w+|overview|contents?|copy|which|where|find out|verify)\b"
    r"|\b(?:let|give) me\b|\?",
    re.IGNORECASE,
)
_UNCHANGED = re.compile(
    r"\b(?:if|whether)\b|\b(?:not|n't|nothing|never|without|no)\b[^.\n]{0,40}\bchang|\bchange\s+no", re.IGNORECASE
)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_VERBS = {
    "remove": "removed", "delete": "deleted", "skip": "skipped", "disable": "disabled", "drop": "dropped", "rename": "renamed",
    "move": "moved", "rewrite": "rewritten", "replace": "replaced", "merge": "merged", "clean up": "cleaned up",
    "prune": "pruned", "split": "split", "simplify": "simplified", "refactor": "refactored", "get rid of": "got rid of",
}  # fmt: skip
_COMPLAINT = re.compile(
    r"\b(?:fail\w*|fix\w*|bugs?|buggy|wrong\w*|broken|breaks|crash\w*|correct|incorrect\w*|repair|mend|bad)\b"
    r"|\btests?\b(?:(?!\btests?\b)[^.\n])*?\bpass\b",
    re.IGNORECASE,
)
_MENDING = re.compile(r"\b(?:fix|correct|repair|mend|solve|make|get)\b", re.IGNORECASE)
_WIDER = re.compile(
    r"\b(?:(?:writ|chang|updat|adapt|creat|renam|mov)(?:e|es|ed|ing)|(?:add|extend|adjust|cover|refactor|split)(?:s|ed|ing|ting)?"
    r"|call it)\b",
    re.IGNORECASE,
)
_TESTS = r"(?:tests?\b(?![/.]\w)|test_\w+)"
_NOT = r"(?:not|never|no|nor|neither|none|without|instead|rather|why|cannot|avoid|stop)\b|\w+n['’]t\b"
_OTHERWISE = r"make|ensure|check|keep|leave|run|see|let|show|update|adapt|fix|change|add|write|extend|use"
_BETWEEN = (
    rf"(?:(?!\b(?:{_NOT}|(?:so|that(?!\s+tests?\b)|which|while|until|because|before|after|but|except|under)\b|(?:and|or|then)\s+(?:{_OTHERWISE})\b)"
    rf"|,\s+(?:{_OTHERWISE})\b)(?:[^.;:!?\n]|\.\b)){{0,200}}?"
)
_ASKED = re.compile(
    rf"\b(?:{'|'.join(_VERBS)})\b{_BETWEEN}\b{_TESTS}(?!\s+(?:must|should|shall|still|have|need|pass|show|fail|use|are|is)\b)"
    rf"|\b{_TESTS}{_BETWEEN}\b(?:be|get)\s+(?:{'|'.join(_VERBS.values())})\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;:!?](?=\s|$)|\n|,\s*(?:but|just|only|instead|please|then)\b")
_DENIED = re.compile(rf"\b(?:{_NOT})", re.IGNORECASE)
_READ = 20_000


def only_claims(reply: str, paths: Sequence[str]) -> bool:
    """Whether a reply without code says that it changed a file."""
    return bool(_CLAIM.search(reply)) and any(path in reply for path in paths)


def only_words(reply: str, paths: Sequence[str], prompt: str, *, failing: bool, changed: bool = False) -> str:
    """What speaks against a reply without code, in a phrase; "" when it is an answer.

    `failing`: the check fails; `changed`: with what this turn has changed, which nobody was told of yet.
    """
    if only_claims(reply, paths):
        return "the reply says that it changed a file"
    if not _TELLING.search(prompt) and not _OFFER.search(reply) and _PROMISE.search(_THOUGHT.sub("", reply)):
        return "the reply says what it will do"
    if changed and (_OFFER.search(reply) or _TELLING.search(prompt) or re.search(r"\b(?:fail\w*|red)\b", f"{prompt} {reply}")):
        changed = False
    return "the check fails" if failing and (changed or _MENDING.search(prompt)) and "?" not in prompt else ""


def wants_change(prompt: str, *, passes: bool) -> bool:
    """Whether the person plainly wants files changed, and asks nothing. `passes`: the check does, so for tests all is done."""
    if passes and re.search(r"\b(?:tests?|checks?|CI|green|red)\b", prompt):
        return False
    against = (_LOOKING, _TELLING, _UNCHANGED)
    return bool(_CHANGE.search(prompt)) and not any(words.search(prompt) for words in against)


def complains(prompt: str) -> bool:
    """Whether the person says that something fails: a check may show what it is."""
    return bool(_COMPLAINT.search(prompt))


def may_lose_tests(prompt: str) -> bool:
    """Whether the person plainly asked for tests to be removed, skipped, moved or rewritten, and did not forbid it."""
    return _wanted(_ASKED, prompt)


def lost_tests(path: str, old: str | None, new: str | None, prompt: str) -> str:
    """What is wrong where a test file lost tests or skips more of them, and the prompt does not ask for it; else ""."""
    if not old or not is_test(path) or may_lose_tests(prompt):
        return ""
    new = new or ""
    before, after = tested.names(path, old), tested.names(path, new)
    lost = sorted(before - after)
    if after.total() < before.total():
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return f"this removes the tests {', '.join(lost[:3])}{more}; leave tests as they are and change the code they test"
    hollow = tested.hollow(path, old)
    emptied = sorted(tested.hollow(path, new) - hollow)
    if (replaced := [name for name in emptied if name in before]) or (emptied and set(lost) - hollow):
        return f"this leaves the test {(replaced or emptied)[0]} nothing to check; leave tests as they are and change the code"
    if tested.skips(new) > tested.skips(old):
        return "this skips tests; leave tests as they are and change the code they test"
    if tested.is_frame(path):
        return ""
    if tested.says_nothing(new) and not tested.says_nothing(old):
        return "this leaves no tests in the file; leave tests as they are and change the code they test"
    if complains(prompt) and not _wanted(_WIDER, prompt) and not _at_fault(path, prompt) and _lines(old) - _lines(new):
        return "this changes tests that are there, and the code they test is at fault; leave them as they are and change that"
    return ""


def damaged_tests(before: Mapping[str, str], read: Callable[[str], str | None], prompt: str) -> dict[str, str]:
    """Those of the test files that a command removed, or took tests from or skips them in, as they were before."""
    return {path: old for path, old in before.items() if (new := read(path)) != old and lost_tests(path, old, new, prompt)}


def objection(path: str, old: str | None, new: str, prompt: str) -> str:
    """Why `new` may not take the place of `old` (None: there is no such file), in a phrase for the model; "" when it may."""
    if line := elision.losing(path, old, new):
        return f'"{line[:80]}" stands for lines that would be lost; write all of them, or change only some with SEARCH/REPLACE'
    return lost_tests(path, old, new, prompt)


def unparsable(path: str, old: str | None, new: str, parser: Parser) -> str:
    """Why a file that parsed before, or is new, does not parse any more; "" where nothing is worse than it was."""
    problem = syntax.problem if syntax.reads(path) else parser.problem
    if not (why := problem(path, new)) or (old and problem(path, old)):
        return ""
    return f"the file would not parse, {why}; write it again"


def doubt(path: str, old: str | None, new: str, parser: Parser) -> str:
    """Why `new` is probably not what was meant, though nothing is lost by it; "" where nothing is odd. It may be said again."""
    line = elision.doubtful(path, old, new)
    elided = f'"{line[:80]}" stands for lines that are left out; write all of them' if line else ""
    return "; ".join(filter(None, (elided, unparsable(path, old, new, parser))))


def _wanted(words: re.Pattern[str], prompt: str) -> bool:
    """Whether a sentence of the prompt says the words, and no denial before them.

    Of a long prompt the beginning and the end are read: what is asked for stands before or after what is pasted.
    """
    if len(prompt) > 2 * _READ:
        prompt = f"{prompt[:_READ]}\n{prompt[-_READ:]}"
    asked = ((said, words.search(said)) for said in _SENTENCE.split(prompt))
    return any(found and not _DENIED.search(said, 0, found.start()) for said, found in asked)


def _at_fault(path: str, prompt: str) -> bool:
    """Whether it is the file itself that the person wants mended."""
    name = re.escape(PurePosixPath(path).name)
    file = rf"\b(?:fix|correct|repair|mend)\s+(?:the\s+)?(?:(?:file|script)\s+)?[`'\"]?(?:[\w.-]+/)*{name}(?!\w)"
    return _wanted(re.compile(file, re.IGNORECASE), prompt)


def _lines(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.splitlines() if line.strip())
