"""Whom the endpoint may call: the list of the settings and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.sections.telephony import TelephonySettings
from telephony.legs.dial_out import DialOut, parse

OURS = TelephonySettings(
    person_sip_uri="sip:7000@pbx.example.cn",
    emergency_sip_uris={"110": "sip:110@10.1.1.1:5080"},
    dial_out_allowed=["sip:8??@pbx.example.cn", "phones.example.cn:5062", "sip:*@10.2.0.*"],
)


@pytest.mark.parametrize(
    ("uri", "called"),
    [
        ("sip:7000@pbx.example.cn", "sip:7000@pbx.example.cn:5060"),
        ("SIP:7000@PBX.example.CN:5060", "sip:7000@pbx.example.cn:5060"),
        ("sip:110@10.1.1.1:5080", "sip:110@10.1.1.1:5080"),
        ("sip:812@pbx.example.cn", "sip:812@pbx.example.cn:5060"),
        ("sip:anybody@phones.example.cn:5062;transport=tcp", "sip:anybody@phones.example.cn:5062;transport=tcp"),
        ("sip:9@10.2.0.17", "sip:9@10.2.0.17:5060"),
    ],
)
def test_addresses_of_the_settings_are_called(uri: str, called: str) -> None:
    target = DialOut.of(OURS).allowed(uri)
    assert target is not None and target.uri == called


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "7000",
        "tel:+8613800138000",
        "sip:7001@pbx.example.cn",
        "sip:7000@pbx.example.cn:5070",
        "sip:7000@pbx.example.cn.evil.example",
        "sip:7000@evil.example?x=@pbx.example.cn",
        "sip:7000@evil.example;maddr=pbx.example.cn",
        "sip:7000@pbx.example.cn?Replaces=1",
        "sip:7000@pbx.example.cn\r\nX-Header: 1",
        "sip:7000@pbx.example.cn sip:1@evil.example",
        "sip:8123@pbx.example.cn",
        "sip:0086900@10.2.1.17",
        "sip:110@10.1.1.1",
        "sip:anybody@phones.example.cn",
        "sip:1@pbx.example.cn:99999",
        "*",
        "sip:*@*",
    ],
)
def test_all_others_are_refused(uri: str) -> None:
    assert DialOut.of(OURS).allowed(uri) is None


def test_nothing_is_allowed_by_default() -> None:
    assert DialOut.of(TelephonySettings()).patterns == ()


def test_a_star_in_an_address_of_the_settings_is_a_key() -> None:
    rules = DialOut.of(TelephonySettings(person_sip_uri="sip:*98@pbx.example.cn"))
    assert rules.allowed("sip:*98@pbx.example.cn") is not None
    assert rules.allowed("sip:00998@pbx.example.cn") is None


@given(st.text(max_size=80))
def test_whatever_is_asked_the_answer_is_an_address_of_the_list(text: str) -> None:
    target = DialOut.of(OURS).allowed(text) or DialOut.of(OURS).allowed(f"sip:{text}@pbx.example.cn")
    if target is not None:
        assert target.host == "pbx.example.cn" or target.host.startswith("10.")
        assert parse(target.uri) == target
