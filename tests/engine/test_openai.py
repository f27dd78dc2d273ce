"""A server that refuses, stalls, breaks off or talks nonsense costs one clear line, and the key is in none of them."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import CREATIVE, EngineInfo, Message, Piece, Request, Sampling
from oci_tui.engine import installation
from oci_tui.engine.openai import OpenAiEngine, sampler_values
from oci_tui.engine.opening import open_engine
from oci_tui.settings import EngineSettings
from tests.engine.llama_server import LlamaServer
from tests.engine.misbehaving_server import DONE, MODELS, WELL, Answer, MisbehavingServer, event

KEY = "sk-very-secret-0123456789"
ASK = Request((Message("user", "hello"),), max_new_tokens=50)
CHAT = "POST /v1/chat/completions"


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[MisbehavingServer]:
    async with MisbehavingServer().serving() as server:
        yield server


@asynccontextmanager
async def started(url: str, model: str = "", timeout_s: float = 20) -> AsyncGenerator[OpenAiEngine]:
    engine = OpenAiEngine(EngineSettings(kind="openai", url=url, model=model, timeout_s=timeout_s), pause_s=0.01)
    try:
        async with aclosing(engine.start()) as progress:
            async for _ in progress:
                pass
        yield engine
    finally:
        await engine.close()


async def reply(url: str, request: Request = ASK, model: str = "", timeout_s: float = 20) -> list[Piece]:
    async with started(url, model, timeout_s) as engine, aclosing(engine.generate(request)) as pieces:
        return [piece async for piece in pieces]


async def described(url: str, model: str = "") -> EngineInfo:
    async with started(url, model) as engine:
        return await engine.describe()


async def failure(server: MisbehavingServer, model: str = "") -> str:
    """What a person is told of a start and a reply at this server."""
    with pytest.raises(EngineError) as caught:
        await reply(server.url, model=model)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    return str(caught.value)


async def test_a_reply_is_the_text_of_its_events_and_the_usage_that_the_server_counts(server: MisbehavingServer) -> None:
    pieces = await reply(server.url)
    assert [piece.text for piece in pieces] == ["Hel", "lo", ""]
    usage = pieces[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.cached_tokens, usage.reply_tokens, usage.end) == (7, 5, 2, "stop")
    info = await described(server.url)
    assert (info.engine, info.model, info.context) == ("vLLM", "tiny", 4096)
    assert info.notes == ("engine.context is 8192, but the server's window is 4096",)


@pytest.mark.parametrize(
    ("answer", "key", "words"),
    [
        (
            (401, "", {"error": {"message": f"k {KEY}"}}),
            KEY,
            "401: the key in OCI_API_KEY is not valid (it says: k …)",
        ),
        ((401, "", ""), "", "401: it wants a key; set OCI_API_KEY"),
        ((403, "", {"detail": "no"}), KEY, "403: this is not allowed with the key in OCI_API_KEY (it says: no)"),
        (
            (404, "", "<html>nginx</html>"),
            "",
            "404: nothing there has this name; see engine.model",
        ),
        (
            (302, "Location: http://other/v1/models\r\n", ""),
            KEY,
            "302: it leads elsewhere, where the key is not sent",
        ),
        ((500, "", "boom\x1b[31m"), "", "500: see the server's log (it says: boom"),
        ((400, "", {"error": "too long"}), "", "400: the server refuses the request (it says: too long)"),
        ((200, "", "<html>"), "", "answers models with something that is not JSON; correct engine.url"),
        ((200, "", {"data": []}), "", "serves no model; load one there, or set engine.model"),
        ((200, "", []), "", "serves no model"),
    ],
)
async def test_an_error_at_the_start_is_one_clear_line(
    server: MisbehavingServer, answer: Answer, key: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCI_API_KEY", key)
    server.answers["GET /v1/models"] = answer
    said = await failure(server)
    assert said.startswith(f"{server.url}: ")
    assert words in said
    assert "\x1b" not in said
    server.answers["GET /v1/models"] = MODELS
    assert await reply(server.url)


@pytest.mark.parametrize(
    ("answer", "words", "times"),
    [
        ((401, "", ""), "401: it wants a key", 1),
        ((404, "", {"error": {"message": "model gone"}}), "404: nothing there has this name", 1),
        ((429, "", ""), "429: too many requests; wait", 4),
        ((429, "Retry-After: 3600\r\n", ""), "429: too many requests; wait", 1),
        ((503, "", "busy"), "503: see the server's log", 4),
        ((500, "", ""), "500: see the server's log", 1),
        ((200, "Content-Type: text/html\r\n", "hello"), "does not stream its reply", 1),
    ],
)
async def test_a_request_is_sent_again_only_where_nothing_was_served(
    server: MisbehavingServer, answer: Answer, words: str, times: int
) -> None:
    server.answers[CHAT] = answer
    assert words in await failure(server)
    assert server.times(CHAT) == times


async def test_a_server_that_is_busy_for_a_moment_is_asked_again(server: MisbehavingServer) -> None:
    well = b"".join([*WELL, DONE])
    server.answers[CHAT] = [
        (429, "Retry-After: 0\r\n", ""),
        (503, "", ""),
        (200, "Content-Type: text/event-stream\r\n", well),
    ]
    assert [piece.text for piece in await reply(server.url)] == ["Hel", "lo", ""]
    assert server.times(CHAT) == 3


@pytest.mark.parametrize(
    ("pieces", "reset", "words"),
    [
        ([event("Hel")], False, "the reply broke off; see the server's log"),
        ([event("Hel"), DONE], False, "the reply broke off"),
        ([event("Hel")], True, "the connection broke"),
        ([b"data: {broken\n\n"], False, "streams what is not JSON"),
        ([event("a"), b'data: {"error": {"message": "out of memory"}}\n\n'], False, "ended the reply: out of memory"),
    ],
)
async def test_a_reply_that_does_not_end_well_is_never_taken_for_whole(
    server: MisbehavingServer, pieces: list[bytes], reset: bool, words: str
) -> None:
    server.pieces, server.reset = pieces, reset
    assert words in await failure(server)
    assert server.times(CHAT) == 1


async def test_a_silent_server_is_given_up_after_the_time_of_the_settings(server: MisbehavingServer) -> None:
    server.pieces, server.hold = [event("Hel")], True
    with pytest.raises(EngineError, match=r"said nothing for 0\.2 s; raise engine\.timeout_s"):
        await reply(server.url, timeout_s=0.2)


async def test_stopping_a_reply_closes_the_connection_which_stops_the_server(server: MisbehavingServer) -> None:
    server.pieces, server.hold = [event("Hel")], True
    async with started(server.url) as engine:
        async with aclosing(engine.generate(ASK)) as pieces:
            assert (await anext(pieces)).text == "Hel"
            assert not server.gone.is_set()
        async with asyncio.timeout(10):
            await server.gone.wait()


async def test_nothing_listening_and_no_address_are_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(EngineError, match=r"cannot be reached \(.*\); start the server there, or correct engine\.url"):
            await described(url)
    for url, words in (
        ("localhost:8080", "no address of a server"),
        ("http://", "no address"),
        (f"http://user:{KEY}@localhost/v1", "put the key in OCI_API_KEY"),
        (f"http://localhost/v1?key={KEY}", "put the key in OCI_API_KEY"),
    ):
        with pytest.raises(EngineError, match=words) as caught:
            await described(url)
        assert KEY not in str(caught.value)
    with pytest.raises(EngineError, match=r"engine\.url names no server"):
        open_engine(EngineSettings(kind="openai"), Path("log"))
    assert isinstance(open_engine(EngineSettings(url="http://localhost:1/v1"), Path("log")), OpenAiEngine)


async def test_a_model_that_is_not_served_is_named_with_those_that_are(server: MisbehavingServer) -> None:
    with pytest.raises(ModelError, match=r"serves no model 'huge'; set engine\.model to one of: tiny"):
        await described(server.url, "huge")
    assert (await described(server.url, "tiny")).model == "tiny"


async def test_a_server_that_tells_nothing_of_itself_is_used_when_the_model_is_named(server: MisbehavingServer) -> None:
    server.answers = dict.fromkeys(("GET /props", "GET /v1/model", "GET /api/ps"), (403, "", ""))
    with pytest.raises(EngineError, match="404: nothing there has this name"):
        await described(server.url)
    assert [piece.text for piece in await reply(server.url, model="mine")] == ["Hel", "lo", ""]
    assert server.asked[-1][2]["model"] == "mine"


async def test_a_server_that_loads_its_model_is_waited_for(server: MisbehavingServer) -> None:
    server.answers["GET /v1/models"] = [(503, "", {"error": "Loading model"})] * 3 + [MODELS]
    assert await reply(server.url)
    assert server.times("GET /v1/models") == 4


async def test_the_window_is_asked_of_each_server_in_its_own_way(server: MisbehavingServer) -> None:
    plain: Answer = (200, "", {"data": [{"id": "tiny"}]})
    for path, answer, name, window in (
        ("GET /props", {"default_generation_settings": {"n_ctx": 2048}}, "llama.cpp", 2048),
        ("GET /v1/model", {"id": "tiny", "parameters": {"max_seq_len": 1536}}, "TabbyAPI", 1536),
        ("GET /api/ps", {"models": [{"name": "tiny", "context_length": 1024}]}, "Ollama", 1024),
        ("GET /api/ps", {"models": []}, "unknown", 8192),
    ):
        server.answers = {"GET /v1/models": plain, path: (200, "", answer)}
        info = await described(server.url)
        if name == "unknown":
            assert "the server does not tell its window" in info.notes[0]
        else:
            assert (info.engine, info.context) == (name, window)


async def test_the_key_travels_in_the_header_and_is_logged_nowhere(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OCI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    async with started(server.url) as engine:
        assert KEY not in repr(await engine.describe()) + repr(engine)
    await reply(server.url)
    assert {headers.get("authorization") for _, headers, _ in server.asked} == {f"Bearer {KEY}"}
    assert server.times(CHAT) == 1
    assert KEY not in caplog.text
    monkeypatch.setenv("OCI_API_KEY", "két\n")
    with pytest.raises(EngineError, match="a key is plain ASCII text"):
        await described(server.url)


async def test_every_sampler_value_that_a_server_knows_is_sent(server: MisbehavingServer) -> None:
    sampling = Sampling(0.5, 0.9, 40, 0.1, 0.8, 1.1, 0.2, 0.3, 0.7, 0.6, 42)
    await reply(server.url, Request(ASK.messages, sampling=sampling, stop=("X",), alternatives=2))
    sent = server.asked[-1][2]
    known = {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1, "seed": 42}
    assert {name: sent[name] for name in known} == known
    assert (sent["presence_penalty"], sent["frequency_penalty"]) == (0.2, 0.3)
    assert sent["stop"] == ["X"]
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 2)
    assert set(sampler_values(CREATIVE, "unknown")) == {"temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"}
    assert set(sampler_values(CREATIVE, "llama.cpp")) == set(Sampling.__struct_fields__)


async def test_a_reply_is_continued_in_the_way_of_each_server(server: MisbehavingServer) -> None:
    request = Request(ASK.messages, begin_with="Hel")
    await reply(server.url, request)
    sent = server.asked[-1][2]
    assert sent["messages"][-1] == {"role": "assistant", "content": "Hel"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    server.answers = {"GET /v1/models": (200, "", {"data": [{"id": "tiny"}]})}
    with pytest.raises(EngineError, match="a reply cannot be continued there"):
        await reply(server.url, request)


def test_doctor_tells_of_the_endpoint() -> None:
    [row] = installation.examine(EngineSettings(kind="openai", url="http://127.0.0.1:9/v1"))
    assert (row.part, row.state, row.needed) == ("engine", "missing", True)
    assert "cannot be reached" in row.detail
    assert installation.setups(EngineSettings(url="http://127.0.0.1:9/v1")) == []


@pytest.mark.model
def test_a_real_server_with_a_key(smollm2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = LlamaServer(smollm2, KEY)
    server.start()
    try:
        [row] = installation.examine(EngineSettings(url=server.url))
        assert "401: it wants a key; set OCI_API_KEY" in row.detail
        monkeypatch.setenv("OCI_API_KEY", KEY)
        row, *warnings = installation.examine(EngineSettings(url=server.url))
        assert row.state == "ok"
        assert "llama.cpp at http://127.0.0.1" in row.detail
        assert "the server's window is 1024" in warnings[0].detail
        assert KEY not in json.dumps([row.detail, warnings[0].detail])
    finally:
        server.kill()
