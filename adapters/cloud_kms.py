"""Wraps data keys with a key that never leaves AWS KMS (the extra `aws` brings its client).

A wrapped key is bound to its name by the encryption context, which KMS checks and writes into its
own log: ids only. KMS tells of no ciphertext which material made it; hence a version here is the
key's ARN with the number of its rotations, as KMS lists them.
"""

import base64
import binascii
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from activities.key_ports import KeysUnavailableError, TamperedError
from adapters.key_wrapping import PlainKey, WrappedKey

S = TypeVar("S")
T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

TIMEOUT_S = 5.0
THREADS = 8
"""Requests at a time: KMS takes one key in each."""

VERSION_KEPT = timedelta(seconds=30)
ROTATED_WITHIN = timedelta(minutes=2)

_PREFIX = "aws-kms:"
_PAUSE_S = 1.0
_TAMPERED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsClient(Protocol):
    """As much of KMS as is used here; the names of the arguments are its own."""

    def describe_key(self, **asked: str) -> Mapping[str, Any]: ...  # noqa: D102 - AWS describes them
    def list_key_rotations(self, **asked: str) -> Mapping[str, Any]: ...  # noqa: D102 - the same
    def rotate_key_on_demand(self, **asked: str) -> Mapping[str, Any]: ...  # noqa: D102 - the same
    def encrypt(self, **asked: object) -> Mapping[str, Any]: ...  # noqa: D102 - the same
    def decrypt(self, **asked: object) -> Mapping[str, Any]: ...  # noqa: D102 - the same
    def close(self) -> None: ...  # noqa: D102 - the same


class KmsWrapper:
    """Implements `adapters.key_wrapping.KeyWrapper`; a version is `aws-kms:<key ARN>:<rotations>`.

    Where an alias is named, the key that it points to wraps; one that it pointed to before goes on
    unwrapping what it wrapped.
    """

    def __init__(self, key: str, client: KmsClient, threads: int = THREADS) -> None:
        """Name the key.

        Args:
            key: Its ARN or id, or the ARN or name of an alias (`alias/handrail`).
            client: What `open_client` returns.
            threads: Requests at a time.
        """
        self._key = key
        self._kms = client
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="kms")
        self._lock = threading.Lock()
        self._version = ""
        self._asked_at = float("-inf")

    def current_version(self) -> str:
        """Return the version with which keys are wrapped now, as of half a minute ago or later."""
        with self._lock:
            if monotonic() - self._asked_at > VERSION_KEPT.total_seconds():
                self._version = self._ask_version()
                self._asked_at = monotonic()
            return self._version

    def wrap(self, keys: Sequence[PlainKey]) -> tuple[WrappedKey, ...]:
        """Wrap keys with the current version, in their order."""
        if not keys:
            return ()
        version = self.current_version()
        return self._each(lambda key: self._wrap(key, version), keys)

    def unwrap(self, keys: Sequence[WrappedKey]) -> tuple[PlainKey, ...]:
        """Unwrap keys of whatever version, in their order."""
        return self._each(self._unwrap, keys)

    def rotate(self) -> str:
        """Make a new version the current one, and return it; old ones only unwrap from then on.

        Raises:
            KeysUnavailableError: Besides the usual: KMS has not finished in time. It will; what
                is left to do is to wrap anew, not to rotate once more.
        """
        before = self._ask_version()
        self._ask(self._kms.rotate_key_on_demand, KeyId=_key_id_in(before))
        until = monotonic() + ROTATED_WITHIN.total_seconds()
        while (version := self._ask_version()) == before:
            if monotonic() > until:
                raise _unavailable("rotation-not-finished")
            sleep(_PAUSE_S)
        with self._lock:
            self._version, self._asked_at = version, monotonic()
        return version

    def close(self) -> None:
        """End the threads, and close the connections."""
        self._pool.shutdown()
        self._kms.close()

    def _ask_version(self) -> str:
        key_id = self._ask(self._kms.describe_key, KeyId=self._key)["KeyMetadata"]["Arn"]
        rotations, more = 0, {"KeyId": key_id}
        while True:
            listed = self._ask(self._kms.list_key_rotations, **more)
            rotations += len(listed["Rotations"])
            if not listed.get("Truncated"):
                return f"{_PREFIX}{key_id}:{rotations}"
            more["Marker"] = listed["NextMarker"]

    def _wrap(self, key: PlainKey, version: str) -> WrappedKey:
        answer = self._ask(
            self._kms.encrypt,
            KeyId=_key_id_in(version),
            Plaintext=key.material,
            EncryptionContext={"key": key.name},
        )
        text = base64.b64encode(answer["CiphertextBlob"]).decode("ascii")
        return WrappedKey(key.name, text, version)

    def _unwrap(self, key: WrappedKey) -> PlainKey:
        try:
            blob = base64.b64decode(key.wrapped, validate=True)
        except (binascii.Error, ValueError):
            blob = b""
        if not blob:
            raise TamperedError("wrapped-key-not-accepted")
        answer = self._ask(
            self._kms.decrypt,
            KeyId=_key_id_in(key.version),
            CiphertextBlob=blob,
            EncryptionContext={"key": key.name},
        )
        return PlainKey(key.name, answer["Plaintext"])

    def _each(self, do: Callable[[S], T], keys: Sequence[S]) -> tuple[T, ...]:
        if len(keys) == 1:
            return (do(keys[0]),)
        return tuple(self._pool.map(do, keys))

    def _ask(self, ask: Callable[..., Mapping[str, Any]], **asked: object) -> Mapping[str, Any]:
        try:
            return ask(**asked)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "refused"))
            if code in _TAMPERED:
                raise TamperedError("wrapped-key-not-accepted") from None
            raise _unavailable(code) from None
        except BotoCoreError as error:
            raise _unavailable(type(error).__name__) from None


def open_client(
    region: str | None = None, endpoint: str | None = None, timeout_s: float = TIMEOUT_S
) -> KmsClient:
    """Return a client; credentials come from where AWS's own tools find them.

    Args:
        region: Where the key is; None for the one that AWS's own configuration names.
        endpoint: Instead of the region's.
        timeout_s: For a connection, and for each answer.
    """
    # Below that it writes whole requests and answers into the log, and with them plain keys.
    logging.getLogger("botocore").setLevel(logging.INFO)
    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=THREADS,
    )
    client: KmsClient = get_session().create_client(
        "kms", region_name=region, endpoint_url=endpoint, config=config
    )
    return client


def _key_id_in(version: str) -> str:
    """Return the key that a version names: of `aws-kms:<key ARN>:<rotations>`, the middle."""
    kept, _, rotations = version.removeprefix(_PREFIX).rpartition(":")
    if not version.startswith(_PREFIX) or not kept or not rotations.isdecimal():
        raise TamperedError("wrapped-key-of-another-keeper")
    return kept


def _unavailable(why: str) -> KeysUnavailableError:
    log.warning("keys.unavailable", keeper="aws-kms", why=why)
    return KeysUnavailableError(f"aws-kms: {why}")
