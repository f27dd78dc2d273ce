"""Every check of the EXL2 engine that needs a GPU, as one table: `python -m tests.gpu MODEL.gguf [--stand-in] [--tokens N]`.

`MODEL.gguf` is the small model (`oci-tui models pull smollm2`), quantized here to 8, 6, 5 and 4 bits; nothing is fetched.
Needs torch, exllamav2 and gguf, and for the kernels nvcc and a C++ compiler. With `--stand-in` the CPU stands in for the GPU,
which proves the script and none of its figures. Exits 1 when a check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Request
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.fit import gpus, speed_limit
from tests.exl2.folder import linked, write_folder
from tests.gpu.asking import PROMPT, loaded, reply

# KL divergence and top-1 agreement of the kernels with the CPU reader, on the same weights: rounding only.
MOST_KL, LEAST_AGREEMENT = 0.005, 0.95
LEAST_OF_BARE = 0.97
MOST_OF_COLD = 0.5
LEFT_MB = 600


class Row(NamedTuple):
    check: str
    figures: str
    passed: bool

    def __str__(self) -> str:
        return f"| {self.check} | {self.figures} | {'ok' if self.passed else '**failed**'} |"


class Checks:
    """Holds what every check needs: folders by bits, the worker to run, how many tokens a measured reply has."""

    def __init__(self, folders: dict[int, Path], scratch: Path, tokens: int, *, stand_in: bool) -> None:
        self.folders, self.scratch, self.tokens, self.stand_in = folders, scratch, tokens, stand_in
        self.worker = "tests.exl2.worker" if stand_in else "oci_tui.engine.worker"
        self.log = scratch / "engine.log"
        self.main = str(folders[max(folders)])

    def fidelity(self) -> Iterator[Row]:
        for bits, folder in self.folders.items():
            reference, measured = (self._logits(kind, folder) for kind in ("cpu", "cpu" if self.stand_in else "gpu"))
            p, q = _log_softmax(reference), _log_softmax(measured)
            divergence = float((np.exp(p) * (p - q)).sum(-1).mean())
            agreement = float((reference.argmax(-1) == measured.argmax(-1)).mean())
            yield Row(
                f"logits at {bits} bits against the CPU reader",
                f"KL {divergence:.5f}, top-1 {agreement:.1%}",
                divergence <= MOST_KL and agreement >= LEAST_AGREEMENT,
            )

    def _logits(self, kind: str, folder: Path) -> Any:
        out = self.scratch / f"{kind}.npy"
        subprocess.run([sys.executable, "-m", "tests.gpu.logits", kind, str(folder), str(out)], check=True)
        return np.load(out)

    async def streaming(self) -> Iterator[Row]:
        began = time.perf_counter()
        async with loaded(self.worker, self.log, model=self.main) as engine:
            load_s = time.perf_counter() - began
            info = await engine.describe()
            heard = await reply(engine, PROMPT)
            rows = [
                Row("load", f"{load_s:.1f} s; {info.device}; {'; '.join(info.notes)}", True),
                Row("streaming", f"{heard.pieces} pieces for {heard.usage.reply_tokens} tokens", heard.pieces > 20),
            ]
            async with aclosing(engine.generate(Request((Message("user", PROMPT),), 1024))) as pieces:
                async for piece in pieces:
                    if piece.text:
                        break
                began = time.perf_counter()
            stopped_s = time.perf_counter() - began
            rows.append(Row("cancel", f"{stopped_s * 1000:.0f} ms", stopped_s < 1))
            context = "The lighthouse stood on a rock. " * 150
            cold = await reply(engine, context, tokens=16)
            warm = await reply(engine, context, cold.text, "Go on.", tokens=16)
            rows.append(
                Row(
                    "prefix reuse, second round",
                    f"first token after {cold.first_s * 1000:.0f} ms cold ({cold.usage.prompt_tokens} tokens), "
                    f"{warm.first_s * 1000:.0f} ms warm ({warm.usage.new_tokens} new)",
                    warm.first_s <= cold.first_s * MOST_OF_COLD,
                )
            )
            healed = await reply(engine, "What is the capital of France?", begin_with="The capital of Fr", tokens=8)
            rows.append(Row("goes on within a word", repr(healed.text), healed.text.startswith("ance")))
        return iter(rows)

    async def caches(self) -> Iterator[Row]:
        rows = []
        for cache in ("FP16", "Q8", "Q6", "Q4"):
            async with loaded(self.worker, self.log, model=self.main, cache=cache) as engine:
                heard = await reply(engine, PROMPT, tokens=self.tokens)
            speed = f"{heard.usage.tokens_per_second:.0f} tokens/s"
            rows.append(Row(f"cache {cache}", speed, heard.usage.reply_tokens > 0))
        return iter(rows)

    async def speed(self) -> Iterator[Row]:
        bare = json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.gpu.bare", self.main, str(self.tokens), "Q8", *["--stand-in"] * self.stand_in],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.splitlines()[-1]
        )
        async with loaded(self.worker, self.log, model=self.main) as engine:
            ours = max([(await reply(engine, PROMPT, tokens=self.tokens)).usage.tokens_per_second for _ in range(3)])
        limit = speed_limit(read_exl2(Path(self.main)), self.tokens, "Q8", bare["bandwidth"])
        share = f", {ours / limit:.0%} of the {limit:.0f} that the memory allows" if limit else ""
        ratio = ours / bare["tokens_per_second"]
        return iter(
            [
                Row(
                    "speed against the bare generator",
                    f"{ours:.0f} of {bare['tokens_per_second']:.0f} tokens/s ({ratio:.2f}×){share}",
                    ratio >= LEAST_OF_BARE or self.stand_in,
                )
            ]
        )

    async def drafting(self) -> Iterator[Row]:
        code = Path(__file__).read_text(encoding="utf-8")[:2000]
        async with loaded(self.worker, self.log, model=self.main, draft="ngram") as engine:
            heard = await reply(engine, f"Repeat this file:\n{code}", begin_with=code[:400], tokens=self.tokens, drafts=(code,))
        usage = heard.usage
        return iter(
            [
                Row(
                    "n-gram drafting, repeating a file",
                    f"{usage.accepted_tokens} of {usage.drafted_tokens} accepted, {usage.tokens_per_second:.0f} tokens/s",
                    usage.accepted_tokens > 0,
                )
            ]
        )

    async def memory(self) -> Iterator[Row]:
        free = sum(gpu.free for gpu in gpus())
        async with loaded(self.worker, self.log, model=self.main) as engine:
            during = sum(gpu.free for gpu in gpus())
            await reply(engine, PROMPT, tokens=8)
        left = (free - sum(gpu.free for gpu in gpus())) / 1e6
        rows = [Row("memory after unload", f"{(free - during) / 1e6:.0f} MB in use, {left:.0f} MB left behind", left < LEFT_MB)]
        if not self.stand_in:
            said = "it loaded"
            try:
                async with loaded(self.worker, self.log, model=self._endless(), context=2**24):
                    pass
            except EngineError as error:
                said = str(error)
            rows.append(Row("more context than memory", said, "engine.context" in said))
        return iter(rows)

    def _endless(self) -> str:
        """The model with a window that no GPU holds: 200 GB of cache."""
        folder = linked(Path(self.main), self.scratch / "endless")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 2**24}), encoding="utf-8")
        return str(folder)

    async def death(self) -> Iterator[Row]:
        async with loaded(self.worker, self.log, model=self.main) as engine:
            (child,) = psutil.Process().children()
            said = "it went on"
            try:
                async with aclosing(engine.generate(Request((Message("user", PROMPT),), 1024))) as pieces:
                    async for piece in pieces:
                        if piece.text:
                            os.kill(child.pid, signal.SIGKILL)
            except EngineError as error:
                said = str(error)
            again = await reply(engine, PROMPT, tokens=8)
        return iter([Row("kill -9 of the worker", said, again.usage.reply_tokens == 8 and said != "it went on")])


async def check(gguf: Path, tokens: int, *, stand_in: bool, bits: tuple[int, ...]) -> list[Row]:
    """Run every check, printing each row as it comes."""
    with tempfile.TemporaryDirectory(prefix="oci-gpu-") as scratch:
        folders = {width: Path(scratch, f"smollm2-{width}") for width in bits}
        for width, folder in folders.items():
            write_folder(gguf, folder, width)
        checks = Checks(folders, Path(scratch), tokens, stand_in=stand_in)
        where = ", ".join(gpu.name for gpu in gpus()) if not stand_in else "the CPU, standing in"
        print(f"| on {where or 'no GPU'}, {time.strftime('%Y-%m-%d')} | | |\n|---|---|---|")
        rows = []
        for row in checks.fidelity():
            rows.append(row)
            print(row, flush=True)
        for part in (checks.streaming, checks.caches, checks.speed, checks.drafting, checks.memory, checks.death):
            for row in await part():
                rows.append(row)
                print(row, flush=True)
    return rows


def _log_softmax(logits: Any) -> Any:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--stand-in", action="store_true")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 6, 5, 4])
    asked = parser.parse_args()
    rows = asyncio.run(check(asked.gguf, asked.tokens, stand_in=asked.stand_in, bits=tuple(asked.bits)))
    sys.exit(0 if all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    main()
