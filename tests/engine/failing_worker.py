"""A worker whose model fails when it is asked for a reply: in a thread of its own, or for good where it is stepped."""

from __future__ import annotations

import threading

from oci_tui.core.generation import Request
from oci_tui.engine import worker
from oci_tui.engine.loaded import Say
from oci_tui.engine.saying import SayingModel


class FailingModel(SayingModel):
    asked = ""

    def begin(self, number: int, request: Request, say: Say) -> None:  # noqa: ARG002
        def fail() -> None:
            raise RuntimeError("the model broke")

        self.asked = request.messages[-1].content
        if self.asked != "in step":
            threading.Thread(target=fail).start()

    def step(self) -> bool:
        if self.asked == "in step":
            raise SystemExit("the GPU failed")
        return False


if __name__ == "__main__":
    worker.main(FailingModel)
