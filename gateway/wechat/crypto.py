"""Signatures and encryption of WeChat's callbacks, the same for Official Accounts and WeCom. Pure: bytes in, bytes out.

Signature: SHA-1 over the sorted strings, in hexadecimal. Encryption: AES-256-CBC with the key of `EncodingAESKey`, its
first 16 bytes as IV, PKCS#7 padding to blocks of 32 bytes, around 16 random bytes, the length of the message (4 bytes,
big endian), the message, and the receiver's id (app id, corporation id). What fails is refused without saying why.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from base.errors import ConfigurationError, HotlineError

_PADDED_TO_BYTES: Final = 32
_AES_BLOCK_BYTES: Final = 16
_PREFIX_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_KEY_CHARACTERS: Final = 43


class RefusedMessage(HotlineError):
    """The signature, the ciphertext or the receiver is wrong: one answer for all of them."""

    def __init__(self) -> None:
        super().__init__("the message is not from whom it should be")


def signature(*parts: str) -> str:
    """40 lower-case hexadecimal digits, over the parts in the order of their bytes."""
    joined = b"".join(sorted(part.encode("utf-8", "surrogatepass") for part in parts))
    return hashlib.sha1(joined).hexdigest()


def signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of the parts; takes as long for a wrong one as for the right one."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(*parts).encode())


class MessageCrypto:
    """Opens and seals the messages of one callback address.

    Raises:
        ConfigurationError: `encoding_aes_key` is not one of 43 characters.
    """

    def __init__(self, token: str, encoding_aes_key: str, receiver_id: str) -> None:
        self._token = token
        self._receiver = receiver_id.encode()
        try:
            if len(encoding_aes_key) != _KEY_CHARACTERS:
                raise ValueError
            self._key = base64.b64decode(encoding_aes_key.encode("ascii") + b"=", validate=True)
        except ValueError as error:
            raise ConfigurationError("an EncodingAESKey has 43 letters and digits") from error

    def open(self, ciphertext: str, *, timestamp: str, nonce: str, msg_signature: str) -> bytes:
        """The message.

        Raises:
            RefusedMessage: it was not sealed with this token and key for this receiver.
        """
        if not signed(msg_signature, self._token, timestamp, nonce, ciphertext):
            raise RefusedMessage
        return self.decrypt(ciphertext)

    def seal(
        self, message: bytes, *, timestamp: str, nonce: str, random_prefix: bytes | None = None
    ) -> tuple[str, str]:
        """Ciphertext and signature. `random_prefix`: 16 bytes; drawn here unless a test needs known ones."""
        ciphertext = self.encrypt(message, random_prefix=random_prefix)
        return ciphertext, signature(self._token, timestamp, nonce, ciphertext)

    def decrypt(self, ciphertext: str) -> bytes:
        """The message within, without a look at the signature.

        Raises:
            RefusedMessage: it cannot be decrypted, or is meant for another receiver.
        """
        try:
            sealed = base64.b64decode(ciphertext.encode("ascii"), validate=True)
        except (ValueError, binascii.Error) as error:
            raise RefusedMessage from error
        if not sealed or len(sealed) % _AES_BLOCK_BYTES:
            raise RefusedMessage
        decryptor = self._cipher().decryptor()
        plain = _without_padding(decryptor.update(sealed) + decryptor.finalize())
        begin = _PREFIX_BYTES + _LENGTH_BYTES
        if len(plain) < begin:
            raise RefusedMessage
        end = begin + int.from_bytes(plain[_PREFIX_BYTES:begin], "big")
        if end > len(plain) or not hmac.compare_digest(plain[end:], self._receiver):
            raise RefusedMessage
        return plain[begin:end]

    def encrypt(self, message: bytes, *, random_prefix: bytes | None = None) -> str:
        prefix = secrets.token_bytes(_PREFIX_BYTES) if random_prefix is None else random_prefix
        if len(prefix) != _PREFIX_BYTES:
            raise ValueError("the random prefix has 16 bytes")
        plain = prefix + len(message).to_bytes(_LENGTH_BYTES, "big") + message + self._receiver
        padding = _PADDED_TO_BYTES - len(plain) % _PADDED_TO_BYTES
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:_AES_BLOCK_BYTES]))


def _without_padding(plain: bytes) -> bytes:
    size = plain[-1]
    if not 1 <= size <= _PADDED_TO_BYTES or size > len(plain) or plain[-size:] != bytes([size]) * size:
        raise RefusedMessage
    return plain[:-size]
