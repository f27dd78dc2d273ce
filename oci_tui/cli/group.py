"""Go on with the docker group where the person has it, but the login session was started before that."""

from __future__ import annotations

import os
import shlex
import sys

import click

from oci_tui import assemble


def enter_docker_group() -> None:
    """Start this same command again inside the group; does not return then. Does nothing where it is not needed."""
    if not assemble.group_waits() or os.environ.get("OCI_IN_GROUP"):
        return
    os.environ["OCI_IN_GROUP"] = "1"
    click.echo("● going on with the group docker, which your login session does not have yet", err=True)
    command = shlex.join([sys.executable, "-P", "-m", "oci_tui", *sys.argv[1:]])
    os.execvp("sg", ["sg", "docker", "-c", command])
