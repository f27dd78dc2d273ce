"""What a reviewer should look at twice in a changed file, as short words."""

from __future__ import annotations

import posixpath
import re

from oci_tui.core.diff import FileDiff
from oci_tui.workspace.tree import PROGRAM, SYMLINK

LARGE = 1 << 20
_CHECKOUT = re.compile(
    r"(?:.*/)?(?:\.gitattributes|\.gitmodules|\.gitignore|\.gitconfig|\.mailmap|\.envrc|\.tool-versions|\.mise\.toml|mise\.toml"
    r"|\.pre-commit-config\.yaml|\.lfsconfig)|(?:.*/)?(?:\.husky|\.githooks|\.vscode|\.idea|\.devcontainer|\.vim|\.direnv)/.*"
    r"|(?:.*/)?(?:\.exrc|\.nvimrc|\.nvim\.lua|\.vimrc|\.dir-locals\.el)",
    re.DOTALL,
)
_CI = re.compile(
    r"(?:\.github|\.gitea|\.forgejo|\.circleci|\.buildkite|\.woodpecker|\.ci)/.*|\.gitlab-ci\.yml|\.travis\.yml|azure-pipelines\.yml"
    r"|appveyor\.yml|Jenkinsfile|\.drone\.yml|bitbucket-pipelines\.yml|cloudbuild\.yaml",
    re.DOTALL | re.IGNORECASE,
)
_INSTALL = re.compile(
    r"(?:.*/)?(?:setup\.py|setup\.cfg|pyproject\.toml|conftest\.py|sitecustomize\.py|usercustomize\.py|.*\.pth|noxfile\.py|tox\.ini"
    r"|package\.json|\.npmrc|\.yarnrc(?:\.yml)?|\.pnpmfile\.cjs|Makefile|GNUmakefile|makefile|CMakeLists\.txt|justfile|Rakefile|Gemfile"
    r"|build\.rs|build\.gradle(?:\.kts)?|pom\.xml|Dockerfile.*|.*\.Dockerfile|(?:docker-)?compose.*\.ya?ml|requirements.*\.txt"
    r"|Cargo\.toml|go\.mod|composer\.json|pip\.conf|\.cargo/config(?:\.toml)?)",
    re.DOTALL,
)
_AGENTS = re.compile(
    r"(?:.*/)?(?:AGENTS\.md|CLAUDE(?:\.local)?\.md|GEMINI\.md|\.mcp\.json|\.cursorrules|\.windsurfrules|\.clinerules|copilot-instructions\.md)"
    r"|(?:.*/)?(?:\.claude|\.codex|\.cursor|\.gemini|\.agents|\.continue)/.*",
    re.DOTALL | re.IGNORECASE,
)
_HIDDEN = re.compile(
    "[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]|[\U000e0000-\U000e01ef]"
)


def flags(change: FileDiff, *, size: int, target: str = "") -> tuple[str, ...]:
    """The warnings of one file; `size` is its new content's in bytes, `target` where a new symlink points."""
    found: list[str] = []
    if change.new_mode == PROGRAM and change.old_mode != PROGRAM:
        found.append("executable")
    if change.new_mode == SYMLINK:
        found.append("symlink")
        if _leaves(change.path, target):
            found.append("symlink leaves the tree")
    kinds = (
        ("runs on checkout", _CHECKOUT),
        ("runs in CI", _CI),
        ("runs on install", _INSTALL),
        ("agent instructions", _AGENTS),
    )
    found += [word for word, pattern in kinds if pattern.fullmatch(change.path) or pattern.fullmatch(change.old_path)]
    if change.binary and size <= LARGE:
        found.append("binary")
    if size > LARGE:
        found.append("large")
    added = (line.text for hunk in change.hunks for line in hunk.lines if line.kind == "+")
    if _HIDDEN.search(change.path) or any(_HIDDEN.search(text.removesuffix("\r")) for text in added):
        found.append("hidden characters")
    return tuple(found)


def _leaves(path: str, target: str) -> bool:
    """Whether a symlink at `path` points out of the tree, or into .git."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return place.startswith("/") or place.split("/")[0].lower() in ("..", ".git")
