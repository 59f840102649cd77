"""What did the citizen come with? Each matter is recognised, and the conversation goes to what it needs next."""

from __future__ import annotations

import re
from typing import Final

from bot import guards, intake, lawful, reading, splitting, wording
from bot.decision import Understood
from bot.entities import order_no as order_numbers
from bot.entities import receipt_no, yes_no
from bot.policy import choices, closing, consult, form, rating, service_points, status
from bot.policy.prefill import prefill
from bot.policy.talk import Talk
from bot.state import Matter, State
from workorders import deadlines

REQUESTS: Final = ("complain", "report", "help", "suggest", "praise")
_TYPE_OF: Final = {
    "complain": "投诉",
    "report": "举报",
    "help": "求助",
    "suggest": "建议",
    "praise": "表扬",
    "consult": "咨询",
}
_NO_MATTER: Final = frozenset(
    {"abuse", "prompt_attack", "goodbye", "deny", "affirm", "nothing_more", "wait", "repeat", "louder", "slower"}
)
_STORY: Final = 12  # characters: fewer may be the mere name of what is asked about (居住证办理)
_SURE: Final = 0.85  # of the reader of intents: then no words that it may have overlooked are looked for
_LONG_STORY: Final = 40  # characters
_SUBSTANCE: Final = choices.SUBSTANCE  # characters that say something
_TELLS: Final = 4  # characters, of a matter whose kind is known
_ANOTHER_WAY: Final = 2  # failures running: then choices are offered
_GIVE_UP: Final = 3  # failures running: then a person
_SMALL_TALK: Final = frozenset({"out_of_scope", "unlawful", "chitchat", "thanks", "greet", "praise"})
_DENIED: Final = re.compile(
    r"(?:不是|不想|并不是|没想|不算)(?:要|来|在|想)?(?:投诉|举报|表扬|建议|咨询|提(?:什么)?意见|告状)(?:啊|的|吧)?"
    r"|想问(?:一下)?[啊呢]?[,，]不是[,，]"
    r"|(?:没|没有|怕|怕被|担心|担心被)(?:谁|人|别人|邻居)?(?:来)?(?:投诉|举报)(?:我们?|咱们?|我家)?(?:的|吧)?"
)
_CUES: Final = (
    (
        "praise",
        re.compile(
            r"表扬|点个?赞|夸(?:一?夸|奖)|锦旗|感谢信|(?:要|想|得|特别|非常|特意|专门)(?:感谢|谢谢[那这他她人咱])(?!.*(?:投诉|举报))"
        ),
    ),
    ("report", re.compile(r"举报|检举|揭发")),
    ("complain", re.compile(r"投诉|告(?:他们|它)(?!诉)")),
    (
        "suggest",
        re.compile(
            r"(?:我)?(?:想|要|来)?(?:提|有)(?:一)?(?:个|条|点)?(?:小)?(?:建议|意见)|^(?:我)?建议|建议(?:你们|政府|咱们|在|把|增|加|开|设|能)"
        ),
    ),
    ("help", re.compile(r"^(?:我)?(?:想|要|来)?求助(?!热线|电话|平台|站|中心)")),
    ("consult", re.compile(r"^(?:我)?(?:想|要|来)?咨询")),
)
_WRONGDOING: Final = re.compile(
    r"扰民|拖欠|欠(?:薪|工资|我们|钱)|不给(?:退|发|修|钱|办)|不退|骗|乱(?:收费|停|扔|倒|堆|涨)|违(?:法|建|规|停)|占(?:道|用|了)|无证|偷(?:排|倒|工)|坑人|宰客|态度(?:差|恶劣|不好)|骂(?:我|人)|推诿|不作为|强制|霸王|绕路|拒载|缺斤|假(?:货|酒|烟|药)|过期|跑路|噪音|吵得|太吵|半夜|轰隆|嗡嗡|震得|熏|宰人|宰客|甩站|不停(?:车|站)|插队|插(?:了)?队|赖账|不认账|抢占|打桩|油烟|私(?:搭|拆|装)|偷|(?:滴|流|溅|漏)(?:到|在|进)我|堵(?:了|住|着)?[^,，。]{0,3}(?:盲道|通道|门口?|路口|出入口|楼道)|[吃喝]出(?!来)|找[他她它]们?[^,，。]{0,4}(?:不管|不理|不听|不认)"
)
# Offences of which anybody may tell; with a loss of the citizen's own beside it, it is a complaint.
_OFFENCE: Final = re.compile(
    r"(?:无|没有?|未)[^,，。]{0,6}(?:许可证?|执照|证照|资质|备案)|无[证照]|[偷逃漏]税|(?:私|违规|违法)[^,，。]{0,2}[搭建盖](?!议)|违建|外扩|隔断|隔成|开墙打洞|群租|承重墙"
    r"|赌[场博]|地沟油|偷排|(?:乱|偷)倒[^,，。]{0,4}(?:渣土|垃圾|废)|假冒|传销|非法|骗(?:取)?(?:补贴|补助|低保|医保)|电鱼|盗[采伐]"
)
_SOMEBODY: Final = re.compile(r"邻居|楼上|楼下|隔壁|对门|住户|商户|[店馆]|超市|商场|物业|公司|单位|老板|车|工地|有人")
_OWN_LOSS: Final = re.compile(r"我|俺|咱|退|赔|吵|熏|臭|扰|影响")
_BROKEN: Final = re.compile(
    r"坏了|不亮|漏水|漏了|爆了|堵了|停水|停电|没水|没电|没气|不热|没暖气|打不着|断了|塌|大坑|没了|丢了|裂|积水|冒水|没人修|倒了|没地方|办不(?:了|下)|不来水|掉(?:了|下)|灭了|不通|歪|松(?:了|动)|翘(?:起|着)|破(?:了|损|的)|碎了|满(?:了|出来)|失灵|停运|用不了|不(?:能用|好使|走字|显示|制冷)|陷下去"
)


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
    elif (found := add(talk, text)) or _of_wanted_kind(talk):
        _with_unheard(talk, found)
        _understood(state)
        proceed(talk)
    else:
        _led_nowhere(talk)


def _with_unheard(talk: Talk, found: list[Matter]) -> None:
    """What was told before and not understood belongs to the one order that is understood now."""
    told = talk.state.unheard
    if len(found) == 1 and found[0].kind == "order" and told_something(talk.state):
        matter = found[0]
        matter.opening, matter.text = f"{told}。{matter.opening}", f"{told}。{matter.text}"
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
    return reading.question(told) if kind == "consult" else reading.locative(told) or _stands_alone(told)


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
        matter = talk.state.new_matter("order", text, _by_words(talk, text) or "求助")
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


def _several(talk: Talk, text: str, pieces: list[str]) -> list[Matter]:
    """Pieces around a connecting word: matters of their own only where they differ in kind or in category."""
    groups: list[tuple[str, str, str]] = []  # words, kind, second level of the category
    for piece in pieces:
        if len(reading.content(piece)) < 4:
            groups = [*groups[:-1], (f"{groups[-1][0]}，{piece}", *groups[-1][1:])] if groups else [(piece, "", "")]
            continue
        kind, request_type = classify(talk, piece)
        topic = ""
        if kind == "order":
            suggestion, _ = talk.findings.category(request_type, piece)
            topic = f"{suggestion.level1}/{suggestion.level2}/{suggestion.level3}" if suggestion else ""
        previous = groups[-1] if groups else None
        joins = previous is not None and (
            not kind
            or not previous[1]
            or (kind == previous[1] == "order" and (topic == previous[2] or not _stands_alone(piece)))
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


def _to_lawful(talk: Talk, text: str) -> bool:
    """No rule sees a lawful channel, but the understanding of the sentence is sure of one."""
    understood = talk.findings.understand(_DENIED.sub("", text))
    return understood.intent == "lawful_channel" and understood.confidence >= 0.6 and not lawful.enquiry_only(text)


def _stands_alone(piece: str) -> bool:
    """Whether a piece names something wrong by itself, rather than more of what was said before."""
    return bool(_WRONGDOING.search(piece) or _BROKEN.search(piece) or any(cue.search(piece) for _, cue in _CUES))


def _one(talk: Talk, text: str, *, sure: bool = False, whole: str = "") -> Matter | None:
    state = talk.state
    if receipt_no.find(text, spoken=talk.turn.spoken) is not None:  # whoever says such a number asks after it
        return state.new_matter("status", text, "咨询")
    channel = lawful.channel(text)
    if channel:
        matter = state.new_matter("lawful", text, "求助")
        matter.channel_name = channel
        return matter
    if _to_lawful(talk, text):
        matter = state.new_matter("lawful", text, "求助")
        matter.channel_name = lawful.likely(text)
        return matter
    asks_where = service_points.asks(talk, text)
    goes_on = {} if asks_where else _goes_on(talk, text)
    kind, request_type = ("consult", "咨询") if asks_where or goes_on else classify(talk, text)
    if not kind and sure and len(reading.content(text)) >= 3:
        kind, request_type = "order", _by_words(talk, whole or text) or "求助"
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
    names_request = _by_words(talk, text) not in ("", "咨询")
    if names_request or reading.asks_progress(text) or not reading.question(text):
        return {}
    return consult.follow_up(talk, text)


def classify(talk: Talk, text: str) -> tuple[str, str]:
    """(kind, request type) of a piece of text; an empty kind where it holds no matter."""
    words = _DENIED.sub("", text)
    understood = talk.findings.understand(words)
    cue = _by_words(talk, words)
    problem = bool(_WRONGDOING.search(words) or _BROKEN.search(words)) or _pressing(words)
    if understood.score("order_status") >= _SURE and cue in ("", "咨询", "求助"):
        return "status", "咨询"
    if reading.asks_progress(words) and (cue in ("", "咨询") or understood.intent == "order_status"):
        has_matter = problem and not re.search(r"工单|单号|单子|进度|进展|查询", words)
        return ("order", "求助") if has_matter else ("status", "咨询")
    if understood.intent == "order_status" and understood.confidence >= 0.5 and not problem:
        return "status", "咨询"
    if cue and cue != "咨询":
        return "order", cue
    if cue == "咨询":
        return "consult", "咨询"
    asks, requests = understood.score("consult"), understood.score(*REQUESTS)
    if len(reading.bare(words)) >= _LONG_STORY:  # what is wanted often comes at its end
        end = talk.findings.understand(splitting.end_of(words))
        asks, requests = (asks + end.score("consult")) / 2, (requests + end.score(*REQUESTS)) / 2
    return _by_model(words, understood, asks=asks, requests=requests, problem=problem)


def _pressing(words: str) -> bool:
    """Whether the words tell that a supply fails or of a danger, however it is called ("龙头干的，没法洗脸")."""
    return not reading.question(words) and deadlines.pressing(words)


def _by_words(talk: Talk, text: str) -> str:
    """The request type that the citizen names, or an empty string."""
    words = _DENIED.sub("", text)
    return next((_TYPE_OF[name] for name, cue in _CUES if cue.search(words)), "")


def _by_model(words: str, understood: Understood, *, asks: float, requests: float, problem: bool) -> tuple[str, str]:
    """`asks`, `requests`: how probable it is that something is asked, that something is to be done."""
    if asks < _SURE and len(reading.bare(words)) >= _STORY and reading.asks_nothing(words):
        requests, asks = requests + asks, 0.0  # who tells and asks nothing wants something done about it
    if problem:
        requests += 0.25
    if reading.question(words) and not problem:
        asks += 0.2
    nothing = understood.score("none", "out_of_scope", "unlawful", "chitchat", "greet", "abuse", "prompt_attack")
    if max(requests, asks) < 0.3 and not problem:
        return "", ""
    if nothing > max(requests, asks) and not problem:
        return "", ""
    if asks > requests:
        return "consult", "咨询"
    ranking = [(name, value) for name, value in understood.ranking if name in REQUESTS]
    best = max(ranking, key=lambda item: item[1])[0] if ranking else understood.intent
    if best not in REQUESTS:
        best = "complain" if _WRONGDOING.search(words) else "help"
    if best in ("complain", "help") and _OFFENCE.search(words) and not _OWN_LOSS.search(words):
        return "order", "举报"
    if best == "help" and _SOMEBODY.search(words) and _WRONGDOING.search(words):
        best = "help" if intake.default().about_facility(words) else "complain"
    blames = best == "complain" and understood.score("complain") >= _SURE
    fails = intake.default().about_facility(words) and not _WRONGDOING.search(words)
    if best in ("complain", "help") and fails and not blames:
        return "order", "求助"
    scores = dict(ranking)
    unsure = best != "report" or scores["report"] < 0.5
    if (
        unsure
        and best in ("complain", "help", "report")
        and abs(scores.get("complain", 0.0) - scores.get("help", 0.0)) < 0.25
    ):
        best = "complain" if _WRONGDOING.search(words) else "help" if _BROKEN.search(words) else best
    return "order", _TYPE_OF[best]


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
    state.unclear += 1
    if state.unclear >= _GIVE_UP:
        if state.matters and understood.intent in _SMALL_TALK:
            closing.close(talk)
        else:
            choices.to_person(talk)
    elif understood.intent == "unlawful":
        talk.ask(None, wording.UNLAWFUL)
    elif understood.intent == "out_of_scope":
        if not _known_after_all(talk):
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
    """A question that looks like nobody's business, but the knowledge base or a hot topic answers it."""
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
