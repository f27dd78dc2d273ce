"""What many of the sandbox's tests ask for: the daemon itself, beside the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.running import client


@pytest.fixture
def api() -> Iterator[Any]:
    """A docker-py client of the daemon that the sandbox uses."""
    api = client()
    yield api
    api.close()
