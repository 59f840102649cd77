"""The load generator, a process of its own: many callers on one thread, each sending and hearing 50 packets a second.

`python -m benchmarks.phone_callers PLAN.json` prints `calling` when the words are loaded, waits for a line on its
input, places the calls, prints `done` when the last one is over, then writes what was heard to the plan's `result`.
"""

from __future__ import annotations

import json
import random
import resource
import secrets
import sqlite3
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from benchmarks import phone_ear
from benchmarks.phone_line import Dialog, RtpLine, SipPort
from benchmarks.phone_words import ANSWERS, COMPLAINTS, QUESTIONS, Utterance, Words
from hotline.trial.voice import CallerVoice
from telephony.phone import call_id_of

FRAME_SECONDS: Final = 0.02
GROUPS: Final = 4  # calls are served in groups 5 ms apart, so that packets do not come in one burst
TURNS: Final = 6
SLOT_SECONDS: Final = 14.0
FIRST_SLOT_SECONDS: Final = 4.5
BARGE_IN_TURNS: Final = (3,)  # counted from 0: these speak into the answer to the one before
BARGE_IN_AFTER_SECONDS: Final = 1.5
LONGEST_QUIET_SECONDS: Final = 4.5  # no caller waits longer to say what they have to say
PATIENCE_SECONDS: Final = 8.0  # how long after their slot a caller lets the bot go on speaking
QUIET_SECONDS: Final = 0.7  # the bot's pauses between sentences are shorter
MULAW_EVERY: Final = 4
DRAIN_EVERY: Final = 10  # beats
ANSWER_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`call_seconds`: from the answer to the hang-up; `vary`: callers hang up at any moment before that, too. Starts
    are spread evenly over `ramp_seconds`. `keep_audio`: a folder for what each caller heard. `interrupting`: the turns
    that speak into the bot's answer, as in `BARGE_IN_TURNS`, which is meant by None."""

    sip_port: int
    calls: int
    result: str
    models: str
    voice_directory: str
    database: str
    ramp_seconds: float = 15.0
    call_seconds: float = 90.0
    seed: int = 1
    vary: bool = False
    keep_audio: str = ""
    interrupting: list[int] | None = None


@dataclass(slots=True)
class SpokenTurn:
    """Wall-clock times of one turn of the caller; `barge_in`: the bot was being heard when it began."""

    text: str
    began_at: float
    first_voiced_at: float = 0.0
    last_voiced_at: float = 0.0
    barge_in: bool = False
    answers: str | None = None


@dataclass(eq=False)
class Caller:
    """One caller: says six things, listens, hangs up."""

    number: int
    plan: Plan
    words: Words
    database: sqlite3.Connection | None
    start_at: float
    turns: list[SpokenTurn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.plan.seed * 10_000 + self.number)
        payload_type = 0 if self.number % MULAW_EVERY == MULAW_EVERY - 1 else 8
        self.line = RtpLine(payload_type, keep_audio=bool(self.plan.keep_audio))
        self.dialog = Dialog(secrets.token_hex(12), self.line, f"139{self.number:08d}")
        self._noise = self.words.noise[payload_type]
        self._frame = 0
        self._speaking: Utterance | None = None
        self._position = 0
        self._last_loud = 0.0
        self._loud_since = 0.0
        self._heard_since_turn = False
        self._seconds = self.plan.call_seconds * (self._random.uniform(0.02, 1.0) if self.plan.vary else 1.0)
        self._interrupting = BARGE_IN_TURNS if self.plan.interrupting is None else self.plan.interrupting
        self.complains = self.number % 2 == 1
        self._questions = list(QUESTIONS)
        self._random.shuffle(self._questions)
        self.over = False

    def beat(self, port: SipPort) -> None:
        """Every 20 ms."""
        now = time.time()
        dialog = self.dialog
        if dialog.answered_at is None:
            failed = dialog.status >= 300 or (dialog.invited_at and now - dialog.invited_at > ANSWER_SECONDS)
            if not dialog.invited_at and now >= self.start_at:
                self.line.open()
                port.invite(dialog)
            elif failed:
                self._end()
            return
        if dialog.ended_by == "bot":
            self._end()
            return
        self.line.send(self._next_frame(now))
        if (loud := self.line.receive(everything=self._frame % DRAIN_EVERY == 0)) is not None:
            if loud - self._last_loud > QUIET_SECONDS:
                self._loud_since = loud
            self._last_loud = loud
            self._heard_since_turn = True
        if now - dialog.answered_at >= self._seconds:
            port.hang_up(dialog)
            self._end()

    def _end(self) -> None:
        self.line.close()
        self.over = True

    def _next_frame(self, now: float) -> bytes:
        self._frame += 1
        if self._speaking is None and len(self.turns) < TURNS and self._wants_to_speak(now):
            self._begin(now)
        speaking = self._speaking
        if speaking is None:
            return self._noise[self._frame % len(self._noise)]
        turn, position = self.turns[-1], self._position
        if position == speaking.first_voiced:
            turn.first_voiced_at = now
            turn.barge_in = now - self._last_loud < 0.15
        if position == speaking.last_voiced:
            turn.last_voiced_at = now
            self._heard_since_turn = False
        self._position += 1
        if self._position == len(speaking.frames):
            self._speaking = None
        return speaking.frames[position]

    def _wants_to_speak(self, now: float) -> bool:
        assert self.dialog.answered_at is not None
        number = len(self.turns)
        slot = self.dialog.answered_at + FIRST_SLOT_SECONDS + number * SLOT_SECONDS
        quiet = now - max(self._last_loud, self.turns[-1].last_voiced_at if self.turns else self.dialog.answered_at)
        bot_speaks = now - self._last_loud < 0.15
        if number in self._interrupting and self._heard_since_turn:
            long_enough = bot_speaks and now - self._loud_since >= BARGE_IN_AFTER_SECONDS
            return long_enough or quiet >= LONGEST_QUIET_SECONDS
        if now >= slot + PATIENCE_SECONDS:
            return True
        if not self._heard_since_turn:  # still waiting for any answer
            return False
        return quiet >= LONGEST_QUIET_SECONDS or (quiet >= QUIET_SECONDS and now >= slot)

    def _begin(self, now: float) -> None:
        asked = self._asked()
        if self.complains and not self.turns:
            text = self._random.choice(COMPLAINTS)
        elif asked in ANSWERS:
            text = ANSWERS[asked]
        else:
            text = self._questions[len(self.turns) % len(self._questions)]
        self._speaking, self._position = self.words.of(text, self.line.payload_type), 0
        self.turns.append(SpokenTurn(text, now, answers=asked))

    def _asked(self) -> str | None:
        """What the bot wants to know, as the core's database has it (a human caller has heard it)."""
        if self.database is None:
            return None
        row = self.database.execute(
            "SELECT asking FROM conversations WHERE call_id = ?", (call_id_of(self.dialog.call_id),)
        ).fetchone()
        return row[0] if row else None

    def report(self) -> dict[str, Any]:
        """What was heard; computed when all calls are over."""
        dialog, arrivals = self.dialog, self.line.arrivals
        heard = phone_ear.stretches(arrivals)
        late, packets = phone_ear.late_packets(arrivals)
        turns = []
        for turn, following in zip_longest(self.turns, self.turns[1:]):
            until = following.first_voiced_at if following else (arrivals.times[-1] if arrivals.times else 0.0)
            sound = phone_ear.first_sound_after(heard, turn.last_voiced_at) if turn.last_voiced_at else None
            if sound is not None and until and sound.begin > until:
                sound = None
            talked_over = bool(turn.last_voiced_at) and phone_ear.speaking_at(heard, turn.last_voiced_at)
            turns.append(
                {
                    **asdict(turn),
                    "delay_seconds": sound.begin - turn.last_voiced_at if sound and not talked_over else None,
                    "talked_over": talked_over,
                    "silence_delay_seconds": phone_ear.silence_delay(heard, turn.first_voiced_at, turn.last_voiced_at)
                    if turn.barge_in and turn.last_voiced_at
                    else None,
                }
            )
        greeting = heard[0].begin - dialog.answered_at if heard and dialog.answered_at else None
        return {
            "call_id": call_id_of(dialog.call_id),
            "codec": "mu-law" if self.line.payload_type == 0 else "A-law",
            "kind": "complaint" if self.complains else "policy",
            "status": dialog.status,
            "invited_at": dialog.invited_at,
            "answered_at": dialog.answered_at,
            "ended_at": arrivals.times[-1] if arrivals.times else None,
            "ended_by": dialog.ended_by,
            "greeting_delay_seconds": greeting,
            "bot_seconds": sum(stretch.end - stretch.begin for stretch in heard),
            "turns": turns,
            "packets": packets,
            "late_packets": late,
            "longest_gap_seconds": max(
                (b - a for a, b in zip(arrivals.times, arrivals.times[1:], strict=False)), default=0.0
            ),
            "refused_packets": self.line.refused,
        }


def place(plan: Plan, words: Words) -> tuple[list[Caller], list[float]]:
    """All calls, to their end; also how late each round of the generator itself was (seconds)."""
    database = sqlite3.connect(f"file:{plan.database}?mode=ro", uri=True, timeout=2.0) if plan.database else None
    began = time.time() + 0.2
    callers = [
        Caller(number, plan, words, database, began + plan.ramp_seconds * number / plan.calls)
        for number in range(plan.calls)
    ]
    groups = [callers[index::GROUPS] for index in range(GROUPS)]
    port = SipPort(plan.sip_port)
    lateness: list[float] = []
    due = time.monotonic()
    beat = 0
    while not all(caller.over for caller in callers):
        due += FRAME_SECONDS / GROUPS
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        lateness.append(max(0.0, time.monotonic() - due))
        if beat % GROUPS == 0:
            port.work()
        for caller in groups[beat % GROUPS]:
            if not caller.over:
                caller.beat(port)
        beat += 1
        if beat % 50 == 0:
            port.retransmit()
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline and any(
        caller.dialog.farewell_at and not caller.dialog.farewell_done for caller in callers
    ):
        time.sleep(0.05)
        port.work()
        port.retransmit()
    port.close()
    return callers, lateness


def main(arguments: list[str]) -> int:
    plan = Plan(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    words = Words(CallerVoice(Path(plan.models), Path(plan.voice_directory)))
    print("calling", flush=True)
    sys.stdin.readline()
    before = resource.getrusage(resource.RUSAGE_SELF)
    callers, lateness = place(plan, words)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print("done", flush=True)
    lateness.sort()
    result = {
        "generator_cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "generator_late_p99_seconds": lateness[int(0.99 * (len(lateness) - 1))] if lateness else 0.0,
        "calls": [caller.report() for caller in callers],
    }
    Path(plan.result).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    if plan.keep_audio:
        for caller in callers:
            (Path(plan.keep_audio) / f"{caller.number}.g711").write_bytes(bytes(caller.line.arrivals.audio))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
