"""Where the data folders are: as the wheel holds them (under `_data`) or as the checkout does."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from oci_tui.core.errors import StoreError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `name` ("sandboxes", "themes") that ships with the product."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def config_folder() -> Path:
    """Where the person's settings, themes and profiles are; may not exist."""
    return Path(platformdirs.user_config_dir("oci-tui"))


def state_folder() -> Path:
    """Where journals, shadow repositories and logs are kept; private to the user, made when first asked for."""
    return _private(Path(platformdirs.user_state_dir("oci-tui")))


def runtime_folder() -> Path:
    """Where the sockets of hosts are: private to the user, and gone with the machine's next start where it has such a place."""
    given = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    ours = os.access(given, os.W_OK | os.X_OK)  # after `su` it may be another user's
    return _private(Path(given) / "oci-tui") if ours else _private(state_folder() / "run")


def models_folder() -> Path:
    """Where fetched models are kept; made when first asked for."""
    return _private(Path(platformdirs.user_data_dir("oci-tui")) / "models")


def datasets_folder() -> Path:
    """Where fetched datasets are kept; made when first asked for."""
    return _private(Path(platformdirs.user_data_dir("oci-tui")) / "datasets")


def _private(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(
            f"{folder}: cannot be made ({why}); set XDG_STATE_HOME, XDG_DATA_HOME and XDG_RUNTIME_DIR to folders you can write"
        ) from error
    return folder
