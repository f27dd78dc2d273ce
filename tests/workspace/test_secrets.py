"""What never enters the mirror."""

from __future__ import annotations

import pytest

from oci_tui.workspace.secrets import included, secret_content, secret_name


@pytest.mark.parametrize(
    "path",
    [
        b".env",
        b"a/.env.local",
        b"server.pem",
        b"id_ed25519",
        b"x/.npmrc",
        b"home/.aws/config",
        b"CREDENTIALS.json",
        b"secrets.yml",
    ],
)
def test_secret_names(path: bytes) -> None:
    assert secret_name(path)


@pytest.mark.parametrize(
    "path", [b".env.example", b"environment.py", b"secrets.py", b"keys/monkey.py", b"id_rsa.pub", b"src/aws/config"]
)
def test_ordinary_names(path: bytes) -> None:
    assert secret_name(path) == ""


@pytest.mark.parametrize(
    "text",
    [
        "key = 'AKIA" + "A1" * 8 + "'",
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20,
        "glpat-" + "a1" * 10,
        "xoxb-" + "1-" * 10,
        "sk-" + "a1" * 16,
        "sk-proj-" + "a-" * 12,
        "AIza" + "a1" * 17 + "a",
        "-----BEGIN RSA PRIVATE KEY-----",
        "hf_" + "aB" * 17,
        "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    ],
)
def test_secret_contents(text: str) -> None:
    assert secret_content(f"x = 1\n{text}\n".encode())


@pytest.mark.parametrize(
    "text", ["task-manager", "risk-of-something-that-is-rather-long-in-words", "-----BEGIN CERTIFICATE-----", "AKIA", "eyJ"]
)
def test_ordinary_contents(text: str) -> None:
    assert secret_content(text.encode()) == ""


def test_a_file_is_let_in_by_path_folder_or_pattern() -> None:
    assert included("a/.env", ("a/.env",))
    assert included("a/.env", ("a",))
    assert included("a/.env", ("*.env",))
    assert not included("a/.env", ("b", ".envrc"))
