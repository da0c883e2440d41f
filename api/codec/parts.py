"""What the codec server works with. `cli.codec` puts it together and opens it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from activities.key_ports import DataKey
from api.authentication import Credentials, KeyRing
from api.codec.sessions import Sessions
from api.rates import Rates
from api.readiness import Readiness
from sop.access_log import AccessEntry
from sop.object_rules import ObjectFacts


class Keys(Protocol):
    """Finds data keys; it makes none."""

    def find(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Return keys by their ids; erased and unknown ones are left out.

        Raises:
            KeysUnavailableError: Try again.
        """
        ...


class Owners(Protocol):
    """Knows the cases to which keys belong."""

    def facts(self, owners: Collection[str]) -> Mapping[str, ObjectFacts]:
        """Return what is known of each case; those of which nothing is known are left out.

        Raises:
            CrmUnavailableError: There was no answer.
        """
        ...


class AccessRecords(Protocol):
    """Keeps the access log."""

    def record(self, entries: Sequence[AccessEntry]) -> None:
        """Write entries, all of them or none.

        Raises:
            CrmUnavailableError: There was no answer, and nothing may be shown.
        """
        ...


class LoginKeys(Protocol):
    """Where the API keys are kept."""

    def authenticate(self, token: str) -> "LoginKey | None":
        """Return the key that somebody has shown; None if it opens nothing.

        Raises:
            CrmUnavailableError: There was no answer.
        """
        ...


class LoginKey(Protocol):
    """What a session needs to know of the key that began it."""

    @property
    def key_id(self) -> str:
        """Its id, which opens nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the codec server is, and for whom.

    Attributes:
        url: Its own origin, as browsers know it.
        origins: The pages that may ask it; the first of them is where people go after a login.
        namespace: Temporal's.
    """

    url: str
    origins: tuple[str, ...]
    namespace: str

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.url.startswith("https://")


@dataclass(frozen=True, slots=True)
class CodecParts:
    """One process's parts.

    Attributes:
        credentials: Who may come in with a bearer credential. No key opens while it cannot be
            looked up: here nothing urgent waits.
        session_keys: Whose sessions live, by the ids of their keys.
    """

    place: Place
    credentials: Credentials
    login_keys: LoginKeys
    session_keys: KeyRing
    sessions: Sessions
    rates: Rates
    keys: Keys
    owners: Owners
    access_log: AccessRecords
    readiness: Readiness


def codec_parts_of(conn: HTTPConnection) -> CodecParts:
    """Return the parts of the application that serves a request."""
    opened = conn.app.state.parts
    if not isinstance(opened, CodecParts):
        raise TypeError("the application's lifespan has not opened its parts")
    return opened
