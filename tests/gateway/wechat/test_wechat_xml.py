"""The parser of callbacks takes what WeChat sends and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wechat.xml import MalformedXml, cdata, parse

BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
)
EXTERNAL = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>'


def test_fields_of_a_message() -> None:
    body = (
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>"
        "<Content><![CDATA[路灯 < 不亮]]></Content><MsgId>12</MsgId>\n</xml>"
    )
    assert parse(body.encode()) == {"ToUserName": "gh_1", "Content": "路灯 < 不亮", "MsgId": "12"}


def test_fields_within_fields() -> None:
    body = b"<xml><ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo></xml>"
    assert parse(body)["ScanCodeInfo.ScanType"] == "qrcode"


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        EXTERNAL,
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><Content>a</Content></xml>',
        b"<!DOCTYPE x><xml/>",
        b"<xml><Content>&undefined;</Content></xml>",
        b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>",
        b"<xml>" + b"<a></a>" * 500 + b"</xml>",
        b"<xml><Content>" + b"a" * 70_000 + b"</Content></xml>",
        b"",
        b"{}",
        b"<xml><a></xml>",
        b"\xff\xfe<\x00x\x00m\x00l\x00/\x00>\x00",
        "<xml><Content>路灯</Content></xml>".encode("gb18030"),
    ],
)
def test_everything_else_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedXml):
        parse(body)


def test_an_encoding_that_is_declared_changes_nothing() -> None:
    assert parse('<?xml version="1.0" encoding="utf-16"?><xml><a>路</a></xml>'.encode()) == {"a": "路"}


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"))))
def test_whatever_we_say_arrives(text: str) -> None:
    assert parse(f"<xml><a>{cdata(text + ']]>')}</a></xml>".encode())["a"] == text + "]]>"
