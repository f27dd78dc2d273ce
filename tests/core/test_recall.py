"""Checkpoints: whatever happens to a conversation, the journal's events give it back as it was at the last of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core import events
from oci_tui.core.context import fingerprint
from oci_tui.core.conversation import Conversation
from oci_tui.core.events import Event, decode, encode
from oci_tui.core.generation import Message
from oci_tui.core.recall import Checkpoints, recalled

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), TEXTS),
        st.tuples(st.just("reply"), TEXTS),
        st.tuples(st.just("learn"), TEXTS),
        st.tuples(st.just("drop"), st.just("")),
        st.tuples(st.just("system"), TEXTS),
        st.tuples(st.just("back"), st.just("")),
        st.tuples(st.just("resume"), st.just("")),
    ),
    max_size=20,
)


def act(talk: Conversation, kind: str, text: str) -> None:
    match kind:
        case "say":
            talk.say(text)
        case "reply":
            talk.messages.append(Message("assistant", text))
        case "learn":
            talk.known[text] = fingerprint(text)
        case "drop":
            del talk.messages[1:3]
        case "system":
            talk.messages[0], talk.instructions = Message("system", text), text
        case "back":
            talk.restore(([*talk.messages[:1]], {}))


@given(STEPS)
def test_what_is_recalled_is_what_was(steps: list[tuple[str, str]]) -> None:
    talk, told = Conversation(), list[Event]()
    checkpoints = Checkpoints(talk)
    for state, (kind, text) in enumerate(steps, 1):
        if kind == "resume":
            before = recalled(told)
            talk, checkpoints = before.conversation, Checkpoints(before.conversation, before)
            if before.exact:
                assert checkpoints.next(before.state) is None, "what is resumed is not written again"
        act(talk, kind, text)
        if checkpoint := checkpoints.next(state):
            told.append(decode(encode(checkpoint)))
        now = recalled(told)
        assert now.conversation.messages == talk.messages
        assert now.conversation.known == talk.known
        assert now.conversation.instructions == talk.instructions
        assert now.state == state


def test_a_long_conversation_is_not_written_again_and_again() -> None:
    talk = Conversation()
    checkpoints = Checkpoints(talk)
    sizes = []
    for number in range(50):
        talk.say("x" * 10_000)
        talk.messages.append(Message("assistant", f"reply {number}"))
        made = checkpoints.next(number)
        assert made is not None
        sizes.append(len(encode(made)))
    assert max(sizes[1:]) < 11_000
    assert checkpoints.next(49) is None


def test_prompts_that_a_commit_would_name() -> None:
    told: list[Event] = [
        events.TurnStarted(1, "one"),
        events.ChangeCommitted("c0ffee", "one", ()),
        events.TurnStarted(2, "two"),
    ]
    assert recalled(told).prompts == ("two",)
    assert recalled([*told, events.ChangeRejected(("a.py",))]).prompts == ("two",)
    assert recalled([*told, events.ChangeRejected()]).prompts == ()
    assert recalled(told).conversation.turns == 2
