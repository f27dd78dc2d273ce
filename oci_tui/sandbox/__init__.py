"""Where commands run: a hardened Docker container and the runner inside it."""
