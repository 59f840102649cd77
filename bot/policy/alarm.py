"""Whether a danger was told, and which line it belongs to: what all readers say, put together."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from bot import guards as guard_room
from bot import hazards, interruptions, reading, secrecy, wording
from bot.danger import joined, line_of, log_odds
from bot.decision import Findings
from bot.policy import kinds

_DOUBT: Final = 0.1  # of the guard, from which on the other readers are asked
_SURE: Final = 0.9  # of the guard's classifier, beside a rule
DANGER: Final = 0.25  # of all readers together; who stays just below is told whom to call (decision 0054)
# An answer to a question of ours, or a word to a seat, is rarely an alarm: see `_in_talk` (decision 0061). `_GOES_ON`
# was raised by hand since: of 460 dangers in the middle of a talk two ask what we asked, of 740 harmless words ten.
_BEFORE_IN_TALK, _JOINED, _BY_LENGTH, _OF_STORY, _GOES_ON = -8.8, 1.1, 2.4, -3.0, -3.2
_DANGER_IN_TALK: Final = 0.4
_OF_FAREWELL: Final = "110"
_THANKS: Final = 0.5  # of the reader of intents, beside words of thanks
_DANGER_IN_THANKS: Final = 0.95  # who praises the rescuers tells of a danger that is over
_HAZARD: Final = 0.1  # of the same, below which an open manhole is an order of two hours
_CAUTION: Final = 0.12  # from which on a sentence tells what to do if there is a danger after all
_CAUTION_IN_TALK: Final = 0.5  # one harmless answer in 140, where 0.12 would be one in 33
_MORE_THAN_A_WISH: Final = 15  # characters: who wants somebody to talk to and says more may be in despair
_SHORT: Final = 6  # characters: in fewer only a rule of the guards is believed
_DENIED: Final = re.compile(  # "I do not call for an ambulance, she is well again"
    r"^[^。!！?？]{0,24}(?:不是|不用|不要|用不着|甭|没(?:有)?(?:要|想))(?:说)?(?:要|想)?(?:叫|派|喊|打|报)?(?:救护车|急救|12[02]|11[09]|报警|警察|消防|火警|着火|救人)"
)
_BEFORE: Final = re.compile(r"上(?:个)?(?:礼拜|周|星期|月|回|次)|昨[天儿晚]|前[天儿几年]|那[天晚回]|去年|人好着|都好了")
_SETTLED: Final = re.compile(
    r"(?<!门)(?<!窗)(?<!没)(?:关|灭)了|(?:孩子|[他她]|人|都|啥)?没(?:什么|啥)?事(?:儿)?(?:没事|了|啊|[,，。!！…])|虚惊"
)
_NOT_SETTLED: Final = re.compile(r"还|没[关灭好]|可是|但|不过|叫不|血|晕|昏|醒|摔|门|疼|味|伤|大火|着火")


@dataclass(frozen=True, slots=True)
class Alarm:
    """`line`: 110, 119, 120 or 122, empty where no danger is told. `doubtful`: there is none, but there could be."""

    line: str = ""
    doubtful: bool = False


def raised(text: str, findings: Findings, *, in_talk: bool, asked: str | None = None) -> Alarm:
    """What the words say of danger.

    A rule that fired in words of which the guard's classifier is sure too needs no second opinion, nor time for one.
    Else, where the guard is alarmed or in doubt, all readers decide together. `in_talk`: these are not the first words
    about a matter, and answer the question for `asked`. Whoever thanks the rescuers is believed to tell of what is
    over, unless a rule fired; and so is whoever comes back to our question by themselves after a mishap at home that
    they say is settled.

    Raises:
        Missing: a reader has to be asked first.
    """
    guards = findings.guards
    if guard_room.farewell_sent(text):
        return Alarm(_OF_FAREWELL)
    if in_talk and interruptions.interrupted(text) and _SETTLED.search(text) and not _NOT_SETTLED.search(text):
        return Alarm(doubtful=guards.by_rule)
    denied = _DENIED.search(text) and _BEFORE.search(text)
    if len(reading.bare(text)) < _SHORT or (guards.by_rule and guards.whole >= _SURE and not denied):
        return Alarm(guards.emergency)
    wish = guards.human and len(reading.bare(text)) < _MORE_THAN_A_WISH
    if not guards.by_rule and (wish or guards.probability < _DOUBT or reading.nothing_more(text)):
        return Alarm()
    told = guard_room.without_supposed(guards.most_alarming or text)
    meaning = findings.danger(told)
    understood = findings.understand(told).score("emergency")
    probability = joined(
        whole=guards.whole,
        part=guards.probability,
        meaning=meaning.score,
        understood=understood,
        by_rule=guards.by_rule,
    )
    thanks = kinds.by_words(text) == "表扬" and findings.understand(text).score("praise") >= _THANKS
    over = (thanks and not guards.by_rule) or bool(denied)
    if in_talk:
        sure = _in_talk(text, probability, of_story=asked in (None, "detail"))
        # "The child is still in there every day, do not tell them": what was asked, however anxious it sounds.
        answered = asked == "confidential" and not guards.by_rule and secrecy.answered(text) is not None
        is_alarm = sure >= (_DANGER_IN_THANKS if over or answered else _DANGER_IN_TALK)
    else:
        unlikely = not guards.by_rule and understood < _HAZARD and hazards.nobody_in_it(text)
        is_alarm = probability >= (_DANGER_IN_THANKS if over else DANGER) and not unlikely
    if is_alarm:
        return Alarm(line_of(guards.lines, meaning.lines))
    return Alarm(doubtful=probability >= (_CAUTION_IN_TALK if in_talk or thanks else _CAUTION))


def _in_talk(text: str, probability: float, *, of_story: bool) -> float:
    """The probability that words in the middle of a talk are an alarm.

    What breaks out is told at some length, and not as the answer; a short piece of a story ("he is still shouting out
    there") means what was told before, and whoever asks to go on has seen to it.

    Args:
        probability: of a danger, were these the first words (`bot.danger.joined`).
        of_story: what happened was asked, or nothing.
    """
    score = _BEFORE_IN_TALK + _JOINED * log_odds(probability) + _BY_LENGTH * math.log(max(len(reading.bare(text)), 1))
    score += _OF_STORY * of_story + _GOES_ON * (interruptions.interrupted(text) or interruptions.asks_to_go_on(text))
    return 1 / (1 + math.exp(-score))


def told(line: str, danger: str) -> str:
    """What a citizen in danger hears first."""
    return wording.EMERGENCY_GAS if danger == "gas" and line == "119" else wording.EMERGENCY[line]
