"""Speex as WeChat's media server frames it."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from gateway.wechat.speex import frames
from gateway.wechat.voice import UnknownSound, decode

# 0.8 s of a tone of 440 Hz by the reference encoder (speexenc 1.2.1, wide band, quality 2), taken out of Ogg, each
# frame behind its length.
TONE = base64.b64decode(
    "FBBUiAaA7u4HBFwS7WWk0Sd+cwAPFBBUiAYXoXHdv4dkJDY+UycMAAAPFBBUiAYS+IjtQtbE+DsvIScMAAAPFBBUiAYbH5mVREbqGrdu7ycM"
    "AAAPFBBUiAYSl5A52UyqIg+wdScMAAAPFBBUiAYHCpc8hIHiak9S8ScMAAAPFBBUiAYH+Do81LnkJA8TUycMAAAPFBBUiAYHqXjdQ1Hmpc8h"
    "IScMAAAPFBBUiAYHiak9S8H+DqQObycMAAAPFBBUiAYHl5A8S06qXg/wdScMAAAPFBBUiAYHmpc8hIHiak9S8ScMAAAPFBBUiAYH+Do81Lnk"
    "JA8TUycMAAAPFBBUiAYHqXg/wdHmpc8hIScMAAAPFBBUiAYHiamVREHeLo4VLycMAAAPFBBUiAYHkJA8TUnqXg/wdScMAAAPFBBUiAYHmpc8"
    "hIHiak9S8ScMAAAPFBBUiAYH+Do81LnkJA8TUycMAAAPFBBUiAYHqXg/wdHmpc8hIScMAAAPFBBUiAYSFjg9S8HeHo81LycMAAAPFBBUiAYH"
    "l4A7BUnqKg7wFScMAAAPFBBUiAYHmpc8hIHiak9S8ScMAAAPFBBUiAYH+Do81LnkJA8TUycMAAAPFBBUiAYHqXg/wdHmpc8hIScMAAAPFBBU"
    "iAYSFjg9S8HeHo81LycMAAAPFBBUiAYHl4A7BUnqKg7wFScMAAAPFBBUiAYHmpc8hIHiak9S8ScMAAAPFBBUiAYH+Do81LnkJA8TUycMAAAP"
    "FBBUiAYHqXg/wdHmpc8hIScMAAAPFBBUiAYSFjg9S8HeHo81LycMAAAPFBBUiAYHl4A7BUnqKg7wFScMAAAPFBBUiAYHmpc8hIHiak9S8ScM"
    "AAAPFBBUiAYH+Do81LnkJA8TUycMAAAPFBBUiAYHqXg/wdHmpeUvIScMAAAPFBBUiAYH0Dk9RUHeAo81LycMAAAPFBBUiAYHkJA8TUnqXg/w"
    "dScMAAAPFBBUiAYHmpc8hIHiak9S8ScMAAAPFBBUiAYH+Do81LnkJA8TUycMAAAPFBBUiAYHqXg/wdHmpeUvIScMAAAPFBBUiAYH0Dk9RUHe"
    "Ao81LycMAAAPFBBUiAYHkJA8TUnqXg/wdScMAAAPFBVu0WrutiM5Jtn0jY+92SdsB4AP"
)


def test_frames_behind_their_lengths_are_decoded() -> None:
    found = frames(TONE)
    assert found is not None and (len(found), {len(frame) for frame in found}) == (41, {20})
    pcm16 = np.frombuffer(decode(TONE), dtype="<i2").astype(float)
    assert 12_800 <= len(pcm16) <= 13_200
    assert abs(np.abs(np.fft.rfft(pcm16[:12_800])).argmax() * 16_000 / 12_800 - 440) < 3
    assert pcm16.std() > 2_000, "it is audible"


def test_a_voice_that_was_cut_off_is_heard_up_to_there() -> None:
    assert len(frames(TONE[:-7]) or ()) == 40
    assert len(decode(TONE[:-7])) == 40 * 320 * 2


@pytest.mark.parametrize(
    "other",
    [b"", b"#!AMR\n" + bytes([0x3C, *range(31)]) * 50, b"OggS" + bytes(200), b"\x02#!SILK_V3" + bytes(range(200))],
)
def test_what_is_framed_otherwise_is_not_taken_for_it(other: bytes) -> None:
    assert frames(other) is None


def test_what_only_has_the_framing_is_no_voice() -> None:
    with pytest.raises(UnknownSound):
        decode(bytes([3, 0xFF, 0xFF, 0xFF]) * 10)
