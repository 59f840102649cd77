"""The pure parts: allowance, messages that fit, what error codes mean, what callbacks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wechat.allowance import Allowance, Grant
from gateway.wechat.errcodes import meaning
from gateway.wechat.incoming import Incoming, MalformedMessage, read
from gateway.wechat.parcels import Piece, pack, split

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
WRITTEN = Grant(5, timedelta(hours=48))
CLICKED = Grant(3, timedelta(minutes=1))
LABELS = {"bot": "【机】", "system": "【机】", "seat": "【人】"}
LINK = "更多请看 https://12345.example.cn/#c=c_1"


def test_an_allowance_ends_with_its_time_and_its_number() -> None:
    allowance = Allowance().granted(WRITTEN, NOW)
    assert allowance.now(NOW) == 5
    assert allowance.now(NOW + timedelta(hours=47, minutes=59)) == 5
    assert allowance.now(NOW + timedelta(hours=48)) == 0
    for _ in range(7):
        allowance = allowance.used()
    assert allowance.now(NOW) == 0


def test_a_click_does_not_take_away_what_words_allowed() -> None:
    written = Allowance().granted(WRITTEN, NOW)
    assert written.used().granted(CLICKED, NOW) == written.used()
    poor = Allowance(1, NOW + timedelta(hours=1))
    assert poor.granted(CLICKED, NOW).now(NOW) == 3
    assert poor.granted(WRITTEN, NOW).now(NOW + timedelta(hours=47)) == 5
    assert Allowance(3, NOW + timedelta(hours=1)).granted(CLICKED, NOW).until == NOW + timedelta(hours=1)


def test_texts_are_merged_and_marked_by_who_wrote_them() -> None:
    pieces = [
        Piece(1, "system", "坐席已接入"),
        Piece(2, "bot", "您好"),
        Piece(3, "seat", "请讲"),
        Piece(4, "seat", "我在"),
    ]
    parcel = pack(pieces, limit_bytes=2_048, labels=LABELS)
    assert parcel.text == "【机】坐席已接入\n\n您好\n\n【人】请讲\n\n我在"
    assert parcel.done == (1, 2, 3, 4) and parcel.rest is None and not parcel.linked


def test_the_last_message_ends_with_the_link() -> None:
    parcel = pack([Piece(1, "seat", "请讲")], limit_bytes=2_048, labels=LABELS, last=True, link=LINK)
    assert parcel.text == f"【人】请讲\n\n{LINK}" and parcel.linked
    long = pack(
        [Piece(1, "seat", "长" * 900), Piece(2, "seat", "后")], limit_bytes=300, labels=LABELS, last=True, link=LINK
    )
    assert len(long.text.encode()) <= 300 and long.text.endswith(f"……\n\n{LINK}") and long.done == (1, 2)


def test_sentences_stay_whole_where_they_can() -> None:
    told, rest = split("第一句话说完了。第二句话比较长一些", 40)
    assert (told, rest) == ("第一句话说完了。", "第二句话比较长一些")
    assert split("没有标点的一段话", 10) == ("没有标", "点的一段话")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["bot", "seat", "system"]), st.text(min_size=1, max_size=400)), min_size=1, max_size=6
    ),
    st.integers(256, 600),
)
def test_nothing_is_lost_and_every_message_fits(texts: list[tuple[str, str]], limit: int) -> None:
    pieces = [Piece(number, role, text) for number, (role, text) in enumerate(texts)]
    told = ""
    for _ in range(200):
        parcel = pack(pieces, limit_bytes=limit, labels=LABELS)
        assert len(parcel.text.encode()) <= limit
        assert parcel.text.startswith(LABELS[pieces[0].role])
        told += parcel.text
        pieces = [
            Piece(piece.id, piece.role, parcel.rest[1]) if parcel.rest and piece.id == parcel.rest[0] else piece
            for piece in pieces
            if piece.id not in parcel.done
        ]
        if not pieces:
            break
    assert not pieces

    def letters(text: str) -> str:
        return "".join(text.replace("【机】", "").replace("【人】", "").split())

    assert letters(told) == letters("".join(text for _, text in texts))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=5), st.integers(256, 600))
def test_the_last_message_fits_too(texts: list[str], limit: int) -> None:
    pieces = [Piece(number, "seat", text) for number, text in enumerate(texts)]
    parcel = pack(pieces, limit_bytes=limit, labels=LABELS, last=True, link=LINK)
    assert len(parcel.text.encode()) <= limit and parcel.text.endswith(LINK)
    assert parcel.done == tuple(range(len(texts)))


def test_error_codes() -> None:
    assert [meaning(code) for code in (40001, 42001, 45015, 45047, 40003, -1, 45002, 48001, 45009)] == [
        "token", "token", "used_up", "used_up", "unreachable", "busy", "refused", "not_now", "slow_down"
    ]  # fmt: skip


def message(kind: str, **fields: str) -> Incoming:
    base = {"ToUserName": "gh_1", "FromUserName": "o_1", "CreateTime": "1767578400", "MsgId": "77", "MsgType": kind}
    return read({**base, **fields}, account="wx1")


def test_messages() -> None:
    assert message("text", Content="路灯不亮").text == "路灯不亮"
    voice = message("voice", MediaId="m1", Format="AMR", Recognition="路灯不亮。")
    assert (voice.media_id, voice.media_format, voice.text) == ("m1", "amr", "路灯不亮。")
    place = message("location", Location_X="39.98", Location_Y="116.31", Label="海淀区知春路48号")
    assert (place.latitude, place.longitude, place.text) == (39.98, 116.31, "海淀区知春路48号")
    assert message("location", Location_X="nan").latitude is None
    assert message("link", Title="题", Url="https://example.cn").text == "题\nhttps://example.cn"
    assert message("sticker").kind == "other"
    assert all(message(kind).by_citizen for kind in ("text", "voice", "image", "shortvideo", "location", "link"))


def test_events() -> None:
    assert message("event", Event="subscribe", EventKey="qrscene_street-7") == Incoming(
        message("event", Event="subscribe").id, "o_1", "arrived", scene="street-7"
    )
    assert message("event", Event="SCAN", EventKey="street-7").kind == "greet"
    assert message("event", Event="CLICK", EventKey="HUMAN").text == "HUMAN"
    assert message("event", Event="VIEW", EventKey="https://example.cn").kind == "none"
    assert message("event", Event="unsubscribe").kind == "left"
    finished = message("event", Event="TEMPLATESENDJOBFINISH", MsgID="9", Status="failed:user block")
    assert (finished.kind, finished.media_id) == ("sent", "9")


def test_the_same_message_has_the_same_id_and_no_other_has() -> None:
    assert message("text", Content="一").id == message("text", Content="一").id
    assert message("text").id != message("text", MsgId="78").id
    click = message("event", Event="CLICK", EventKey="A")
    assert click.id == message("event", Event="CLICK", EventKey="A", MsgId="").id
    assert click.id != message("event", Event="CLICK", EventKey="A", CreateTime="1767578401").id
    assert "o_1" not in click.id


@pytest.mark.parametrize("missing", ["FromUserName", "MsgType", "CreateTime", "MsgId"])
def test_what_every_message_has_must_be_there(missing: str) -> None:
    with pytest.raises(MalformedMessage):
        message("" if missing == "MsgType" else "text", **{missing: ""})


def test_a_message_survives_storing() -> None:
    place = message("location", Location_X="39.98", Location_Y="116.31", Label="海淀区")
    assert Incoming.from_dict(place.as_dict()) == place
