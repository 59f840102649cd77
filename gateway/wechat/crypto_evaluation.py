"""`hotline eval wechat-crypto DIR [--json]`: our crypto against known vectors (`DIR/vectors.json`).

A vector has `token`, `encodingAESKey`, `receiver_id`, `timestamp`, `nonce`, `msg_signature`, `ciphertext`, `plaintext`
and, where the ciphertext can be made again byte for byte, `random_prefix_hex`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from base.errors import HotlineError
from gateway.wechat.crypto import MessageCrypto, RefusedMessage, signed

Vector = dict[str, Any]


def check(vector: Vector) -> dict[str, bool]:
    """`accepted`: the signature; `plaintext`: byte for byte; `refused`: after one character of signature, ciphertext or
    receiver id was changed, wherever it stands; `remade`: we seal the same message to the same bytes."""
    crypto = _crypto(vector)
    try:
        opened = _open(crypto, vector)
    except RefusedMessage:
        opened = None
    plaintext = str(vector["plaintext"]).encode()
    prefix = vector.get("random_prefix_hex")
    return {
        "accepted": signed(
            vector["msg_signature"], vector["token"], vector["timestamp"], vector["nonce"], vector["ciphertext"]
        ),
        "plaintext": opened == plaintext,
        "refused": all(_refuses(changed) for changed in _changed(vector)),
        "remade": prefix is None
        or crypto.encrypt(plaintext, random_prefix=bytes.fromhex(prefix)) == vector["ciphertext"],
    }


def evaluate(vectors: list[Vector]) -> dict[str, float]:
    """The share of vectors for each thing that `check` looks at, 0..1."""
    results = [check(vector) for vector in vectors]
    names = ("accepted", "plaintext", "refused", "remade")
    return {"n": len(results), **{name: sum(r[name] for r in results) / max(1, len(results)) for name in names}}


def _crypto(vector: Vector) -> MessageCrypto:
    return MessageCrypto(vector["token"], vector["encodingAESKey"], vector["receiver_id"])


def _open(crypto: MessageCrypto, vector: Vector) -> bytes:
    return crypto.open(
        vector["ciphertext"],
        timestamp=str(vector["timestamp"]),
        nonce=str(vector["nonce"]),
        msg_signature=vector["msg_signature"],
    )


def _changed(vector: Vector) -> list[Vector]:
    return [
        {**vector, name: text[:place] + ("b" if text[place] != "b" else "c") + text[place + 1 :]}
        for name in ("msg_signature", "ciphertext", "receiver_id")
        for text in (str(vector[name]),)
        for place in range(len(text))
    ]


def _refuses(vector: Vector) -> bool:
    try:
        _open(_crypto(vector), vector)
    except RefusedMessage:
        return True
    return False


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval wechat-crypto", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    asked = parser.parse_args(argv)
    try:
        vectors = json.loads((asked.folder / "vectors.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HotlineError(f"{asked.folder / 'vectors.json'} cannot be read: {error}") from error
    rows = vectors["vectors"] if isinstance(vectors, dict) and "vectors" in vectors else vectors
    found = evaluate(rows if isinstance(rows, list) else [rows])
    print(json.dumps(found) if asked.json else "\n".join(f"{name}: {value:g}" for name, value in found.items()))
    return 0 if all(found[name] == 1.0 for name in ("accepted", "plaintext", "refused", "remade")) else 1
