"""Every check of the EXL2 engine that needs a GPU, as one table: `python -m tests.gpu MODEL.gguf [--stand-in]`.

`MODEL.gguf` is the small model (`oci-tui models pull smollm2`), quantized here to 8, 6, 5 and 4 bits; nothing is fetched.
Needs torch, exllamav2 and gguf, and for the kernels nvcc and a C++ compiler. With `--stand-in` the CPU stands in for the GPU,
which proves the script and none of its figures. Exits 1 when a check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from oci_tui.core.errors import EngineError, OciError
from oci_tui.core.generation import Lora, Message, Request
from oci_tui.engine.exl2_folder import read_exl2
from oci_tui.engine.fit import gpus, speed_limit
from oci_tui.engine.process import EngineProcess
from tests.exl2.folder import linked, write_folder
from tests.exl2.lora import write_lora
from tests.gpu.asking import PROMPT, loaded, reply
from tests.gpu.sizes import SHAPES, TINY, write_random

# KL divergence and top-1 agreement of the kernels with the CPU reader, on the same weights: rounding only.
MOST_KL, LEAST_AGREEMENT = 0.005, 0.95
LEAST_OF_BARE = 0.97
MOST_OF_COLD = 0.5
LEFT_MB = 600
AT_ONCE = 4
PARTS = ("attention", "fidelity", "streaming", "speed", "ways_to_load", "drafting", "lora", "memory", "death", "sizes")


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

    async def attention(self) -> AsyncIterator[Row]:
        if not self.stand_in:
            found = self._printed("tests.gpu.attention")
            said = f"{found['cases']} cases, at most {found['worst']:.4f} away"
            yield Row("attention to pages by torch beside the plain sum", said, True)

    async def fidelity(self) -> AsyncIterator[Row]:
        for bits, folder in self.folders.items():
            kinds = ("cpu",) if self.stand_in else ("cpu", "gpu", "pages")
            with ThreadPoolExecutor() as pool:
                logits = dict(zip(kinds, pool.map(self._logits, kinds, [folder] * len(kinds)), strict=True))
            reference = logits["cpu"]
            for kind, named in (("gpu", ""), ("pages", ", attention to pages by torch")):
                measured = logits.get(kind, reference)
                p, q = _log_softmax(reference), _log_softmax(measured)
                divergence = float((np.exp(p) * (p - q)).sum(-1).mean())
                agreement = float((reference.argmax(-1) == measured.argmax(-1)).mean())
                yield Row(
                    f"logits at {bits} bits against the CPU reader{named}",
                    f"KL {divergence:.5f}, top-1 {agreement:.1%}",
                    divergence <= MOST_KL and agreement >= LEAST_AGREEMENT,
                )

    def _logits(self, kind: str, folder: Path) -> Any:
        out = self.scratch / f"{kind}.npy"
        subprocess.run([sys.executable, "-m", "tests.gpu.logits", kind, str(folder), str(out)], check=True)
        return np.load(out)

    async def streaming(self) -> AsyncIterator[Row]:
        began = time.perf_counter()
        async with loaded(self.worker, self.log, model=self.main) as engine:
            load_s = time.perf_counter() - began
            info = await engine.describe()
            heard = await reply(engine, PROMPT)
            yield Row("load", f"{load_s:.1f} s; {info.device}; {'; '.join(info.notes)}", True)
            yield Row("streaming", f"{heard.pieces} pieces for {heard.usage.reply_tokens} tokens", heard.pieces > 20)
            async with aclosing(engine.generate(Request((Message("user", PROMPT),), 1024))) as pieces:
                async for piece in pieces:
                    if piece.text:
                        break
                began = time.perf_counter()
            stopped_s = time.perf_counter() - began
            yield Row("cancel", f"{stopped_s * 1000:.0f} ms", stopped_s < 1)
            # The first conversation loads kernels that the second one times.
            for context in ("The keeper lit the lamp. " * 180, "The lighthouse stood on a rock. " * 150):
                cold = await reply(engine, context, tokens=16)
                warm = await reply(engine, context, cold.text, "Go on.", tokens=16)
            yield Row(
                "prefix reuse, second round",
                f"first token after {cold.first_s * 1000:.0f} ms cold ({cold.usage.prompt_tokens} tokens), "
                f"{warm.first_s * 1000:.0f} ms warm ({warm.usage.new_tokens} new)",
                warm.first_s <= cold.first_s * MOST_OF_COLD,
            )
            healed = await reply(engine, "What is the capital of France?", begin_with="The capital of Fr", tokens=8)
            yield Row("goes on within a word", repr(healed.text), healed.text.startswith("ance"))

    async def ways_to_load(self) -> AsyncIterator[Row]:
        ways = [
            ("cache", "FP16"),
            ("cache", "Q8"),
            ("cache", "Q6"),
            ("cache", "Q4"),
            ("gpu_split", (8.0,)),
            ("yarn_factor", 2.0),
        ]
        for setting, value in ways:
            async with loaded(self.worker, self.log, model=self.main, **{setting: value}) as engine:
                heard = await reply(engine, PROMPT, tokens=self.tokens)
            speed = f"{heard.usage.tokens_per_second:.0f} tokens/s, {heard.text[:40]!r}"
            yield Row(f"{setting} {value}", speed, heard.usage.reply_tokens > 0)

    async def speed(self) -> AsyncIterator[Row]:
        bare = self._bare(self.main)
        async with loaded(self.worker, self.log, model=self.main, at_once=AT_ONCE) as engine:
            ours = max([(await reply(engine, PROMPT, tokens=self.tokens)).usage.tokens_per_second for _ in range(3)])
            together = await self._together(engine)
        limit = speed_limit(read_exl2(Path(self.main)), self.tokens, "Q8", bare["bandwidth"])
        share = f", {ours / limit:.0%} of the {limit:.0f} that the memory allows" if limit else ""
        ratio = ours / bare["tokens_per_second"]
        yield Row(
            "speed against the bare generator",
            f"{ours:.0f} of {bare['tokens_per_second']:.0f} tokens/s ({ratio:.2f}×){share}",
            ratio >= LEAST_OF_BARE or self.stand_in,
        )
        yield Row(
            f"{AT_ONCE} replies at once",
            f"{together:.0f} tokens/s together, {together / ours:.1f}× of one",
            together > ours or self.stand_in,
        )

    def _bare(self, folder: str) -> dict[str, float]:
        """What `tests.gpu.bare` prints: the library by itself, and the memory's speed."""
        return self._printed("tests.gpu.bare", folder, str(self.tokens), "Q8", *["--stand-in"] * self.stand_in)

    def _printed(self, module: str, *arguments: str) -> dict[str, float]:
        """The figures in the last line that a module prints, run by itself."""
        command = [sys.executable, "-m", module, *arguments]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        measured: dict[str, float] = json.loads(printed.splitlines()[-1])
        return measured

    async def _together(self, engine: EngineProcess) -> float:
        """Tokens per second of replies to different prompts, from the first one's start to the last one's end."""
        began = time.perf_counter()
        heard = await asyncio.gather(
            *(reply(engine, f"{number}. {PROMPT}", tokens=self.tokens // 2) for number in range(AT_ONCE))
        )
        return sum(one.usage.reply_tokens for one in heard) / (time.perf_counter() - began)

    async def drafting(self) -> AsyncIterator[Row]:
        code = Path(__file__).read_text(encoding="utf-8")[:2000]
        for draft, named in (
            ("", "none"),
            ("ngram", "n-grams"),
            (str(self.folders[min(self.folders)]), "the model at fewest bits"),
        ):
            async with loaded(self.worker, self.log, model=self.main, draft=draft) as engine:
                heard = await reply(
                    engine, f"Repeat this file:\n{code}", begin_with=code[:400], tokens=self.tokens, drafts=(code,)
                )
            usage = heard.usage
            yield Row(
                f"repeating a file, drafting by {named}",
                f"{usage.accepted_tokens} of {usage.drafted_tokens} accepted, {usage.tokens_per_second:.0f} tokens/s",
                bool(usage.accepted_tokens) is bool(draft),
            )

    async def lora(self) -> AsyncIterator[Row]:
        """A request's own LoRA changes the reply; of scale 0, it does not."""
        path = str(write_lora(self.scratch / "lora", Path(self.main)))
        async with loaded(self.worker, self.log, model=self.main) as engine:
            plain = await reply(engine, PROMPT)
            strong, none = [await reply(engine, PROMPT, loras=(Lora(path, scale),)) for scale in (60.0, 0.0)]
        same, other = (_shared(plain.text, one.text) for one in (none, strong))
        yield Row("LoRA", f"as without it: the first {same} characters at scale 0, {other} at 60", other < same)

    async def memory(self) -> AsyncIterator[Row]:
        free = sum(gpu.free for gpu in gpus())
        async with loaded(self.worker, self.log, model=self.main) as engine:
            during = sum(gpu.free for gpu in gpus())
            await reply(engine, PROMPT, tokens=8)
        left = (free - sum(gpu.free for gpu in gpus())) / 1e6
        yield Row("memory after unload", f"{(free - during) / 1e6:.0f} MB in use, {left:.0f} MB left behind", left < LEFT_MB)
        if not self.stand_in:
            said = "it loaded"
            try:
                async with loaded(self.worker, self.log, model=self._endless(), context=2**23, cache="FP16"):
                    pass
            except EngineError as error:
                said = str(error)
            yield Row("more context than memory", said, "engine.context" in said)

    def _endless(self) -> str:
        """The model with a window that no GPU holds: 200 GB of cache."""
        folder = linked(Path(self.main), self.scratch / "endless")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 2**23}), encoding="utf-8")
        return str(folder)

    async def death(self) -> AsyncIterator[Row]:
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
        yield Row("kill -9 of the worker", said, again.usage.reply_tokens == 8 and said != "it went on")

    async def sizes(self) -> AsyncIterator[Row]:
        """Models of the sizes that people run, of numbers drawn at random: what a token costs does not hang on them."""
        for shape in SHAPES if not self.stand_in else (TINY,):
            folder = write_random(shape, Path(self.main), self.scratch / "sizes")
            facts, bare = read_exl2(folder), self._bare(str(folder))
            async with loaded(self.worker, self.log, model=str(folder), context=8192, at_once=AT_ONCE) as engine:
                heard = [await reply(engine, PROMPT, tokens=self.tokens) for _ in "ab"][-1].usage
                long = (await reply(engine, "The lighthouse stood on a rock. " * 800, tokens=64)).usage
                together = await self._together(engine)
            limit = speed_limit(facts, heard.prompt_tokens + self.tokens // 2, "Q8", bare["bandwidth"])
            share = f" ({heard.tokens_per_second / limit:.0%} of what the memory allows)" if limit else ""
            speeds = f"{heard.tokens_per_second:.0f} of {bare['tokens_per_second']:.0f} tokens/s"
            yield Row(
                f"{shape.name}, {facts.weight_bytes / 1e9:.1f} GB",
                f"{speeds}{share}; {AT_ONCE} at once {together:.0f}; "
                f"a prompt of {long.prompt_tokens} in {long.first_token_s:.1f} s, then {long.tokens_per_second:.0f}",
                heard.reply_tokens > 0,
            )
            shutil.rmtree(folder)


async def check(gguf: Path, tokens: int, *, stand_in: bool, bits: tuple[int, ...], only: list[str]) -> list[Row]:
    """Run every check, or those named, printing each row as it comes."""
    with tempfile.TemporaryDirectory(prefix="oci-gpu-") as scratch:
        folders = {width: Path(scratch, f"smollm2-{width}") for width in bits}
        with ProcessPoolExecutor() as pool:
            list(pool.map(write_folder, [gguf] * len(bits), folders.values(), bits))
        checks = Checks(folders, Path(scratch), tokens, stand_in=stand_in)
        where = ", ".join(gpu.name for gpu in gpus()) if not stand_in else "the CPU, standing in"
        print(f"| on {where or 'no GPU'}, {time.strftime('%Y-%m-%d')} | | |\n|---|---|---|", flush=True)
        rows = []
        for name in only or PARTS:
            began = time.perf_counter()
            try:
                async for row in getattr(checks, name)():
                    rows.append(row)
                    print(row, flush=True)
            except (OciError, subprocess.CalledProcessError) as error:
                rows.append(Row(name, str(error), passed=False))
                print(rows[-1], getattr(error, "stderr", None) or "", flush=True)
            print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return rows


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _log_softmax(logits: Any) -> Any:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--stand-in", action="store_true")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 6, 5, 4])
    parser.add_argument("--only", choices=PARTS, nargs="+", default=[])
    asked = parser.parse_args()
    rows = asyncio.run(check(asked.gguf, asked.tokens, stand_in=asked.stand_in, bits=tuple(asked.bits), only=asked.only))
    sys.exit(0 if all(row.passed for row in rows) else 1)


if __name__ == "__main__":
    main()
