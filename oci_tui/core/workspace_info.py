"""What a workspace mirrors and what stays out of it, in words for a person."""

from __future__ import annotations

from collections import Counter

import msgspec

_MANY = 10
FORGOTTEN = "this session's files were forgotten after 30 days: what was pending is gone, and so are its rounds"


class Ignored(msgspec.Struct, frozen=True):
    """A folder that git ignores and that stayed out: its files and bytes, as far as they were counted unless `whole`."""

    path: str
    files: int
    bytes: int
    whole: bool = True

    def line(self) -> str:
        """What it is and how to have it."""
        least = "" if self.whole else "more than "
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        return f"{self.path}/ is ignored by git ({least}{files}, {megabytes(self.bytes)})"


class WorkspaceInfo(msgspec.Struct, frozen=True):
    """What a workspace mirrors. `branch` is "" on a detached HEAD; `left_out` are (path, why) pairs that did not go in.

    `lost` says of a resumed session that its files could not be brought back, "" when they were. `unmatched` are lines about
    what was to go in and is not there.
    """

    root: str
    branch: str
    files: int
    left_out: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Ignored, ...] = ()
    lost: str = ""
    unmatched: tuple[str, ...] = ()

    def counts(self) -> str:
        """How many files stayed out, by reason: "3 left out: 2 a secret by its name, 1 holds a GitHub token"; "" for none."""
        if not self.left_out:
            return ""
        reasons = Counter(why for _, why in self.left_out).most_common()
        return f"{len(self.left_out)} left out: " + ", ".join(f"{count} {why}" for why, count in reasons)

    def lines(self) -> list[str]:
        """What stayed out, a line each, and how to take it in all the same."""
        told = [self.lost] if self.lost else []
        told += self.unmatched
        told += [f"left out {path}: {why}" for path, why in self.left_out[:_MANY]]
        if (more := len(self.left_out) - _MANY) > 0:
            told.append(f"and {more} more are left out")
        if self.left_out:
            told.append("--include PATH, /include PATH or [workspace] include takes a file in all the same")
        told += [f"left out {folder.line()}" for folder in self.ignored[:_MANY]]
        if self.ignored:
            told.append("--ignored FOLDER or [workspace] ignored copies a folder in, to be read by what runs")
        return told


def megabytes(count: int) -> str:
    """A number of bytes: "812 B", "3.4 kB", "212 MB", "2.1 GB"."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.1f} {unit}" if 0 < value < 10 and unit != "B" else f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
