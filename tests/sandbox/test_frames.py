"""The wire format: any cut of the stream gives the same frames, and what is no frame is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.sandbox.frames import HELLO, KINDS, MAX_PAYLOAD, NONCE_SIZE, STDOUT, Decoder, Frame, ProtocolError, encode

NONCES = st.binary(min_size=NONCE_SIZE, max_size=NONCE_SIZE)
FRAMES = st.lists(st.builds(Frame, st.sampled_from(sorted(KINDS)), NONCES, st.binary(max_size=300)), max_size=8)


@given(FRAMES, st.integers(1, 40))
def test_frames_survive_any_cut(sent: list[Frame], size: int) -> None:
    data = b"".join(encode(*frame) for frame in sent)
    decoder = Decoder()
    received = [frame for start in range(0, len(data), size) for frame in decoder.feed(data[start : start + size])]
    assert received == sent


@pytest.mark.parametrize("data", [b"?" * 21, HELLO + b"n" * 16 + b"\xff" * 4])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(data)
    assert Decoder().feed(encode(HELLO, b"n" * 16)) == [Frame(HELLO, b"n" * 16, b"")]


def test_a_frame_too_long_is_not_sent() -> None:
    with pytest.raises(ProtocolError):
        encode(STDOUT, b"n" * 16, bytes(MAX_PAYLOAD + 1))
    assert encode(STDOUT, b"n" * 16, bytes(MAX_PAYLOAD))
