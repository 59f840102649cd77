"""What did the citizen come with? Each matter is recognised, and the conversation goes to what it needs next."""

from __future__ import annotations

from typing import Final

from bot import guards, lawful, reading, splitting, unlawful, wording
from bot.entities import order_no as order_numbers
from bot.entities import receipt_no, yes_no
from bot.policy import choices, closing, consult, elsewhere, filling, form, kinds, rating, service_points, status
from bot.policy.prefill import prefill
from bot.policy.talk import Talk
from bot.state import Matter, Place, State

_NO_MATTER: Final = frozenset(
    {"abuse", "prompt_attack", "goodbye", "deny", "affirm", "nothing_more", "wait", "repeat", "louder", "slower"}
)
_SUBSTANCE: Final = choices.SUBSTANCE  # characters that say something
_TELLS: Final = 4  # characters, of a matter whose kind is known
_ANOTHER_WAY: Final = 2  # failures running: then choices are offered
_GIVE_UP: Final = 3  # failures running: then a person
_LAWFUL: Final = 0.6  # how probable the reader of intents must find a lawful channel that no rule sees
_LAWFUL_FOR_SURE: Final = 0.9  # then it is no mere question about the procedure
_MERELY_MENTIONED: Final = 0.15  # less: the words for a court are there, and something else is meant
_SMALL_TALK: Final = frozenset({"out_of_scope", "unlawful", "chitchat", "thanks", "greet", "praise"})


def open_turn(talk: Talk) -> None:
    """A turn while no question stands: something new, "that was not it", or the end."""
    state, text = talk.state, talk.text
    if state.matters and consult.turned_down(talk):
        return
    if reading.nothing_more(text) or reading.goodbye(text):
        rating.close(talk)
    elif state.matters and len(reading.bare(text)) <= 3 and yes_no.answer(text) == "yes":
        talk.ask("detail", wording.GO_AHEAD)
    elif reading.thanks_only(text):
        talk.ask(None, f"{wording.WELCOME}{wording.ASK_MORE}")
    elif reading.greeting_only(text):
        talk.ask("detail", wording.HERE)
    elif reading.asks_scope_only(text):
        talk.ask("detail", wording.WHAT_IS_IT)
    elif splitting.only_announces(text):
        talk.ask("detail", wording.GO_AHEAD)
    elif (found := add(talk, text)) or _of_wanted_kind(talk):
        _with_unheard(talk, found)
        _understood(state)
        elsewhere.tell_unasked(talk, found)
        proceed(talk)
    else:
        _led_nowhere(talk)


def _with_unheard(talk: Talk, found: list[Matter]) -> None:
    """What was told before and not understood belongs to the one order that is understood now."""
    told = talk.state.unheard
    if len(found) == 1 and found[0].kind == "order" and told_something(talk.state):
        matter = found[0]
        matter.opening, matter.text = f"{told}。{matter.opening}", f"{told}。{matter.text}"
        matter.again = matter.again or reading.again(told)
        prefill(talk, matter, told)


def begin(talk: Talk, kind: str) -> None:
    """The citizen has chosen a kind of matter: what was told before is one of it, else it is asked for."""
    state = talk.state
    told = state.unheard
    if kind == "status":
        state.new_matter("status", told or talk.text, "咨询")
    elif _tells(kind, told):
        _of_kind(talk, kind, told)
    else:
        state.wanted_kind = kind
        talk.ask("detail", wording.ASK_CONSULT if kind == "consult" else wording.ASK_ORDER)
        return
    _understood(state)
    proceed(talk)


def _tells(kind: str, told: str) -> bool:
    """Whether what was not understood is, now that its kind is known, worth more than asking once more."""
    if len(reading.content(told)) < _SUBSTANCE:
        return False
    return reading.question(told) if kind == "consult" else reading.locative(told) or kinds.stands_alone(told)


def _of_wanted_kind(talk: Talk) -> bool:
    """The kind was chosen before: now whatever is told is a matter of it, understood or not."""
    kind = talk.state.wanted_kind
    if not kind or len(reading.content(talk.text)) < _TELLS:
        return False
    _of_kind(talk, kind, talk.text)
    return True


def _of_kind(talk: Talk, kind: str, text: str) -> None:
    if kind == "consult":
        talk.state.new_matter("consult", text, "咨询").question = reading.tidy(text)
    else:
        matter = talk.state.new_matter("order", text, kinds.by_words(text) or "求助")
        prefill(talk, matter, text)


def _understood(state: State) -> None:
    """The talk is on its way again: what went wrong before counts no more."""
    state.unheard = state.wanted_kind = ""
    state.unclear = 0


def add(talk: Talk, text: str) -> list[Matter]:
    """Recognise the matters in `text` and add them to the state; empty when there is none."""
    segments = splitting.split(text)
    if len(segments) == 1:
        found = [matter] if (matter := _one(talk, text)) else []
    elif all(segment.sure for segment in segments):
        found = [m for segment in segments if (m := _one(talk, segment.text, sure=True, whole=text))]
    else:
        found = _several(talk, text, [segment.text for segment in segments])
    for matter in found:
        prefill(talk, matter, text if len(found) == 1 else matter.text, whole=text)
    return found


def another(talk: Talk, slot: str) -> bool:
    """ "And another thing" in the middle of the form: noted, and taken down together."""
    pieces = splitting.split(talk.text)
    rest = pieces[-1].text
    if len(reading.content(rest)) < 5:
        return False
    before = len(talk.state.matters)
    added = add(talk, rest)
    for matter in added:
        if matter.kind == "order":
            known = next((m for m in talk.state.form if m.number <= before and m.place.district), None)
            if known and not matter.place.district and reading.same_place(talk.text):
                matter.place = Place(known.place.text, known.place.district, known.place.street)
    if not added:
        return False
    talk.say("好的，这件事也一起登记。" if any(m.kind == "order" for m in added) else "好的。")
    if slot != "confirm_order" and len(pieces) > 1 and len(reading.content(pieces[0].text)) >= 2:
        filling.take(talk, slot, pieces[0].text)
    talk.state.asking = None
    proceed(talk)
    return True


def _several(talk: Talk, text: str, pieces: list[str]) -> list[Matter]:
    """Pieces around a connecting word: matters of their own only where they differ in kind or in category."""
    groups: list[tuple[str, str, str]] = []  # words, kind, second level of the category
    for piece in pieces:
        if len(reading.content(piece)) < 4:
            groups = [*groups[:-1], (f"{groups[-1][0]}，{piece}", *groups[-1][1:])] if groups else [(piece, "", "")]
            continue
        kind, request_type = kinds.classify(talk, piece)
        topic = ""
        if kind == "order":
            suggestion, _ = talk.findings.category(request_type, piece)
            topic = f"{suggestion.level1}/{suggestion.level2}/{suggestion.level3}" if suggestion else ""
        previous = groups[-1] if groups else None
        joins = previous is not None and (
            not kind
            or not previous[1]
            or (
                kind == previous[1] == "order"
                and not _praise_first(previous[0], piece)
                and (topic == previous[2] or not kinds.stands_alone(piece))
            )
            or (kind == previous[1] == "consult" and not reading.question(piece))
        )
        if joins and previous is not None:
            kept_kind = previous[1] or kind
            groups[-1] = (f"{previous[0]}，{piece}", kept_kind, previous[2] or topic)
        else:
            groups.append((piece, kind, topic))
    if len(groups) <= 1:
        return [matter] if (matter := _one(talk, text)) else []
    return [matter for words, _, _ in groups if (matter := _one(talk, words, whole=text))]


def _praise_first(before: str, piece: str) -> bool:
    """Praise, and then something else: always two matters."""
    return [kinds.by_words(words) == "表扬" for words in (before, piece)] == [True, False]


def _lawful_channel(talk: Talk, text: str) -> str:
    """The lawful channel that a matter belongs to, or an empty string: by the rules, where they see none by the
    understanding of the sentence. A court is often merely mentioned (法院后门的胡同): there both must see it."""
    named = lawful.channel(text)
    if named and not lawful.court_is_named(text):
        return named
    understood = talk.findings.understand(kinds.DENIED.sub("", text))
    lawful_matter = understood.score("lawful_channel")
    if named:
        return named if lawful_matter >= _MERELY_MENTIONED else ""
    sure = understood.intent == "lawful_channel" and lawful_matter >= _LAWFUL
    if not sure or lawful.enquiry_only(text, own_case=lawful_matter >= _LAWFUL_FOR_SURE):
        return ""
    return lawful.likely(text)


def _one(talk: Talk, text: str, *, sure: bool = False, whole: str = "") -> Matter | None:
    state = talk.state
    if receipt_no.find(text, spoken=talk.turn.spoken) is not None:  # whoever says such a number asks after it
        return state.new_matter("status", text, "咨询")
    known = order_numbers.find(text, spoken=talk.turn.spoken)
    if known and (reading.question(text) or reading.again(text)):  # whoever tells the number asks after that order
        matter = state.new_matter("status", text, "咨询")
        matter.order_no = known
        return matter
    channel = _lawful_channel(talk, text)
    if channel:
        matter = state.new_matter("lawful", text, "求助")
        matter.channel_name = channel
        return matter
    asks_where = service_points.asks(talk, text)
    goes_on = {} if asks_where else _goes_on(talk, text)
    kind, request_type = ("consult", "咨询") if asks_where or goes_on else kinds.classify(talk, text)
    if not kind and sure and len(reading.content(text)) >= 3:
        kind, request_type = "order", kinds.by_words(whole or text) or "求助"
    if kind == "consult":
        matter = state.new_matter("consult", text, "咨询")
        matter.question, matter.goes_on = goes_on.get("whole") or reading.tidy(text), goes_on
        return matter
    if kind == "status":
        matter = state.new_matter("status", text, "咨询")
        matter.order_no = order_numbers.find(text, spoken=talk.turn.spoken)
        return matter
    if kind == "order":
        matter = state.new_matter("order", text, request_type)
        matter.again = reading.again(text)
        return matter
    return None


def _goes_on(talk: Talk, text: str) -> dict[str, str]:
    """A question on what was just answered (see `consult.follow_up`); empty for anything else. Alone it may look like a
    matter of its own (丢了呢？) or like nothing at all (那孩子呢？)."""
    names_request = kinds.by_words(text) not in ("", "咨询")
    if names_request or reading.asks_progress(text) or not reading.question(text):
        return {}
    return consult.follow_up(talk, text)


def proceed(talk: Talk) -> None:
    """Go on with whatever is open: questions first, then channels, earlier orders, and the form."""
    state = talk.state
    state.asking = None
    for matter in [m for m in state.matters if m.stage == "open" and m.kind == "lawful"]:
        _tell_channel(talk, matter)
    if consult.answer_open(talk):
        return
    earlier = next((m for m in state.matters if m.kind == "status" and m.stage == "open"), None)
    if earlier is not None:
        if status.begin(talk, earlier):
            proceed(talk)
        return
    if state.form:
        form.go_on(talk)
        return
    talk.ask(None, wording.ASK_MORE)


def _tell_channel(talk: Talk, matter: Matter) -> None:
    matter.stage, matter.result = "done", "told"
    talk.say(wording.LAWFUL[matter.channel_name] + wording.LAWFUL_TAIL)


def _led_nowhere(talk: Talk) -> None:
    """No matter in the words: small talk, out of scope, or not understood."""
    state = talk.state
    understood = talk.findings.understand(talk.text)
    if understood.intent == "not_this" and state.matters:
        talk.ask("detail", f"{wording.NOT_CAUGHT}{wording.ASK_MATTER}")
        return
    if understood.intent != "unlawful" and not guards.abusive(talk.text) and _known_after_all(talk):
        return
    state.unclear += 1
    if state.unclear >= _GIVE_UP:
        if state.matters and understood.intent in _SMALL_TALK:
            closing.close(talk)
        else:
            choices.to_person(talk)
    elif understood.intent == "unlawful":
        talk.ask(None, unlawful.told(talk.text))
    elif understood.intent == "out_of_scope":
        talk.ask(None, wording.OUT_OF_SCOPE)
    elif understood.intent in _SMALL_TALK - {"out_of_scope", "unlawful"}:
        talk.ask(None, wording.CHITCHAT)
    elif understood.intent == "goodbye" or (understood.intent in ("nothing_more", "deny") and state.matters):
        closing.close(talk)
    elif understood.intent in _NO_MATTER or guards.abusive(talk.text):
        _ask_again(talk)
    else:
        _told_again(talk)


def _known_after_all(talk: Talk) -> bool:
    """A question that looks like nobody's business, small talk or nothing known, but the knowledge base answers it."""
    question = reading.tidy(talk.text)
    if not reading.question(talk.text) or talk.findings.search(question).verdict != "answer":
        return False
    talk.state.new_matter("consult", talk.text, "咨询").question = question
    _understood(talk.state)
    proceed(talk)
    return True


def told_something(state: State) -> bool:
    """Whether the citizen told of something that was not understood: then nobody says goodbye to them."""
    return len(reading.content(state.unheard)) >= _SUBSTANCE


def _told_again(talk: Talk) -> None:
    """Not understood: kept, so that nothing has to be told again once the kind of matter is known."""
    state = talk.state
    state.unheard = "。".join(part for part in (state.unheard, talk.text) if part)
    _ask_again(talk)


def _ask_again(talk: Talk) -> None:
    """Once in other words; the second time running another way is tried."""
    lead = wording.NOT_CAUGHT if talk.phone else wording.NOT_CAUGHT_WEB
    if talk.state.unclear >= _ANOTHER_WAY:
        talk.remark(lead)
        choices.offer(talk)
    else:
        talk.ask("detail", f"{lead}{wording.ASK_MATTER}")


def reset_form(state: State) -> None:
    """A new form begins; what is known of the citizen stays."""
    state.asked = {}
    state.refused = [slot for slot in state.refused if slot in ("contact_name", "contact_phone", "order_no")]
    state.questions = 0
    state.extra_asked = []
    state.number_begun, state.numbers_heard = "", []
    state.unclear = 0
