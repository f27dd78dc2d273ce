"""What the engine has to work with here: memory, versions and places, for a person to read."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from oci_tui.engine.fit import gpus
from oci_tui.engine.memory import available
from oci_tui.resources import config_folder, models_folder, state_folder

_PACKAGES = ("oci-tui", "textual", "xllamacpp", "exllamav2")


def machine() -> list[tuple[str, str]]:
    """Each by its name. Asks the GPU's driver, which may take a second."""
    used = [(gpu, f"{(gpu.memory - gpu.free) / 1e9:.1f} of {gpu.memory / 1e9:.1f} GB in use") for gpu in gpus()]
    memory = [("GPU memory", f"{words} on {gpu.name}") for gpu, words in used]
    return [
        *(memory or [("GPU", "no CUDA GPU")]),
        ("memory", f"{available() / 1e9:.1f} GB available"),
        ("versions", ", ".join([f"Python {python_version()}", *map(_installed, _PACKAGES)])),
        ("settings", str(config_folder() / "config.toml")),
        ("models", str(models_folder())),
        ("engine's log", str(state_folder() / "engine.log")),
    ]


def _installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"
