"""The phone process (`python -m telephony.phone`): the SIP endpoint, the ticker, the calls, the link to the core.

It has no database session and no dialogue: it outlives a core that restarts. When the SIP stack dies the process ends
with status 1 and the supervisor starts a new one, for there is one stack a process.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import signal
import sys
from collections.abc import Coroutine
from ipaddress import ip_address
from typing import Any

from asr_models.client import RecogniserClient
from base import logs, trace_export
from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from base.masking import Masked
from base.priority import change_niceness
from base.settings import Settings, load
from cluster.dispatcher import State, dispatcher_of
from storage.keyring import Keyring
from telephony.admission import AdmissionRules
from telephony.call import Call
from telephony.call_services import CallServices
from telephony.core_link import CoreLink
from telephony.core_messages import PlaceCall
from telephony.front_desk import FrontDesk
from telephony.hearing import Listener
from telephony.legs.browser import BrowserListener
from telephony.legs.leg import Leg
from telephony.legs.listeners import PbxListeners
from telephony.legs.sip import SipEndpoint
from telephony.load import TimedRecogniser, WaitingTimes
from telephony.metrics import PhoneMetrics
from telephony.node_state import NodeState, Start
from telephony.notices import Notices
from telephony.outgoing import OutgoingCalls
from telephony.prerendering import Prerenderer
from telephony.prompts import PromptBook
from telephony.recording import Recorder
from telephony.remains import Remains
from telephony.retention import retention_rules
from telephony.speech import SpeechClient
from telephony.ticker import Ticker
from telephony.turn_rules import turn_taking
from telephony.turned_away import TurnedAway
from telephony.voice_activity import VoiceActivity

log = logs.get_logger("telephony.phone")

_GOODBYE_SECONDS = 3.0
_HEALTH_SECONDS = 5.0
_NICENESS = -5  # a late frame is heard by a caller, everything else can wait some milliseconds
REFUSED_AT_ONCE = 20  # calls beyond all room that we refuse, and count, at the same time; the endpoint refuses the rest


def call_id_of(leg_call_id: str) -> str:
    """Our name of a call: whoever placed it (`hotline call`) can work it out from the SIP Call-ID of their own leg."""
    return "c" + hashlib.sha256(leg_call_id.encode()).hexdigest()[:30]


def _keyring(settings: Settings) -> Keyring | None:
    """What seals recordings. A key file that was put elsewhere is not made here: its disk may only not be there yet."""
    if not settings.security.seal_files:
        return None
    return Keyring(lambda: settings.key_file, make=settings.security.key_file is None)


def admission_rules(settings: Settings) -> AdmissionRules:
    chosen = settings.admission
    return AdmissionRules(
        maximum_calls=settings.telephony.maximum_calls,
        initial_calls=chosen.initial_calls,
        minimum_calls=chosen.minimum_calls,
        lag_limit_seconds=chosen.lag_limit_seconds,
        late_frames_limit=chosen.late_frames_limit,
    )


def core_url(settings: Settings) -> str:
    """Where this machine reaches the core's phone link."""
    scheme = "https" if settings.web.tls_certificate is not None else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.web.host, settings.web.host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.web.port}/internal/phone"


def _is_local(settings: Settings) -> bool:
    try:
        address = ip_address(settings.web.host or "0.0.0.0")
    except ValueError:
        return settings.web.host == "localhost"
    return address.is_loopback or address.is_unspecified


class Phone:
    """All calls of this process. `run` serves until `stop` is called."""

    def __init__(self, settings: Settings, speech: SpeechClient, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._metrics = PhoneMetrics()
        self._recogniser = RecogniserClient(settings)
        self._recogniser_ready: bool | None = None
        self._speech = speech
        self._prompts = PromptBook(speech)
        self._ticker = Ticker(VoiceActivity(), self._clock, self._metrics)
        waits = WaitingTimes(settings.recogniser.workers)
        self._desk = FrontDesk(
            admission_rules(settings),
            places=settings.admission.waiting_room_places,
            waits=waits,
            beats=self._ticker.beats,
            metrics=self._metrics,
            clock=self._clock,
        )
        self._recorder = (
            Recorder(
                settings.var / "recordings",
                self._metrics,
                retention_rules(settings.recording),
                keyring=_keyring(settings),
            )
            if settings.telephony.record_calls
            else None
        )
        self._notices = Notices(self._prompts, fixed=settings.admission.waiting_room_notice)
        self._prerenderer = Prerenderer(
            speech, self._metrics, self._clock, calls=lambda: len(self._calls), notices=self._notices
        )
        self._link = CoreLink(
            core_url(settings),
            settings.run / "internal.token",
            settings.var / "phone" / "ended.jsonl",
            metrics=self._metrics_message,
            speech_orders=self._prerenderer,
            verify_tls=not _is_local(settings),
        )
        rules, self._opinions = turn_taking(settings)
        self._endpoint = SipEndpoint(
            settings.telephony,
            self._incoming,
            maximum_calls=settings.telephony.maximum_calls + settings.admission.waiting_room_places + REFUSED_AT_ONCE,
        )
        self._outgoing = OutgoingCalls(
            self._endpoint, self._link, self._prompts, self._serve_placed, limit=settings.calling.calls_at_once
        )
        self._link.caller = self._outgoing
        self._browsers = BrowserListener(settings)
        self._services = CallServices(
            core=self._link,
            speech=speech,
            prompts=self._prompts,
            listener=None
            if settings.recogniser.engine == "none"
            else Listener(
                TimedRecogniser(self._recogniser, waits, self._clock.monotonic),
                busy_from=2 * settings.recogniser.workers,
            ),
            metrics=self._metrics,
            recorder=self._recorder,
            clock=self._clock,
            rules=rules,
            opinions=self._opinions,
            maximum_call_seconds=settings.telephony.maximum_call_seconds,
            desk=self._desk,
            notices=self._notices,
            inband_keys=settings.telephony.inband_keys,
            dialler=self._endpoint,
            browsers=self._browsers,
            ticker=self._ticker,
            seat_answer_seconds=settings.telephony.seat_answer_seconds,
        )
        self._pbx = PbxListeners(
            settings.telephony,
            self._incoming,
            self._metrics,
            has_room=lambda: self._desk.has_room and not self._draining.is_set(),
            on_refused=self._turned_away_by_link,
        )
        self._calls: dict[str, Call] = {}
        self._remains = Remains()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._draining = asyncio.Event()
        alone = not settings.cluster.dispatcher_urls
        self._start = Start(self._clock.monotonic(), alone=alone)
        self._turned_away = TurnedAway(settings.admission.refused_callbacks_a_minute) if alone else None
        self._state = NodeState(dispatcher_of(settings), self._admission_state)

    def stop(self) -> None:
        """Take no more calls, end those that are going on, and let `run` return."""
        self._stopping.set()

    def drain(self) -> None:
        """Take no more calls; `run` returns when the last one has ended."""
        if not self._draining.is_set():
            log.info("draining", calls=len(self._calls))
            self._draining.set()
            self._outgoing.place_no_more()

    def _admission_state(self) -> State:
        if self._draining.is_set() or self._stopping.is_set():
            return "draining"
        if not self._start.over(self._clock.monotonic(), core_there=self._link.connected):
            return "starting"
        if self._desk.serves_at_once:
            return "free"
        return "open" if self._desk.has_room else "full"

    async def _drained(self) -> None:
        await self._draining.wait()
        await self._outgoing.finished()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def run(self) -> int:
        """Serve; returns the exit status: 0 after `stop` or when drained, 1 after the SIP stack died.

        Raises:
            HotlineError: the endpoint cannot start.
        """
        background = [
            asyncio.create_task(work)
            for work in (
                self._link.run(),
                self._ticker.run(),
                self._prompts.prepare(),
                self._watch_health(),
                self._desk.run(),
                *([self._recorder.run(self._clock)] if self._recorder is not None else []),
                self._prerenderer.run(),
            )
        ]
        try:
            await self._endpoint.start()
            await self._pbx.start()
            await self._browsers.start()
            telephony = self._settings.telephony
            log.info(
                "phone_listening",
                listening=f"sip:{telephony.sip_user}@{telephony.sip_host}:{telephony.sip_port}",
                maximum_calls=telephony.maximum_calls,
            )
            background.append(asyncio.create_task(self._state.run()))
            return await self._serve(background)
        finally:
            await self._state.close()
            await self._end_calls()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self._pbx.close()
            await self._browsers.close()
            await self._endpoint.close()
            await self._prompts.close()
            self._opinions.close()
            await self._recogniser.close()
            await self._speech.close()
            if self._recorder is not None:
                await asyncio.to_thread(self._recorder.close)

    async def _serve(self, background: list[asyncio.Task[None]]) -> int:
        stop = asyncio.create_task(self._stopping.wait())
        drained = asyncio.create_task(self._drained())
        dead = asyncio.create_task(self._endpoint.dead.wait())
        try:
            forever = [task for task in background if task is not background[2]]  # rendering prompts ends by itself
            await asyncio.wait([stop, drained, dead, *forever], return_when=asyncio.FIRST_COMPLETED)
            for task in forever:
                if task.done():
                    task.result()  # none of them ever ends: this raises what went wrong
            if dead.done():
                log.critical("sip_stack_died", calls=len(self._calls))
                return 1
            return 0
        finally:
            for waiter in (stop, drained, dead):
                waiter.cancel()

    async def _end_calls(self) -> None:
        """Calls that are cut by a stop end with `error`: the core makes call-backs of them."""
        for call in self._calls.values():
            call.hang_up("error")
        await asyncio.wait([asyncio.create_task(self._outgoing.close())], timeout=_GOODBYE_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GOODBYE_SECONDS)
        if self._link.connected:
            await asyncio.sleep(0.2)  # the writer sends the ends; what is not confirmed stays in the journal
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _incoming(self, leg: Leg) -> None:
        if self._admission_state() in ("draining", "starting"):
            self._background(leg.hang_up())  # 486: whoever routes the calls tries the next node
        else:
            call_id = call_id_of(leg.caller.leg_call_id or new_id())
            if call_id in self._calls:  # a second INVITE under the Call-ID of a living call
                call_id = new_id("c")
            if self._desk.arrive(call_id) == "refused":
                self._turn_away(leg, call_id)
                return
            call = self._calls[call_id] = Call(leg, call_id, self._services)
            self._ticker.add(call)
            self._background(self._serve_call(call))

    def _turn_away(self, leg: Leg, call_id: str) -> None:
        """486. Where no other node tries the call, the caller is called back."""
        self._note_refused(leg.caller.number, call_id)
        self._background(leg.hang_up())

    def _turned_away_by_link(self, caller: Masked) -> None:
        """A PBX was told that there is no room. It may try again under the call's name, which is left to that call."""
        if self._admission_state() == "full":
            self._note_refused(caller, new_id("c"))

    def _note_refused(self, caller: Masked, call_id: str) -> None:
        if self._turned_away is None:
            return
        kept = self._turned_away.meet(caller, self._clock.monotonic())
        self._metrics.turned_away.labels(kept).inc()
        if kept == "noted":
            self._link.call_turned_away(call_id, caller)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_call(self, call: Call) -> None:
        try:
            await call.run()
        except HotlineError as error:
            log.error("call_failed", call_id=call.call_id, problem=str(error))
        except Exception as error:  # one call's defect must not end the process; the core was told in `run`
            log.error("call_failed", call_id=call.call_id, exc_info=error)
        finally:
            self._ticker.remove(call)
            self._calls.pop(call.call_id, None)
            self._desk.left(call.call_id)
            self._remains.ended()

    async def _serve_placed(self, leg: Leg, order: PlaceCall) -> None:
        """Somebody whom we called has answered."""
        call = self._calls[order.call_id] = Call(leg, order.call_id, self._services, placed=order)
        self._desk.placed(call.call_id)
        self._ticker.add(call)
        if self._stopping.is_set():
            call.hang_up("error")
        await self._serve_call(call)

    async def _watch_health(self) -> None:
        while True:
            if self._services.listener is not None:
                self._recogniser_ready = bool(await self._recogniser.status())
            self._metrics.core_connected.set(self._link.connected)
            self._metrics.prompts_ready.set(self._prompts.complete)
            self._remains.clear()
            await asyncio.sleep(_HEALTH_SECONDS)

    def _metrics_message(self) -> dict[str, object]:
        return {"text": self._metrics.text(), "recogniser": self._recogniser_ready}


async def _main(settings: Settings) -> int:
    phone = Phone(settings, SpeechClient(settings))
    # What is there now stays: collections that never look at it again pause the beat for less than a millisecond.
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, phone.stop)
    loop.add_signal_handler(signal.SIGUSR1, phone.drain)
    return await phone.run()


def main() -> int:
    try:
        settings = load()
        logs.configure("phone", settings.service.log_level, settings.service.log_style)
        recorded = trace_export.configure(settings, "phone")
        if not change_niceness(_NICENESS):
            log.info("not allowed to go before other processes; theirs is lower anyway")
        try:
            return asyncio.run(_main(settings))
        finally:
            if recorded is not None:
                recorded.shutdown()
    except HotlineError as error:
        print(f"phone: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
