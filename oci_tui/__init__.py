"""oci-tui: a coding agent for the terminal, with a local model and a Docker workspace that mirrors the repository."""

__version__ = "0.1.0"
