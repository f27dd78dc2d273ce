"""A worker whose model fails in a thread of its own when it is asked for a reply."""

from __future__ import annotations

import threading

from oci_tui.core.generation import Request
from oci_tui.engine import worker
from oci_tui.engine.loaded import Say
from oci_tui.engine.saying import SayingModel


class FailingModel(SayingModel):
    def begin(self, number: int, request: Request, say: Say) -> None:  # noqa: ARG002
        def fail() -> None:
            raise RuntimeError("the model broke")

        threading.Thread(target=fail).start()


if __name__ == "__main__":
    worker.main(FailingModel)
