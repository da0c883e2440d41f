"""The hashes by which customers are compared, so that no table holds what they present.

A number that can be guessed by trying them all is kept as a keyed hash: without the key, which is
in no database, a stolen table tells nothing. An answer is put through argon2id besides.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from pydantic import SecretStr

from sop.evidence import MOST_OF_A_FORM, Presented

TIME_COST: Final = 1
MEMORY_KIB: Final = 46 * 1024
PARALLELISM: Final = 1

_NOTHING = "-" * 74


class IdentityHashes:
    """Makes and compares hashes under one key. Every comparison does the same work."""

    def __init__(self, key: SecretStr) -> None:
        """Take the key; its mark begins every hash, so that another key can follow it."""
        self._key = key.get_secret_value().encode()
        self.key_id = f"k{hashlib.sha256(b'handrail identity key ' + self._key).hexdigest()[:8]}"
        self._argon2 = PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM
        )
        # A hash of nothing, which costs as much to compare with as a real one.
        self._no_answer = (
            f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={PARALLELISM}"
            f"${_base64(bytes(16))}${_base64(bytes(32))}"
        )

    def is_usable(self, stored: str) -> bool:
        """Return whether a hash was made with this key."""
        return stored.startswith(f"{self.key_id}:")

    def keyed(self, customer_id: str, presented: Presented) -> str:
        """Return the keyed hash of a value: of this customer and form, so that none is like it."""
        said = "\0".join((presented.form, customer_id, presented.value)).encode()
        return f"{self.key_id}:{hmac.new(self._key, said, hashlib.sha256).hexdigest()}"

    def answer(self, keyed: str) -> str:
        """Return what is kept of an answer: argon2id of its keyed hash, with a salt of its own."""
        return f"{self.key_id}:{self._argon2.hash(keyed)}"

    def same(self, keyed: str, stored: Sequence[str]) -> bool:
        """Return whether one of the kept hashes is this one; all are looked at, and no fewer."""
        padding = [_NOTHING] * (MOST_OF_A_FORM - len(stored))
        return sum(hmac.compare_digest(keyed, known) for known in (*stored, *padding)) > 0

    def same_answer(self, keyed: str, stored: str | None) -> bool:
        """Return whether an answer is the kept one; without one it takes as long to say no."""
        known = stored if stored is not None and self.is_usable(stored) else None
        try:
            self._argon2.verify(known.partition(":")[2] if known else self._no_answer, keyed)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return known is not None


def _base64(value: bytes) -> str:
    """Return bytes as argon2 writes them."""
    return b64encode(value).decode().rstrip("=")
