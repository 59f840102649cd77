"""A telephone in a process of its own (one SIP stack a process): calls or answers, sounds, and keeps what it hears.

`python tone_phone.py '{"port": 5070, "record": "heard.wav", …}'`; hangs up after `seconds` or at SIGTERM. Lines on
stdout tell what happens.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from base import logs
from base.sections.telephony import TelephonySettings
from telephony.audio import BYTES_A_SECOND, RATE_HZ, read_wav, tone
from telephony.errors import TelephonyError
from telephony.legs.leg import Leg
from telephony.legs.sip import SipEndpoint

AHEAD_BYTES = int(0.1 * BYTES_A_SECOND)


def say(what: str, **fields: Any) -> None:
    print(json.dumps({"what": what, **fields}), flush=True)


async def sound(leg: Leg, plan: dict[str, Any]) -> None:
    """Sound for `seconds`, or until the other side has hung up; then write down what was heard."""
    closed, told = asyncio.Event(), asyncio.Event()
    leg.on_closed(lambda _: closed.set())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    source = read_wav(Path(plan["play"])) if plan.get("play") else tone(float(plan.get("tone_hz", 500)), 1.0, 0.1)
    ramp = BYTES_A_SECOND // 10 if not plan.get("play") else 0
    loop_ = source[ramp : len(source) - ramp] if ramp else source  # without the ramps of the tone
    position, heard = 0, bytearray()
    began = time.monotonic()
    end = began + float(plan["seconds"])
    keys = sorted((float(after), key) for key, after in plan.get("keys", {}).items())  # seconds after the answer
    while not closed.is_set() and not told.is_set() and time.monotonic() < end:
        heard += leg.read()
        if keys and time.monotonic() - began > keys[0][0]:
            await leg._call.send_dtmf(keys.pop(0)[1])  # type: ignore[attr-defined]
        while leg.buffered() < AHEAD_BYTES and (position < len(loop_) or not plan.get("play")):
            piece = (loop_[position % len(loop_) :] + loop_)[:320] if not plan.get("play") else loop_[position:][:320]
            taken = leg.write(piece)
            position += taken
            if not taken:  # the other side has gone
                break
        await asyncio.sleep(0.01)
    if not closed.is_set():
        await leg.hang_up()
        await asyncio.wait_for(closed.wait(), 3)
    await asyncio.to_thread(soundfile.write, plan["record"], np.frombuffer(bytes(heard), "<i2"), RATE_HZ, "PCM_16")


async def main(plan: dict[str, Any]) -> None:
    arrived: asyncio.Queue[Leg] = asyncio.Queue()
    settings = TelephonySettings(
        sip_port=plan["port"],
        sip_user=plan.get("user", "7000"),
        rtp_ports=tuple(plan.get("rtp_ports", (25_000, 25_400))),
        dial_out_allowed=["127.0.0.1:*"],
        maximum_calls=4,
    )
    endpoint = SipEndpoint(settings, arrived.put_nowait)
    await endpoint.start()
    say("ready")
    try:
        if plan.get("dial"):
            leg: Leg = await endpoint.dial(plan["dial"], 10.0)
            say("answered")
            await sound(leg, plan)
            return
        async with asyncio.timeout(float(plan.get("patience", 60))):
            leg = await arrived.get()
        say("ringing")
        if plan.get("mode") == "reject":
            await leg.hang_up()
        elif plan.get("mode") == "ignore":
            gone = asyncio.Event()
            leg.on_closed(lambda _: gone.set())
            await gone.wait()
            say("gave_up")
        else:
            await leg.answer()
            say("answered")
            await sound(leg, plan)
    except (TelephonyError, TimeoutError) as error:
        say("failed", problem=str(error))
    finally:
        await asyncio.sleep(0.2)  # the last message is still on its way
        await endpoint.close()


if __name__ == "__main__":
    logs.configure("tone-phone", "ERROR")
    asyncio.run(main(json.loads(sys.argv[1])))
