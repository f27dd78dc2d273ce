"""Commands of the model's are approved by whoever drives, and by nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from oci_tui.core.approval import ApprovalChosen, CommandRefused
from oci_tui.core.company import RoleChanged
from oci_tui.core.errors import ShareError
from oci_tui.core.events import CommandFinished, CommandStarted, OutputArrived, TurnFinished
from oci_tui.core.ports import Answer, Command
from oci_tui.core.verdict import Verdict
from oci_tui.settings import AgentSettings
from oci_tui.share import protocol
from oci_tui.share.frames import message_frame
from oci_tui.share.protocol import Done
from tests.calculator import FILES, MakeRepository
from tests.share.hosting import Attached, attached, hosted, joining, raw, settings

pytestmark = pytest.mark.docker
ECHO = "Look.\n\n```bash\necho hea''rd\n```\n"


class Person:
    """An approver who is asked, and answers when the test says so."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Command] = asyncio.Queue()
        self.answers: asyncio.Queue[Answer] = asyncio.Queue()
        self.withdrawn = asyncio.Event()

    async def ask(self, command: Command, pattern: str) -> Answer:
        assert isinstance(pattern, str)
        self.asked.put_nowait(command)
        try:
            return await self.answers.get()
        except asyncio.CancelledError:
            self.withdrawn.set()
            raise


def asked(client: Attached) -> Person:
    person = Person()
    client.session.approval.person = person
    return person


@pytest.fixture
async def host(make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    chosen = msgspec.structs.replace(settings(tmp_path, ECHO, ECHO), agent=AgentSettings(rounds=1, approval="ask"))
    async with hosted(make_repository(FILES), chosen, monkeypatch, docker=True):
        yield


@pytest.mark.usefixtures("host")
async def test_the_driver_is_asked_and_an_answer_of_others_is_refused() -> None:
    async with attached("driver") as driver, attached("navigator") as navigator:
        person, other = asked(driver), asked(navigator)
        asking = asyncio.create_task(driver.play(driver.session.ask("look")))
        assert (await asyncio.wait_for(person.asked.get(), 30)).code.strip() == "echo hea''rd"
        async with raw(joining("observer"), message_frame(protocol.Answered(1, "yes"))) as forger:
            while not isinstance(answer := await forger.answer(), Done):
                continue
            assert answer.problem.startswith("only the driver can do that; you are observer")
        assert not driver.saw(CommandStarted)
        assert other.asked.empty()
        person.answers.put_nowait("yes")
        await asking
        assert any(isinstance(event, OutputArrived) and "heard" in event.text for event in driver.events)


@pytest.mark.usefixtures("host")
async def test_the_question_goes_with_the_wheel_and_waits_for_a_driver() -> None:
    """The driver's terminal dies while it is asked; whoever drives next is asked."""
    async with attached("navigator", "bo") as bo:
        second = asked(bo)
        async with attached("driver", "anna") as anna:
            first = asked(anna)
            asking = asyncio.create_task(anna.play(anna.session.ask("look")))
            await asyncio.wait_for(first.asked.get(), 30)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert second.asked.empty()
        bo.session.company.appoint(bo.session.company.me.number, "driver")
        await asyncio.wait_for(second.asked.get(), 30)
        async with attached("driver", "anna") as anna:
            third = asked(anna)
            await asyncio.wait_for(second.withdrawn.wait(), 30)
            third.answers.put_nowait("no")
            await anna.until(lambda: anna.saw(TurnFinished))
            assert anna.saw(CommandRefused)
            assert not anna.saw(CommandStarted)


@pytest.mark.usefixtures("host")
async def test_a_stop_takes_the_question_back() -> None:
    async with attached("driver") as driver:
        person = asked(driver)
        asking = asyncio.create_task(driver.play(driver.session.ask("look")))
        await asyncio.wait_for(person.asked.get(), 30)
        driver.session.stop()
        await asking
        await asyncio.wait_for(person.withdrawn.wait(), 30)
        assert [event.verdict for event in driver.events if isinstance(event, TurnFinished)] == [Verdict.STOPPED]


@pytest.mark.usefixtures("host")
async def test_the_mode_is_the_drivers_to_choose() -> None:
    async with attached("driver") as driver, attached("observer") as observer:
        await driver.until(lambda: driver.saw(ApprovalChosen))
        assert driver.session.approval.mode == "ask"
        with pytest.raises(ShareError, match="only the driver"):
            observer.session.approve("auto")
        driver.session.approve("auto")
        await observer.until(lambda: observer.session.approval.mode == "auto")
        await driver.play(driver.session.ask("look"))
        assert driver.saw(CommandFinished)
        assert not driver.saw(RoleChanged)


@pytest.mark.usefixtures("host")
async def test_an_answer_is_to_the_question_that_was_asked() -> None:
    """One that comes late, or before its question, lets nothing run."""
    async with attached("observer") as watching, raw(joining("driver"), message_frame(protocol.Ask(1, "look"))) as driver:
        while not isinstance(asked := await driver.answer(), protocol.Asked):
            continue
        driver.writer.write(message_frame(protocol.Answered(asked.question + 1, "yes")))
        while not isinstance(refused := await driver.answer(), Done):
            continue
        assert refused.problem == "that is not asked, or not of you"
        assert not watching.saw(CommandStarted)
        driver.writer.write(message_frame(protocol.Answered(asked.question, "no")))
        await watching.until(lambda: watching.saw(TurnFinished))
        assert not watching.saw(CommandStarted)
