"""What a client may send at worst: it is refused in one line, the host goes on, and nobody else notices."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from oci_tui.core.company import Role
from oci_tui.core.events import ChangeAccepted, DiffChanged, EngineReady, ReplyFinished, TurnStarted
from oci_tui.resources import runtime_folder
from oci_tui.share import host as hosts
from oci_tui.share import protocol
from oci_tui.share.follower import MOST_WAITING
from oci_tui.share.frames import message_frame
from oci_tui.share.host import Host
from oci_tui.share.protocol import Done, Greeted, Hello, Join, Picked, Refused
from tests.calculator import FILES, RIGHT, MakeRepository
from tests.share.hosting import HELLO, NAME, attached, hosted, joining, raw, settings

HEAD = struct.Struct(">Ic")


@pytest.fixture
async def host(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    async with hosted(make_repository(FILES), settings(tmp_path, *[RIGHT] * 3), monkeypatch) as running:
        yield running


def frame(body: bytes, kind: bytes = b"C") -> bytes:
    return HEAD.pack(len(body) + 1, kind) + body


async def assert_it_lives() -> None:
    """A turn is done for somebody who behaves."""
    async with attached() as client:
        told = await client.play(client.session.ask("make it pass"))
        assert any(isinstance(event, ReplyFinished) for event in told)


FIRST = {
    "words": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no frame"),
    "too large": (HEAD.pack(protocol.FIRST_FRAME + 1, b"C"), "is not allowed"),
    "huge": (HEAD.pack(2**32 - 1, b"C"), "is not allowed"),
    "empty": (HEAD.pack(0, b"C"), "is not allowed"),
    "an event": (frame(b'{"event":"TurnFailed","message":"x"}', b"E"), "no message"),
    "no JSON": (frame(b"\xff\xfe"), "no message"),
    "deep": (frame(b"[" * 60_000), "no message"),
    "deep where it is not known": (frame(b'{"say":"Hello","version":1,"x":' + b"[" * 60_000), "no message"),
    "version 2": (message_frame(Hello(2, "later")), "version 1 of the protocol, not 2"),
    "no version": (frame(b'{"say":"Hello"}'), "no message"),
    "version in words": (frame(b'{"say":"Hello","version":"1"}'), "no message"),
    "not Hello": (frame(b'{"say":"Join","version":1}'), "no message"),
    "join before hello": (message_frame(Join(1)), "no message"),
}


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.usefixtures("host")
async def test_what_is_no_hello_is_refused(name: str) -> None:
    sent, reason = FIRST[name]
    async with raw(sent) as client:
        (refused,) = await client.answers()
    assert isinstance(refused, Refused)
    assert reason in refused.reason
    assert "\n" not in refused.reason
    await assert_it_lives()


AFTER = {
    "an unknown message": frame(b'{"say":"Format","id":1}'),
    "a number too large": frame(b'{"say":"Undo","id":99999999999999999999}'),
    "a negative number": frame(b'{"say":"Undo","id":-1}'),
    "another type": frame(b'{"say":"Ask","id":1,"prompt":["x"]}'),
    "hello again": HELLO,
    "a session to open": message_frame(protocol.Open("/", msgspec.Raw(b"{}"))),
    "the end": message_frame(protocol.End()),
    "an event": frame(b'{"event":"ChangeAccepted","paths":[]}', b"E"),
    "another kind": frame(b"{}", b"X"),
    "a frame too large": HEAD.pack(protocol.CLIENT_FRAME + 1, b"C"),
}


@pytest.mark.parametrize("name", AFTER)
@pytest.mark.usefixtures("host")
async def test_what_is_no_command_ends_only_that_connection(name: str) -> None:
    async with attached() as other:
        async with raw(joining(), AFTER[name]) as client:
            answers = await client.answers()
        assert isinstance(answers[-1], Refused)
        assert "\n" not in answers[-1].reason
        told = await other.play(other.session.ask("go on"))
        assert any(isinstance(event, ReplyFinished) for event in told)


@pytest.mark.usefixtures("host")
async def test_random_bytes_and_broken_frames() -> None:
    """Whatever comes, after any beginning that is right; cut off anywhere."""
    chance = random.Random(8)
    good = [HELLO, message_frame(Join(1)), message_frame(protocol.Undo(1)), message_frame(protocol.Ask(2, "x" * 500))]
    for number in range(150):
        data = bytearray(b"".join(good[: chance.randint(0, 4)]) + chance.randbytes(chance.randint(0, 400)))
        for _ in range(chance.randint(0, 6)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(runtime_folder() / f"{NAME}.sock"))
        connected.sendall(bytes(data[: chance.randint(0, len(data))]))
        if number % 3:
            connected.shutdown(socket.SHUT_WR)
        connected.close()
        await asyncio.sleep(0)
    await assert_it_lives()


@pytest.mark.usefixtures("host")
async def test_who_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "HELLO_S", 0.05)
    async with raw(HELLO[:3]) as client:
        (refused,) = await client.answers()
    assert isinstance(refused, Refused)
    assert "nothing was said" in refused.reason


@pytest.mark.usefixtures("host")
async def test_a_crowd_is_refused_and_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "MOST_CLIENTS", 2)
    async with raw(HELLO) as first, raw(HELLO) as second:
        assert isinstance(await first.answer(), Greeted)
        assert isinstance(await second.answer(), Greeted)
        async with raw(HELLO) as third:
            (refused,) = await third.answers()
            assert isinstance(refused, Refused)
            assert "2 clients are here already" in refused.reason
    async with asyncio.timeout(20):
        answer: object = None
        while not isinstance(answer, Greeted):
            async with raw(HELLO) as later:
                answer = await later.answer()


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("role", ["navigator", "observer"])
async def test_a_forged_role_is_refused_by_the_host(tmp_path: Path, role: Role) -> None:
    """The client says what it likes; what it may is decided by who it is there."""
    async with attached("driver") as driver:
        await driver.play(driver.session.ask("make it pass"))
        assert driver.saw(DiffChanged)
        forged: list[protocol.Command] = [
            protocol.Accept(1),
            protocol.Reject(2),
            protocol.Run(3, "rm -rf ."),
            protocol.Undo(4),
            protocol.Redo(5),
            protocol.Commit(6, "x"),
            protocol.Restore(7, 1),
            protocol.GiveWay(8, ("calc.py",)),
            protocol.Include(9, ".env"),
            protocol.Settle(1, True),
            protocol.Stop(),
        ]
        async with raw(joining(role), *map(message_frame, forged)) as client:
            problems: list[str] = []
            while len(problems) < len(forged):
                answer = await client.answer()
                if isinstance(answer, Done):
                    problems.append(answer.problem)
        assert all(problem.startswith(("only the driver", "no suggestion")) for problem in problems), problems
        assert not driver.saw(ChangeAccepted)
    assert (tmp_path / "repository" / "calc.py").read_text() == FILES["calc.py"]


@pytest.mark.usefixtures("host")
async def test_an_observer_asks_in_vain() -> None:
    async with attached("driver") as driver, raw(joining("observer"), message_frame(protocol.Ask(1, "rm"))) as client:
        while not isinstance(answer := await client.answer(), Done):
            continue
        assert answer.problem.startswith("only the driver can do that; you are observer, and ")
        await driver.until(lambda: driver.saw(EngineReady))
        assert not driver.saw(TurnStarted)


@pytest.mark.usefixtures("host")
async def test_a_selection_of_another_change_is_refused(tmp_path: Path) -> None:
    """Not even the driver can have something accepted that nobody saw."""
    async with attached("driver") as driver:
        await driver.play(driver.session.ask("make it pass"))
    forged = message_frame(protocol.Accept(1, (Picked("calc.py", "0" * 64),)))
    async with raw(joining("driver"), forged) as client:
        while not isinstance(answer := await client.answer(), Done):
            continue
    assert answer.problem == "calc.py: the pending change is another now; look at it again"
    assert (tmp_path / "repository" / "calc.py").read_text() == FILES["calc.py"]


async def test_one_who_asks_and_never_reads_holds_up_nobody(host: Host) -> None:
    """What the host keeps for it is bounded."""
    async with raw(joining("observer")) as client:
        for _ in range(3):
            await client.answer()
        (follower,) = host._sessions[1]._followers.values()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for number in range(1, 20_000):
            client.writer.write(message_frame(protocol.Undo(number)))
        await assert_it_lives()
        assert follower._writer.transport.get_write_buffer_size() < 5 * MOST_WAITING
