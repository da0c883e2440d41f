"""Signs checkpoints, and checks their signatures: Ed25519, in the form of C2SP signed-note."""

import base64
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sop.checkpoint import (
    ED25519,
    KEY_ID_BYTES,
    ORIGIN,
    Checkpoint,
    NoCheckpointError,
    SignedCheckpoint,
    key_id,
    public_key_line,
    public_key_of,
)

_PURPOSE = b"handrail checkpoint signing 1"
_DASH = "\N{EM DASH}"


class CheckpointSigner:
    """Signs with the key that follows from a secret of at least 32 characters."""

    def __init__(self, secret: str) -> None:
        """Derive the key."""
        seed = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = ED25519 + self._key.public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The public key as a line of text: what auditors need, and no secret."""
        return public_key_line(self._public)

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        """Return a checkpoint as a signed note."""
        body = checkpoint.body()
        signature = key_id(self._public) + self._key.sign(body.encode())
        line = f"{_DASH} {ORIGIN} {base64.b64encode(signature).decode()}\n"
        return SignedCheckpoint(checkpoint.size, f"{body}\n{line}")


class CheckpointVerifier:
    """Knows public keys: the one in use, and those that were before it."""

    def __init__(self, verifier_keys: Iterable[str]) -> None:
        """Read the keys, one a line as `CheckpointSigner.verifier_key` writes them.

        Raises:
            ValueError: A line is no such key.
        """
        keys = map(public_key_of, verifier_keys)
        self._keys = {key_id(key): Ed25519PublicKey.from_public_bytes(key[1:]) for key in keys}

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint of a note.

        Raises:
            NoCheckpointError: It is none, or no known key has signed it.
        """
        body, blank, signatures = note.partition("\n\n")
        body += "\n"
        if not blank or not any(self._signed(body, line) for line in signatures.splitlines()):
            raise NoCheckpointError("no known key has signed this")
        return Checkpoint.parse(body)

    def _signed(self, body: str, line: str) -> bool:
        prefix, _, encoded = line.rpartition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
            key = self._keys[signature[:KEY_ID_BYTES]]
            key.verify(signature[KEY_ID_BYTES:], body.encode())
        except (ValueError, KeyError, InvalidSignature):
            return False
        return prefix == f"{_DASH} {ORIGIN}"
