"""Sessions that outlive their clients: late comers, slow readers, several sessions with one engine, guests, the end."""

from __future__ import annotations

import asyncio
import grp
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from oci_tui import assemble_hosts
from oci_tui.core.company import CompanyChanged, HostLost, ParticipantJoined, PromptSuggested, RoleChanged
from oci_tui.core.errors import ShareError
from oci_tui.core.events import (
    ChangeAccepted,
    DiffChanged,
    EngineReady,
    HistoryListed,
    ReplyGrew,
    SessionStarted,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from oci_tui.core.selection import Selection
from oci_tui.core.verdict import Verdict
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.resources import runtime_folder, state_folder
from oci_tui.settings import EngineSettings, Settings
from oci_tui.share import protocol
from oci_tui.share.doors import connect, group_door, hosts, own_door
from oci_tui.share.frames import message_frame
from oci_tui.share.host import Host
from oci_tui.share.protocol import Ask, Done, Greeted, Refused
from oci_tui.share.remote import RemoteSession
from tests.calculator import FILES, FIXED, RIGHT, MakeRepository
from tests.share.hosting import (
    HELLO,
    NAME,
    Attached,
    Raw,
    attached,
    call,
    hosted,
    joining,
    raw,
    settings,
    stream,
    until_left,
    until_only,
)


def written(client: Attached) -> str:
    return "".join(event.text for event in client.events if isinstance(event, ReplyGrew))


async def test_a_client_that_dies_comes_back_in_the_middle(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosted(make_repository(FILES), settings(tmp_path, stream(600, 400)), monkeypatch):
        async with attached() as first:
            asking = asyncio.create_task(first.play(first.session.ask("write")))
            await first.until(lambda: " w50" in written(first))
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await until_left()
        async with attached() as second:
            assert second.session.company.me.role == "driver"
            assert " w50" in written(second)
            assert not second.saw(TurnFinished)
            await second.until(lambda: second.saw(TurnFinished))
            assert written(second) == "".join(f" w{number}" for number in range(600))
        async with attached("observer") as third:
            assert [event for event in third.events if isinstance(event, ReplyGrew | TurnStarted | TurnFinished)] == [
                event for event in second.events if isinstance(event, ReplyGrew | TurnStarted | TurnFinished)
            ]


async def test_a_slow_client_misses_nothing_and_holds_up_nobody(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads nothing while more is said than is kept for it, and gets the rest from the journal."""
    reply = {"pieces": [(0, f" w{number} {'x' * 4000}") for number in range(1500)]}
    async with hosted(make_repository(FILES), settings(tmp_path, reply), monkeypatch) as host, attached("driver") as driver:
        async with attached("observer") as slow:
            assert slow.session._writer is not None
            transport = slow.session._writer.transport
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
            await driver.play(driver.session.ask("write much"))
            follower = host._sessions[1]._followers[slow.session.company.me.number]
            assert not follower.live
            assert follower._writer.transport.get_write_buffer_size() < 2 << 20
            transport.resume_reading()
            await slow.until(lambda: slow.saw(TurnFinished))
            assert written(slow) == written(driver)
            await slow.until(lambda: follower.live)
        assert isinstance(driver.events[-1], CompanyChanged) or driver.saw(TurnFinished)


async def test_two_sessions_share_one_engine(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model: the second session's replies go on where the first's ended, and its leaving does not end it."""
    chosen = settings(tmp_path, "first", "second", "third")
    closed: list[ScriptedEngine] = []
    close = ScriptedEngine.close

    async def told(engine: ScriptedEngine) -> None:
        closed.append(engine)
        await close(engine)

    monkeypatch.setattr(ScriptedEngine, "close", told)
    async with hosted(make_repository(FILES), chosen, monkeypatch) as host:
        other = make_repository(FILES, "other")
        info = await call().open(assemble_hosts.opening(chosen, other))
        assert (info.number, info.root) == (2, str(other))
        async with attached(session=1) as one, attached(session=2) as two:
            await one.play(one.session.ask("go"))
            await two.play(two.session.ask("go"))
            assert (written(one), written(two)) == ("first", "second")
            await host._sessions[2].close()
            assert closed == []
            await one.play(one.session.ask("go"))
            assert written(one) == "firstthird"
        another = Settings(engine=EngineSettings(kind="scripted", replies="x"))
        with pytest.raises(ShareError, match="another engine"):
            await call().open(assemble_hosts.opening(another, other))
        with pytest.raises(ShareError, match="no settings"):
            await call().open(protocol.Open(str(other), msgspec.Raw(b'{"engine":{"kind":"none"}}')))
        with pytest.raises(ShareError, match="is not in a git repository"):
            await call().open(assemble_hosts.opening(chosen, tmp_path))
        with pytest.raises(ShareError, match="which session"):
            async with attached(session=0):
                pass
    assert len(closed) == 1


async def test_the_driver_accepts_a_part_and_everybody_is_told(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(FILES)
    async with (
        hosted(root, settings(tmp_path, RIGHT), monkeypatch),
        attached("driver") as driver,
        attached("observer") as other,
    ):
        told = await driver.play(driver.session.ask("make it pass"))
        (diff,) = (event.diff for event in told if isinstance(event, DiffChanged) and event.diff.files)
        await driver.play(driver.session.settle.accept(Selection.of_hunk(diff.files[0], 0)))
        assert (root / "calc.py").read_text() == FIXED
        await other.until(lambda: other.saw(ChangeAccepted))
        await driver.play(driver.session.settle.history())
        assert driver.saw(HistoryListed)
        await driver.play(driver.session.settle.undo())
        assert (root / "calc.py").read_text() == FILES["calc.py"]
        assert not other.saw(HistoryListed), "who did not ask what is remembered is not told"
        assert dict(await other.session.symbols()) == {"add": "calc.py:1", "test_add": "test_calc.py:4"}
        assert list(other.session.files()) == ["calc.py", "test_calc.py"]


async def test_a_navigator_proposes_and_the_driver_hands_over(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        hosted(make_repository(FILES), settings(tmp_path, "one", "two"), monkeypatch),
        attached(name="anna") as anna,
        attached(name="bo\x1b[31m") as bo,
    ):
        await bo.play(bo.session.ask("add a test"))
        assert not bo.saw(TurnStarted)
        await anna.until(lambda: anna.saw(PromptSuggested))
        (made,) = (event.suggestion for event in anna.events if isinstance(event, PromptSuggested))
        assert (made.by, made.prompt) == ("bo␛[31m", "add a test")
        anna.session.company.settle(made.number, taken=True)
        await anna.play(anna.session.ask(made.prompt))
        await bo.until(lambda: bo.saw(TurnFinished))
        anna.session.company.appoint(bo.session.company.me.number, "driver")
        await bo.until(lambda: sum(isinstance(event, RoleChanged) for event in bo.events) == 2)
        await bo.play(bo.session.ask("go on"))
        assert written(bo) == "onetwo"
        with pytest.raises(ShareError, match="only the driver can do that; you are navigator, and bo"):
            await anna.play(anna.session.settle.undo())
        anna.session.company.appoint(anna.session.company.me.number, "driver")
        await anna.until(lambda: any(isinstance(event, TurnFailed) and "/hand anna" in event.message for event in anna.events))
        assert anna.session.company.me.role == "navigator"
        bo.session.company.appoint(anna.session.company.me.number, "driver")
        await anna.until(lambda: sum(isinstance(event, RoleChanged) for event in anna.events) == 4)
        await anna.play(anna.session.settle.undo())


async def test_stop_ends_the_turn_and_drops_what_waits(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosted(make_repository(FILES), settings(tmp_path, stream(10_000, 200), "x"), monkeypatch), raw() as client:
        client.writer.write(joining("driver") + message_frame(Ask(1, "write")) + message_frame(Ask(2, "then this")))
        async with attached("observer") as watching:
            await watching.until(lambda: watching.saw(ReplyGrew))
            client.writer.write(message_frame(protocol.Stop()))
            done: list[int] = []
            while len(done) < 2:
                if isinstance(answer := await client.answer(), Done):
                    done.append(answer.id)
            assert done == [2, 1], "what waits is dropped at once"
            await watching.until(lambda: watching.saw(TurnFinished))
            assert [event.verdict for event in watching.events if isinstance(event, TurnFinished)] == [Verdict.STOPPED]


async def test_a_token_lets_one_guest_in_once(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosted(make_repository(FILES), settings(tmp_path, "one"), monkeypatch) as host:
        invited = await call().invite(1)
        await host.open(assemble_hosts.opening(settings(tmp_path, "one"), make_repository(FILES, "private")))
        by = assemble_hosts.call(f"127.0.0.1:{invited.port}", invited.token)
        greeted = await by.greeting()
        assert (greeted.owner, [session.number for session in greeted.sessions]) == (False, [1])
        for forbidden in (by.open(protocol.Open("/", msgspec.Raw(b"{}"))), by.invite(1), by.end()):
            with pytest.raises(ShareError, match="only the owner"):
                await forbidden
        with pytest.raises(ShareError, match="a guest comes as navigator"):
            async with attached("driver", by=by):
                pass
        invited = await call().invite(1)
        by = assemble_hosts.call(f"127.0.0.1:{invited.port}", invited.token)
        with pytest.raises(ShareError, match="no such session"):
            async with attached(session=2, by=by):
                pass
        async with attached(by=by) as guest:
            assert guest.session.company.me.role == "navigator"
            assert guest.session.company.me.guest
            guest.session.company.appoint(guest.session.company.me.number, "driver")
            with pytest.raises(ShareError, match="only the driver can do that; you are navigator, and nobody drives"):
                await guest.play(guest.session.settle.undo())
            with pytest.raises(ShareError, match="only the owner lets in"):
                await guest.play(guest.session.settle.include(".env"))
        with pytest.raises(ShareError, match="not valid, or was used"):
            await by.greeting()
        async with raw(HELLO, address=f"127.0.0.1:{invited.port}") as nobody:
            (refused,) = await nobody.answers()
            assert isinstance(refused, Refused)


async def test_clients_are_told_that_the_host_ends(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = ScriptedEngine.close

    async def told(engine: ScriptedEngine) -> None:
        assert not ending.done()
        closed.append("engine")
        await close(engine)

    monkeypatch.setattr(ScriptedEngine, "close", told)
    async with hosted(make_repository(FILES), settings(tmp_path, stream(10_000, 200)), monkeypatch) as host:
        client = Attached(RemoteSession(call(), "test", protocol.Join(1)))
        await client.come()
        asking = asyncio.create_task(client.play(client.session.ask("write")))
        await client.until(lambda: client.saw(ReplyGrew))
        ending = asyncio.create_task(call().end())
        await host.ended.wait()
    await ending
    assert closed == ["engine"], "who ended it waits until all is given back"
    *_, last = await asking
    assert isinstance(last, HostLost)
    assert last.message == client.session.lost == "the host was stopped; `oci-tui resume test` goes on with this session"
    await client.play(client.session.company.unasked())
    assert sum(isinstance(event, HostLost) for event in client.events) == 1, "said once"
    with pytest.raises(ShareError, match="oci-tui resume test"):
        await client.play(client.session.ask("more"))
    client.session.stop()
    await client.leave()
    assert hosts(runtime_folder()) == []
    (journal,) = (state_folder() / "sessions").glob("*.jsonl")
    assert b'"event":"TurnFinished"' in journal.read_bytes().splitlines()[-1]


async def test_the_door_of_a_group_is_for_the_group() -> None:
    group = grp.getgrgid(os.getgroups()[0] if os.getgroups() else os.getgid()).gr_name
    door = group_door(group, NAME)
    try:
        assert door.path is not None
        for path, mode in ((door.path.parent, 0o710), (door.path, 0o660)):
            assert stat.S_IMODE(path.stat().st_mode) == mode
            assert path.stat().st_gid == grp.getgrnam(group).gr_gid
    finally:
        door.close()
    assert not door.path.parent.exists()
    with pytest.raises(ShareError, match="there is no group"):
        group_door("no-such-group", NAME)


def test_a_folder_that_others_can_enter_holds_no_door(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(ShareError, match="others can enter it"):
        own_door(folder, NAME)
    assert list(folder.iterdir()) == []
    folder.chmod(0o700)
    door = own_door(folder, NAME)
    assert stat.S_IMODE((folder / f"{NAME}.sock").stat().st_mode) == 0o600
    assert hosts(folder) == [NAME]
    door.socket.close()
    assert hosts(folder) == [], "a socket that a dead host left is taken away"
    assert list(folder.iterdir()) == []


async def test_the_journal_says_who_was_there(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosted(make_repository(FILES), settings(tmp_path, "one"), monkeypatch):
        async with attached(name="anna") as anna:
            await anna.until(lambda: anna.saw(EngineReady))
        await until_left()
        async with attached(name="bo") as bo:
            joined = [event.participant.name for event in bo.events if isinstance(event, ParticipantJoined)]
            assert joined == ["anna", "bo"]
            (now,) = (event for event in bo.events if isinstance(event, CompanyChanged))
            assert [there.name for there in now.participants] == ["bo"]
            assert isinstance(bo.events[0], SessionStarted)


@pytest.fixture
async def host_of_one(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    async with hosted(make_repository(FILES), settings(tmp_path, "one"), monkeypatch) as running:
        yield running


async def test_one_session_alone_needs_no_number(host_of_one: Host) -> None:
    assert host_of_one.name == NAME
    async with attached(session=0) as client:
        assert client.session.company.me.role == "driver"
    async with raw(joining("observer"), message_frame(protocol.Names(1))) as client:
        while not isinstance(await client.answer(), protocol.NamesTold):
            continue


async def test_what_waits_at_the_drivers_terminal_is_asked_without_it(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what others say that waits; and a stop drops it."""
    waits = message_frame(protocol.Wait(("second", "third")))
    replies = [stream(10_000, 500), "two", "three"]
    async with hosted(make_repository(FILES), settings(tmp_path, *replies), monkeypatch), attached("observer") as watching:
        async with raw(joining("driver"), message_frame(Ask(1, "first")), waits), raw(joining("navigator"), waits):
            await watching.until(lambda: watching.saw(ReplyGrew))
        await until_only(1)
        async with raw(joining("driver"), message_frame(protocol.Stop())):
            await watching.until(lambda: watching.saw(TurnFinished))
            async with attached() as last:
                await last.until(lambda: last.saw(TurnFinished))
            assert [event.prompt for event in watching.events if isinstance(event, TurnStarted)] == ["first"]
        await until_only(1)
        async with raw(joining("driver"), message_frame(Ask(1, "again")), waits) as driver:
            while not isinstance(await driver.answer(), Done):
                continue
        asked = ["first", "again", "second", "third"]
        await watching.until(lambda: [event.prompt for event in watching.events if isinstance(event, TurnStarted)] == asked)


@contextmanager
def as_user(uid: int, gid: int) -> Iterator[None]:
    """What the kernel then says of who connects."""
    groups = os.getgroups()
    os.setgroups([gid])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


NOBODY, GROUP = 65534, grp.getgrgid(12).gr_name


@pytest.mark.skipif(os.getuid() != 0, reason="only root can connect as another user")
async def test_another_user_comes_through_a_groups_door_only(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says who knocks: also where the folder had been opened by mistake."""

    async def greeted(path: Path, gid: int) -> protocol.Answer:
        with as_user(NOBODY, gid):
            connected = connect(str(path), path.parent)
        connected.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connected)
        try:
            writer.write(HELLO)
            return await Raw(reader, writer).answer()
        finally:
            writer.close()
            await writer.wait_closed()

    folder = Path(tempfile.mkdtemp())
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    async with hosted(make_repository(FILES), settings(tmp_path, "one"), monkeypatch, group=GROUP) as host:
        await host.open(assemble_hosts.opening(settings(tmp_path, "one"), make_repository(FILES, "private")))
        own = runtime_folder() / f"{NAME}.sock"
        with pytest.raises(ShareError, match="Permission denied"):
            await greeted(own, NOBODY)
        for path in (folder, own.parent, own):
            path.chmod(0o777)
        refused = await greeted(own, NOBODY)
        assert isinstance(refused, Refused)
        assert refused.reason.startswith("this host belongs to root; ask them for a token")
        (path,) = host.paths
        with pytest.raises(ShareError, match="Permission denied"):
            await greeted(path, NOBODY)
        let_in = await greeted(path, grp.getgrnam(GROUP).gr_gid)
        assert isinstance(let_in, Greeted)
        assert not let_in.owner
        assert [session.number for session in let_in.sessions] == [1], "the others are not theirs to see"
    shutil.rmtree(folder)
