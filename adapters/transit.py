"""Wraps data keys with a key that never leaves OpenBao or Vault: their transit engine, over HTTP.

A wrapped key is bound to its name by `associated_data`, which the engine's AEAD types check. An
encryption under a key that does not exist would quietly make one; hence the key is asked for first.
"""

import base64
import binascii
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import structlog

from activities.key_ports import KeysUnavailableError, TamperedError
from adapters.key_wrapping import PlainKey, WrappedKey

T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

TIMEOUT_S = 5.0
BATCH = 200
"""Keys in one request: OpenBao refuses 250, whose JSON has more strings than it takes (1000)."""

AEAD = frozenset({"aes256-gcm96", "aes128-gcm96", "chacha20-poly1305", "xchacha20-poly1305"})
"""The engine's key types that check what a wrapped key is bound to."""

_PREFIX = "vault:"
# What the engine says of a single ciphertext that it understood and did not accept.
_TAMPERED = ("message authentication failed", "invalid ciphertext", "missing ciphertext")


class TransitWrapper:
    """Implements `adapters.key_wrapping.KeyWrapper`; its versions are `vault:1`, `vault:2` ..."""

    def __init__(
        self,
        address: str,
        key: str,
        token: Callable[[], str],
        *,
        mount: str = "transit",
        namespace: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepare the connection; the first request opens it.

        Args:
            address: `https://HOST:PORT`; the system's certificates say whom to trust.
            key: The name of the key-encryption key.
            token: Returns the token in force, before each request.
            mount: Where the transit engine is mounted.
            namespace: Of OpenBao or Vault, where they have several.
            timeout_s: How long each part of a request may take.
        """
        self._root = f"{address}/v1/{quote(mount)}"
        self._key = quote(key, safe="")
        self._token = token
        self._headers = {"X-Vault-Request": "true"}
        if namespace is not None:
            self._headers["X-Vault-Namespace"] = namespace
        self._http = httpx2.Client(
            timeout=timeout_s,
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,  # the token is for this address alone
        )
        self._is_there = False

    def current_version(self) -> str:
        """Return the version with which keys are wrapped now."""
        return self._version_of(self._call("GET", f"keys/{self._key}"))

    def wrap(self, keys: Sequence[PlainKey]) -> tuple[WrappedKey, ...]:
        """Wrap keys with the current version, in their order."""
        if keys and not self._is_there:
            self.current_version()
        wrapped: list[WrappedKey] = []
        for batch in _batches(keys):
            asked = [
                {"plaintext": _encode(key.material), "associated_data": _encode(key.name.encode())}
                for key in batch
            ]
            for key, answer in zip(batch, self._batch("encrypt", asked), strict=True):
                text = _text(answer, "ciphertext")
                wrapped.append(WrappedKey(key.name, text, _version_in(text)))
        return tuple(wrapped)

    def unwrap(self, keys: Sequence[WrappedKey]) -> tuple[PlainKey, ...]:
        """Unwrap keys of whatever version, in their order."""
        plain: list[PlainKey] = []
        for batch in _batches(keys):
            asked = [
                {"ciphertext": key.wrapped, "associated_data": _encode(key.name.encode())}
                for key in batch
            ]
            for key, answer in zip(batch, self._batch("decrypt", asked), strict=True):
                plain.append(PlainKey(key.name, _decode(_text(answer, "plaintext"))))
        return tuple(plain)

    def rotate(self) -> str:
        """Make a new version the current one, and return it; old ones only unwrap from then on."""
        self._call("POST", f"keys/{self._key}/rotate", {})
        return self.current_version()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _batch(self, action: str, asked: Sequence[Mapping[str, str]]) -> list[Mapping[str, Any]]:
        path = f"{action}/{self._key}"
        answers = self._call("POST", path, {"batch_input": asked}).get("batch_results")
        if not isinstance(answers, list) or len(answers) != len(asked):
            raise _unavailable("answer-not-understood")
        for answer in answers:
            _refuse_a_failed_one(answer)
        return answers

    def _call(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        """Return the answer's `data`. A token that was renewed in the meantime is tried at once."""
        token = self._token()
        answer = self._send(method, path, body, token)
        if answer.status_code == httpx2.codes.FORBIDDEN and (renewed := self._token()) != token:
            answer = self._send(method, path, body, renewed)
        data = _data_of(answer)
        # A batch of which nothing could be done has the status 400, and its results all the same.
        if not answer.is_success and "batch_results" not in data:
            raise _refused(answer)
        return data

    def _send(self, method: str, path: str, body: object, token: str) -> httpx2.Response:
        try:
            return self._http.request(
                method,
                f"{self._root}/{path}",
                json=body,
                headers={**self._headers, "X-Vault-Token": token},
            )
        except httpx2.HTTPError as error:
            # Its text would hold the address.
            raise _unavailable(type(error).__name__) from None

    def _version_of(self, key: Mapping[str, Any]) -> str:
        if key.get("type") not in AEAD or key.get("derived"):
            raise _unavailable("key-type-does-not-bind-names")
        latest = key.get("latest_version")
        if not isinstance(latest, int):
            raise _unavailable("answer-not-understood")
        self._is_there = True
        return f"{_PREFIX}{latest}"


class TokenFile:
    """The token in a file, read again when the file has changed: an agent renews it there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def __call__(self) -> str:
        """Return the token in force.

        Raises:
            KeysUnavailableError: The file cannot be read now.
        """
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._token = self._path.read_text(encoding="ascii").strip()
                self._seen = seen
        except (OSError, UnicodeDecodeError):
            raise _unavailable("token-file-unreadable") from None
        return self._token


def _batches(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def _data_of(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def _refuse_a_failed_one(answer: object) -> None:
    if not isinstance(answer, dict):
        raise _unavailable("answer-not-understood")
    error = str(answer.get("error") or "")
    if any(said in error for said in _TAMPERED):
        raise TamperedError("wrapped-key-not-accepted")
    if "too old" in error:
        raise _unavailable("version-no-longer-allowed")
    if error:
        raise _unavailable("refused")


def _text(answer: Mapping[str, Any], field: str) -> str:
    text = answer.get(field)
    if not isinstance(text, str) or not text:
        raise _unavailable("answer-not-understood")
    return text


def _version_in(wrapped: str) -> str:
    """Return the version that a wrapped key names: of `vault:v3:...`, `vault:3`."""
    keeper, _, rest = wrapped.partition(":v")
    number, colon, _ = rest.partition(":")
    if f"{keeper}:" != _PREFIX or not colon or not number.isdecimal():
        raise _unavailable("answer-not-understood")
    return f"{_PREFIX}{int(number)}"


def _encode(plain: bytes) -> str:
    return base64.b64encode(plain).decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _unavailable("answer-not-understood") from None


def _refused(answer: httpx2.Response) -> KeysUnavailableError:
    if answer.status_code == httpx2.codes.FORBIDDEN:
        return _unavailable("permission-denied")
    if answer.status_code == httpx2.codes.NOT_FOUND or "key not found" in answer.text:
        return _unavailable("no-such-key")
    return _unavailable(f"status-{answer.status_code}")


def _unavailable(why: str) -> KeysUnavailableError:
    log.warning("keys.unavailable", keeper="transit", why=why)
    return KeysUnavailableError(f"transit: {why}")
