"""A real OpenAI-compatible server for tests: llama.cpp's own, in a process of its own: `python -m tests.engine.llama_server`.

Arguments: the GGUF file, the port (0: any), the key ("": none). It prints its address when it serves.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from oci_tui.engine.child import environment

CONTEXT = 1024


class LlamaServer:
    """The server as a test holds it. `kill` ends it as `kill -9` does; `start` begins it anew, on the same port."""

    def __init__(self, model: Path, key: str = "") -> None:
        self._model, self._key, self._port = model, key, "0"
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.engine.llama_server", str(self._model), self._port, self._key]
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=root,
            env=environment(),
        )
        assert self._process.stdout is not None
        address = self._process.stdout.readline().strip()
        assert address, "the server does not start"
        self._port = address.rpartition(":")[2]
        self.url = f"{address}/v1"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def main() -> None:
    import xllamacpp

    model, port, key = sys.argv[1:]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = int(port)
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.fit_params = False
    parameters.warmup = False
    parameters.offline = True
    parameters.cpuparams.n_threads = 2
    if key:
        parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
