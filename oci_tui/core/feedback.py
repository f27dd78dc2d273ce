"""What the model is told after a run, in the words OpenCodeInterpreter was trained with (arXiv 2402.14658)."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from oci_tui.core import failure
from oci_tui.core.ports import Exit, UserEdits
from oci_tui.core.syntax import parsed
from oci_tui.core.terminal import printed

PREFIX = "Execution result: \n"
EMPTY = "Code is executed, but result is empty. Please make sure that you include test case in your code."
SAME_ERROR = "This is the same error as before. Say in one sentence what causes it, then change that."
SAME_EDIT = "This edit changed nothing: the files are as they were before. Look at the error again and try another way."
COPIED = "Do not write it as it is: there is a mistake in it."
UNCHANGED = "Do not write it as it is: what I ask for is not in it."
NUDGES = (SAME_ERROR, SAME_EDIT)
CUT_OFF = "Your reply was cut off inside its last code block, which was not used. Write less: only the lines that change."
NO_CODE = "You wrote no code, so nothing was changed. Write the file's path and then what it shall hold in a code block."
INPUT_CALLED = "Please directly assign the value of inputs instead of using input() function in your code."
IMAGE = "\n[image]"
FORGOTTEN = "The Python session was restarted: variables, functions and imports of earlier code are gone; define them again."
PLANNED = "That was a plan: none of it is written yet, and nothing was run."
RESTORED = "The user took the files back to where they were after an earlier round. Go on from there."
NO_NETWORK = "Nothing can be installed here: there is no network. Leave that, and change the code in the files you see."
HEAD, TAIL = 1_200, 2_800
LAST_LINES = 40
_WANTED_INPUT = "EOFError: EOF when reading a line"
_INSTALLS = re.compile(
    r"\b(?:pip3?|apt|apt-get|uv|conda|npm|pnpm|yarn|cargo|gem)[ \t]+(?:-{1,2}\S+[ \t]+)*(?:install|add)\b", re.MULTILINE
)
PATHS = 20


def again(paths: Sequence[str]) -> str:
    """The prompt that has a change made again where the user's version took its place."""
    same = f"I changed {_listed(paths)} in the same lines as you."
    return f"{same} There it is as I have it now: make that part of your change again on top."


def execution_result(output: str, end: Exit, *, expect_output: bool, omitted: int = 0) -> str:
    """The message after a run. `expect_output`: an empty result is worth a reminder (a code block, not a check).

    `omitted` bytes are missing in the middle of `output` already. The text is what a terminal would show, without colours.
    """
    text = printed(output.strip("\n"))
    text = shortened(text, omitted=omitted) if end.passed else _failed(text, omitted)
    match end.reason:
        case "timeout":
            text = f"{text}\nExecution timed out." if text else "Execution timed out."
        case "out of memory":
            text = f"{text}\nExecution ran out of memory. Hold less at a time."
        case "output limit":
            text = f"{text}\nExecution was ended because it printed too much."
        case "killed" | "stopped" | "connection lost":
            text = f"{text}\nExecution was ended from outside."
        case "exited" if not text and end.code == 0 and expect_output:
            return f"{EMPTY}\n{FORGOTTEN}" if end.forgotten else EMPTY
        case "exited" if not text:
            text = f"The command printed nothing and ended with exit code {end.code}."
    if _WANTED_INPUT in output:
        text = f"{text}\n{INPUT_CALLED}"
    if end.forgotten:
        text = f"{text}\n{FORGOTTEN}"
    return PREFIX + text.lstrip("\n")


def _failed(output: str, omitted: int) -> str:
    """What a failed run printed: all of it when it is short and about one failure, else counts, the first failure, the end."""
    counts = failure.counts(output)
    many = counts is not None and counts.failed + counts.errors > 1
    first = failure.first(output)
    if not first or (len(output) <= HEAD + TAIL and not many and not omitted):
        return shortened(output, omitted=omitted)
    last = output[output.index(first) + len(first) :].strip("\n")
    end = "\n".join(last.splitlines()[-LAST_LINES:])[-HEAD:]
    parts = [f"{counts.phrase()}." if counts else "", "The first failure:", shortened(first)]
    return "\n".join(part for part in (*parts, *(["The last lines:", end] if end else [])) if part)


def taken_back(passed: int, before: int, files: Sequence[str]) -> str:
    """The message when a round passed fewer tests than an earlier one and was taken back; `files` are those as they are now."""
    said = f"Your last edit was taken back: with it {passed} tests pass, before it {before} did. The files are as they were:"
    return "\n".join([said, *files])


def best_kept(files: Sequence[str]) -> str:
    """The message when another beginning came to nothing and the files of an earlier attempt were put back."""
    return "\n".join(["The files are as your best attempt left them:", *files])


def as_it_is(label: str, said: str) -> str:
    """What the model is told of the check where the person says that something fails; `said` is what came of it."""
    return f"Before any change, `{label}` gives this.\n{said}\n"


def begin_anew(failures: Sequence[str], *, checked: bool = False) -> str:
    """What follows the prompt when it is put once more because of these failures, of a check or of the reply's own code.

    Without any the check said after the attempts what it had said before.
    """
    if not failures:
        return "Earlier attempts at this did not change that result. The cause is another one.\n"
    what = "After them the check said" if checked else "Your function must not do this"
    said = "\n\n".join(failures)
    return f"Earlier attempts at this failed. {what}:\n\n{said}\n"


def installs(code: str) -> bool:
    """Whether shell code installs a package."""
    return bool(_INSTALLS.search(code))


def not_installed(name: str) -> str:
    """The message when what a command lacked is no fault of the code and cannot be had."""
    return (
        f"{name} is not installed here and cannot be: there is no network. The code is not at fault: leave its use as it is, "
        "do not install or replace it. The user is told how to add it."
    )


def tests_kept(paths: Sequence[str]) -> str:
    """The message when a command damaged tests and they were put back."""
    did = f"The command removed, skipped or changed tests in {_listed(paths)}."
    return f"{did} They were put back: change the code that they test."


def own_tests(paths: Sequence[str]) -> str:
    """The message when a test fails that the model wrote or changed."""
    return f"{_listed(paths)} is as you wrote it: what it expects may be what is wrong."


def not_allowed(text: str, why: str) -> str:
    """The message when a command may not run."""
    return f"This was not run, since {why}:\n{shortened(text, 300, 200)}\nDo not try it again; find another way."


def refused_edits(reasons: Sequence[str]) -> str:
    """The message when edits could not be applied."""
    return "These edits were not applied:\n" + "\n".join(f"- {reason}" for reason in reasons)


def user_edits(edits: UserEdits) -> str:
    """The message when the person edited the files while the model worked; "" when there is nothing to say."""
    said = []
    if edits.moved:
        said.append(f"The user {edits.moved}." if edits.moved.startswith("switched") else f"The branch {edits.moved}.")
    if edits.paths:
        said.append(f"The user changed {_listed(edits.paths)}. Your edits are kept on top.")
    if edits.conflicts:
        said.append(
            f"The user changed {_listed(edits.conflicts)} in the same lines as you; here they are still as you wrote them."
        )
    return "\n".join(said)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - PATHS} more files" if len(paths) > PATHS else ""
    return ", ".join(paths[:PATHS]) + more


def shortened(text: str, head: int = HEAD, tail: int = TAIL, omitted: int = 0) -> str:
    """`text`, or its first `head` and last `tail` characters with the exact number of bytes left out between them.

    `omitted` bytes were left out of the middle before.
    """
    middle = text[head : max(head, len(text) - tail)]
    if not middle and not omitted:
        return text
    omitted += len(middle.encode("utf-8", "replace"))
    return f"{text[:head]}\n...({omitted} bytes omitted)...\n{text[-tail:]}"


def calls_input(code: str) -> bool:
    """Whether Python code calls the bare name `input`, which would wait for an answer that cannot come."""
    tree = parsed(code)
    return tree is not None and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input" for node in ast.walk(tree)
    )


def declined(paths: Sequence[str], reason: str) -> str:
    """The prompt after a part of the change was rejected with a reason."""
    return f"I rejected your change of {', '.join(paths)}: {reason}\nIt is no longer in the files. Do it differently."
