"""Which names never enter the mirror; no rule can be dropped or loosened."""

from __future__ import annotations

import re

import pytest

from oci_tui.core import secret_names as secrets
from oci_tui.core.secret_names import included, secret_name
from tests.mutants import mutants

CODE = """
py pyi ipynb rs go c h cc cpp hpp java kt cs rb php js mjs cjs jsx ts tsx vue swift scala ex exs sh md rst html css
"""
SECRET = [
    *(".env", ".env.local", ".env.production", ".ENV", "server.pem", "server.key", "x.p12", "x.pfx", "x.jks", "x.keystore"),
    *("vault.kdbx", "putty.ppk", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_rsa.bak", "id_rsa_work", "id_ed25519_sk"),
    *(".netrc", "_netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".htpasswd", "terraform.tfstate"),
    *("prod.tfstate.backup", "credentials.json", "CREDENTIALS-prod.json", "service-account.json", "service_account_x.json"),
    *("secret.yml", "secrets.toml", "secrets.enc", "secrets.x"),
]
ORDINARY = [
    *("env", ".envrc", "environment.py", "pem", "keys", "monkey", "xp12", "id_rsa.pub", "id_rsa_work.pub", "id_", "my_id_rsa"),
    *(
        "netrc",
        "xnetrc",
        "npmrc",
        "pypirc",
        "credentials.py",
        "my_credentials.json",
        "serviceaccount.json",
        "secret",
        "secrets",
    ),
    *("xpem", "xkey", "xpfx", "xjks", "xkeystore", "xkdbx", "xppk", "xtfstate", "terraform.tfstates", "credentialsxjson"),
    *("service-accountxjson", "gitxcredentials", "secretsx.yml", "mysecrets.yml", "xenv", ".environment", "secretsxyml"),
    *(".env.example", ".env.sample", ".env.template", ".env.dist", ".env.default", ".env.defaults", "Secrets.PY"),
    *(
        "x.pemx",
        ".npmrcx",
        ".pypircx",
        ".htpasswdx",
        ".pgpassx",
        ".netrcx",
        "_netrcx",
        ".git-credentialsx",
        "credentials.jsonx",
    ),
    *(f"{lead}.{code}" for lead in ("secret", "secrets") for code in re.findall(r"\w+", CODE)),
]


@pytest.mark.parametrize("name", SECRET)
def test_secret_names(name: str) -> None:
    assert secret_name(f"a/b/{name}".encode()) == "a secret by its name"
    assert secret_name(name.encode())


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names(name: str) -> None:
    assert secret_name(f"a/b/{name}".encode()) == ""


@pytest.mark.parametrize("folder", [".aws", ".azure", ".kube", ".ssh", ".gnupg"])
def test_secret_folders(folder: str) -> None:
    assert secret_name(f"home/{folder}/x/config".encode()) == "credentials by its folder"
    assert secret_name(f"{folder}/config".encode())
    assert secret_name(f"src/{folder[1:]}/config".encode()) == ""
    assert secret_name(f"src/{folder}".encode()) == "", "a file of that name is none"
    assert folder.encode() in secrets._FOLDERS
    assert len(secrets._FOLDERS) == 5


def test_the_docker_client_keeps_logins_in_its_settings() -> None:
    assert secret_name(b".docker/config.json")
    assert secret_name(b"a/.docker/config.json")
    assert secret_name(b"a.docker/config.json") == ""
    assert secret_name(b".docker/other.json") == ""
    assert secret_name(b"config.json") == ""


def test_no_rule_can_be_dropped_or_loosened() -> None:
    """Every pattern that is wrong in one place makes an example of the tests above fail."""
    names, harmless = secrets._NAMES, secrets._HARMLESS

    def right(names: re.Pattern[bytes], harmless: re.Pattern[bytes]) -> bool:
        return all(
            bool(names.fullmatch(name.encode()) and not harmless.fullmatch(name.encode())) is expected
            for examples, expected in ((SECRET, True), (ORDINARY, False))
            for name in examples
        )

    assert right(names, harmless)
    wrong = [mutant for mutant in mutants(names.pattern.decode()) if right(re.compile(mutant.encode(), names.flags), harmless)]
    wrong += [
        mutant for mutant in mutants(harmless.pattern.decode()) if right(names, re.compile(mutant.encode(), harmless.flags))
    ]
    assert wrong == []


def test_a_file_is_let_in_by_path_folder_or_pattern() -> None:
    assert included("a/.env", ("a/.env",))
    assert included("a/.env", ("a",))
    assert included("a/.env", ("a/",))
    assert included("a/.env", ("*.env",))
    assert not included("a/.env", ("b", ".envrc", "a/.en", "/a"))
