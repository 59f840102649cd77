"""Encryption of callbacks: known vectors, and what holds for every message."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import require

from base.errors import ConfigurationError
from gateway.wechat.crypto import MessageCrypto, RefusedMessage, signature, signed
from gateway.wechat.crypto_evaluation import check, command, evaluate

KEY = base64.b64encode(bytes(range(32))).decode()[:43]
CRYPTO = MessageCrypto("a-token", KEY, "wx0123456789abcdef")
_texts = st.binary(max_size=600)


def test_the_published_vectors(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "eval" / "wechat_crypto"
    require(folder.is_dir(), "the vectors of WeChat's encryption are missing")
    vectors = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
    assert evaluate(vectors) == {"n": len(vectors), "accepted": 1.0, "plaintext": 1.0, "refused": 1.0, "remade": 1.0}
    assert command([str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["n"] == len(vectors)


def test_a_vector_that_is_wrong_is_told() -> None:
    ciphertext, sign = CRYPTO.seal(b"hello", timestamp="1", nonce="2", random_prefix=bytes(16))
    vector = {
        "token": "a-token",
        "encodingAESKey": KEY,
        "receiver_id": "wx0123456789abcdef",
        "timestamp": "1",
        "nonce": "2",
        "msg_signature": sign,
        "ciphertext": ciphertext,
        "plaintext": "hello",
        "random_prefix_hex": "00" * 16,
    }
    assert all(check(vector).values())
    assert not check({**vector, "plaintext": "hallo"})["plaintext"]
    assert not check({**vector, "msg_signature": "0" * 40})["accepted"]


@settings(max_examples=60, deadline=None)
@given(_texts, st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_again(message: bytes, timestamp: str, nonce: str) -> None:
    ciphertext, sign = CRYPTO.seal(message, timestamp=timestamp, nonce=nonce)
    assert CRYPTO.open(ciphertext, timestamp=timestamp, nonce=nonce, msg_signature=sign) == message
    assert len(base64.b64decode(ciphertext)) % 32 == 0


@settings(max_examples=60, deadline=None)
@given(_texts, st.data())
def test_any_change_is_refused(message: bytes, data: st.DataObject) -> None:
    ciphertext, sign = CRYPTO.seal(message, timestamp="1", nonce="2")
    place = data.draw(st.integers(0, len(ciphertext) - 1))
    other = data.draw(st.sampled_from("ABCxyz019+/=").filter(lambda character: character != ciphertext[place]))
    changed = ciphertext[:place] + other + ciphertext[place + 1 :]
    with pytest.raises(RefusedMessage):
        CRYPTO.open(changed, timestamp="1", nonce="2", msg_signature=sign)
    with pytest.raises(RefusedMessage):
        CRYPTO.open(ciphertext, timestamp="1", nonce="3", msg_signature=sign)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()), st.text(max_size=80)))
def test_rubbish_that_is_rightly_signed_is_refused_too(ciphertext: str) -> None:
    sign = signature("a-token", "1", "2", ciphertext)
    with pytest.raises(RefusedMessage):
        CRYPTO.open(ciphertext, timestamp="1", nonce="2", msg_signature=sign)


def test_another_receiver_is_refused() -> None:
    other = MessageCrypto("a-token", KEY, "wx0123456789abcdee")
    longer = MessageCrypto("a-token", KEY, "wx0123456789abcdeff")
    for crypto in (other, longer):
        ciphertext, sign = crypto.seal(b"hello", timestamp="1", nonce="2")
        with pytest.raises(RefusedMessage):
            CRYPTO.open(ciphertext, timestamp="1", nonce="2", msg_signature=sign)


def test_the_error_tells_nothing() -> None:
    with pytest.raises(RefusedMessage) as caught:
        CRYPTO.open("a secret ciphertext", timestamp="1", nonce="2", msg_signature="0" * 40)
    assert "secret" not in str(caught.value)


def test_signatures_are_over_the_sorted_parts() -> None:
    assert signature("b", "a", "c") == signature("c", "b", "a") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert signed("a9993e364706816aba3e25717850c26c9cd0d89d", "c", "a", "b")
    assert not signed("A9993E364706816ABA3E25717850C26C9CD0D89D", "c", "a", "b")
    assert not signed("签名", "c", "a", "b")


@pytest.mark.parametrize("key", ["", "short", "*" * 43, "键" * 43, KEY + "="])
def test_a_key_of_another_shape_is_told_at_start(key: str) -> None:
    with pytest.raises(ConfigurationError):
        MessageCrypto("a-token", key, "wx0123456789abcdef")
