"""A session whose names and texts are long, wide, right to left, or of joined characters."""

from __future__ import annotations

from oci_tui.core.changes import Kept
from oci_tui.core.conflict import VersionLine, Versions
from oci_tui.core.diff import Diff, parse_patch
from oci_tui.core.events import (
    ChangeConflicted,
    CommandFinished,
    CommandStarted,
    ContextBuilt,
    DiffChanged,
    EngineReady,
    Event,
    OutputArrived,
    ReplyFinished,
    ReplyGrew,
    RoundFinished,
    RoundStarted,
    SandboxReady,
    TurnFinished,
    TurnStarted,
    WorkspaceReady,
)
from oci_tui.core.generation import EngineInfo, Usage
from oci_tui.core.ports import Command, Exit, SandboxInfo
from oci_tui.core.verdict import Verdict
from oci_tui.core.workspace_info import WorkspaceInfo

LONG = "src/" + "a_folder_with_a_very_long_name/" * 4 + "and_a_file_whose_name_does_not_end_soon.py"
WIDE = "文档/解析器_字句解析_テスト.py"
HEBREW = "שלום/עולם.py"
EMOJI = "🚀 launch 👩🏽‍🚀 crew é 🇩🇪.py"
BODY = f'# שלום עולם\nname = "字句解析: 全角の文字列がここに続きます"\nmoji = "{EMOJI}"\n' + "x = " + "1 + " * 60 + "1\n"


def _patch(path: str) -> str:
    lines = BODY.splitlines()
    added = "".join(f"+{line}\n" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{added}"
    )


def odd_diff() -> Diff:
    return parse_patch("".join(map(_patch, (LONG, WIDE, HEBREW))))


def odd_events() -> list[Event]:
    command = Command(label=f"python {LONG} --name {EMOJI}")
    return [
        EngineReady(EngineInfo("exllamav2", f"a-model-{'with-a-long-name-' * 5}8bpw", 4096, "cuda:0", 8.0, speed_limit=120.0)),
        SandboxReady(SandboxInfo("Docker 28.1 at unix:///run/user/1000/docker.sock", "python (0123456789ab)", ("no network",))),
        WorkspaceReady(WorkspaceInfo("/src/文档", "feature/שלום-עולם-a-branch-with-a-long-name", 3, ((EMOJI, "a secret"),))),
        TurnStarted(1, f"{WIDE} を直して 🚀 and {HEBREW}, please; " + "this prompt goes on and on " * 6),
        ContextBuilt((LONG, WIDE, HEBREW, EMOJI), (), 4000, 4096),
        RoundStarted(1, 1),
        ReplyGrew(f"これは説明です。 {EMOJI} שלום.\n\n{WIDE}\n```python\n{BODY}```\n"),
        ReplyFinished("…", Usage(4000, 100, 80, 0.5, 2.0)),
        DiffChanged(odd_diff()),
        CommandStarted(command),
        OutputArrived("stdout", f"出力: 全角の文字\n{EMOJI}\nשלום עולם\n" + "long " * 60 + "\n"),
        OutputArrived("stderr", "\x1b[31m赤い文字\x1b[0m and \x1b[1mbold\x1b[0m\n"),
        CommandFinished(command, Exit(1, seconds=0.5)),
        RoundFinished(1, 1, False, "全部の試験が失敗 💥"),
        TurnFinished(1, Verdict.FAILED, 1, 3.0),
    ]


def conflict() -> ChangeConflicted:
    lines = (
        VersionLine("gap", "12 lines"),
        VersionLine("both", "def next_token(self) -> Token:"),
        VersionLine("yours", "    while self.peek() == ' ':  # 半角だけ"),
        VersionLine("yours", "        self.advance()"),
        VersionLine("base", "    while self.text[self.pos].isspace():"),
        VersionLine("theirs", "    self.skip_blanks()"),
        VersionLine("both", "    return self.token()"),
    )
    versions = (Versions("parser/lexer.py", "changed", "changed", lines), Versions(WIDE, "deleted", "changed", lines[1:4]))
    return ChangeConflicted(("parser/lexer.py", WIDE), "not accepted", (HEBREW,), versions)


def remembered() -> tuple[Kept, ...]:
    return (
        Kept("round", 1, 1_700_000_000.0, "make the tests pass: 2 failed, 5 passed"),
        Kept("round", 2, 1_700_000_060.0, f"{WIDE} を直して 🚀: 7 passed", 1),
        Kept("accepted", 1, 1_700_000_120.0, LONG),
        Kept("round", 3, 1_700_000_180.0, "שלום עולם: answered", 1),
    )
