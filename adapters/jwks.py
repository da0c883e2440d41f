"""The public keys of a token issuer (RFC 7517): given as text, or fetched from one address."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import base64_to_int

from activities.token_ports import IssuerUnavailableError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

PublicKey = RSAKey | ECKey | OKPKey
Keys = Mapping[str, Mapping[str, PublicKey]]
"""The keys by their `kid`, and then by the algorithm that each verifies."""

REFETCH_S = 60.0
"""So long nothing is fetched again, whatever key ids strangers make up."""

RETRY_S = 5.0
"""The same after a fetch that failed."""

FRESH_S = 600.0
"""So long a fetched set is used unasked; a key that the issuer withdrew works no longer."""

KEPT_IN_OUTAGE_S = 3600.0
"""So long a fetched set is used while the issuer does not answer."""

TIMEOUT_S = 5.0
LONGEST = 256 * 1024
_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048


class NotAKeySetError(ValueError):
    """The text is no JSON Web Key Set, or holds no key that could verify a token."""


class KeySource(Protocol):
    """Where the keys of an issuer are found."""

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """Return the key of this id for this algorithm; None if the issuer has none.

        Raises:
            IssuerUnavailableError: The issuer did not answer, and its keys are not known.
        """
        ...


class GivenKeys:
    """A key set that was given as text, and stays as it is."""

    def __init__(self, text: str) -> None:
        """Read the set.

        Raises:
            NotAKeySetError: It is none.
        """
        self._keys = read_keys(text)

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """Return the key of this id for this algorithm; None if there is none."""
        return self._keys.get(kid, {}).get(algorithm)


class FetchedKeys:
    """A key set behind an address: fetched at need, and kept while the issuer is away.

    One thread fetches; who knows the key's id goes on with the set that is there.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepare the connection; the first token fetches.

        Args:
            url: The one address from which keys are taken. No redirect is followed.
            clock: Seconds, from any beginning.
            timeout_s: How long each part of a fetch may take.
        """
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s
        self._http = httpx2.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._fetching = threading.Lock()
        self._keys: Keys = {}
        self._fetched_at: float | None = None
        self._next_at: float | None = None

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """Return the key of this id for this algorithm; None if the issuer has none.

        Raises:
            IssuerUnavailableError: The issuer did not answer, and no set is young enough.
        """
        known = kid in self._keys and self._younger_than(KEPT_IN_OUTAGE_S)
        if not known or not self._younger_than(FRESH_S):
            self._refresh(wait=not known)
        if not self._younger_than(KEPT_IN_OUTAGE_S):
            raise IssuerUnavailableError
        return self._keys.get(kid, {}).get(algorithm)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _younger_than(self, seconds: float) -> bool:
        at = self._fetched_at
        return at is not None and self._clock() - at < seconds

    def _refresh(self, *, wait: bool) -> None:
        """Fetch, unless that was tried a moment ago; `wait` for another thread that does."""
        if not self._fetching.acquire(blocking=wait, timeout=3 * self._timeout_s if wait else -1):
            return
        try:
            now = self._clock()
            if self._next_at is not None and now < self._next_at:
                return
            self._next_at = now + RETRY_S
            self._keys, self._fetched_at = read_keys(self._fetch()), now
            self._next_at = now + REFETCH_S
        except (httpx2.HTTPError, NotAKeySetError) as error:
            # Its text would hold the address.
            log.warning("issuer.keys_not_fetched", reason_code=type(error).__name__)
        finally:
            self._fetching.release()

    def _fetch(self) -> str:
        until = time.monotonic() + self._timeout_s
        with self._http.stream("GET", self._url) as answer:
            if answer.status_code != httpx2.codes.OK:
                raise NotAKeySetError(f"status {answer.status_code}")
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > LONGEST or time.monotonic() > until:
                    raise NotAKeySetError("the answer has no end")
        return body.decode(errors="replace")


def read_keys(text: str) -> Keys:
    """Return the keys of a set that verify signatures; what is of another kind is left out.

    Left out are also keys without an id, or with one that another key bears: a token must name
    its key.

    Raises:
        NotAKeySetError: It is no key set, or nothing is left.
    """
    try:
        listed = json.loads(text)["keys"]
        entries = [entry for entry in listed if isinstance(entry, dict)][:_MOST_KEYS]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotAKeySetError("this is no JSON Web Key Set") from None
    ids = [entry.get("kid") for entry in entries]
    usable = {
        entry["kid"]: keys
        for entry in entries
        if isinstance(entry.get("kid"), str)
        and ids.count(entry["kid"]) == 1
        and (keys := _verifying(entry))
    }
    if not usable:
        raise NotAKeySetError("this holds no key that could verify a token")
    return usable


def _verifying(entry: Mapping[str, Any]) -> dict[str, PublicKey]:
    """Return a key by the algorithms that it may verify.

    It is built of its public numbers alone: nothing else in the set says what it may do.
    """
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        return {}
    try:
        found: dict[str, PublicKey] = {}
        match entry:
            case {"kty": "RSA", "n": str(n), "e": str(e)} if _is_long(n):
                found = {"RS256": RSAKey.import_key({"kty": "RSA", "n": n, "e": e})}
            case {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
                found = {"ES256": ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})}
            case {"kty": "OKP", "crv": "Ed25519", "x": str(x)}:
                okp = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
                found = {"EdDSA": okp, "Ed25519": okp}
    except (JoseError, ValueError, TypeError):
        return {}
    only = entry.get("alg")
    return {name: key for name, key in found.items() if only in {None, name}}


def _is_long(modulus: str) -> bool:
    return base64_to_int(modulus).bit_length() >= _LEAST_RSA_BITS
