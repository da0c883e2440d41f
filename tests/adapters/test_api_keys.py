"""Keys of the API: shown once, kept as a hash, good until they expire or are revoked."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from adapters.api_keys import ApiKeys
from adapters.database import Database
from adapters.tables import api_keys
from sop.models import Role
from tests.batches import MONDAY, after
from tests.databases import watch


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> ApiKeys:
    return ApiKeys(database, clock)


def test_a_key_says_who_calls_and_in_which_role(keys: ApiKeys) -> None:
    made = keys.create("anna", Role.CSR)
    found = keys.authenticate(made.token.get_secret_value())
    assert found is not None
    assert (found.key_id, found.principal, found.role) == (made.key_id, "anna", Role.CSR)


def test_the_secret_is_256_bits_and_only_its_hash_is_kept(
    keys: ApiKeys, database: Database
) -> None:
    with watch(database) as traffic:
        token = keys.create("anna", Role.CSR).token.get_secret_value()
    form = re.fullmatch(r"hr_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", token)
    assert form is not None
    rows = database.read(lambda connection: connection.execute(select(api_keys)).all())
    assert form[2] not in repr(rows)
    assert form[2] not in repr(traffic.statements)
    assert keys.list()[0].last_four == token[-4:]
    assert "hr_" not in repr(keys.create("anna", Role.CSR))


def test_no_two_keys_are_alike(keys: ApiKeys) -> None:
    assert len({keys.create("anna", Role.CSR).token.get_secret_value() for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.upper(),
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "hr_000000000000" + token[15:],
        lambda token: token.replace("_", "\x00", 1),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: "hr_äöüäöüäöüäöü" + token[15:],
    ],
)
def test_a_token_that_is_not_quite_the_key_opens_nothing(
    keys: ApiKeys, change: Callable[[str], str]
) -> None:
    token = keys.create("anna", Role.CSR).token.get_secret_value()
    assert keys.authenticate(change(token)) is None
    assert keys.authenticate(token) is not None


def test_the_secret_of_another_key_opens_nothing(keys: ApiKeys) -> None:
    first, second = (keys.create(name, Role.CSR).token.get_secret_value() for name in "ab")
    assert keys.authenticate(first[:16] + second[16:]) is None


def test_a_key_opens_nothing_from_the_moment_at_which_it_expires(
    keys: ApiKeys, clock: Clock
) -> None:
    token = keys.create("anna", Role.CSR, expires_at=after(60)).token.get_secret_value()
    clock.now = after(60) - timedelta(microseconds=1)
    assert keys.authenticate(token) is not None
    clock.now = after(60)
    assert keys.authenticate(token) is None


def test_a_revoked_key_opens_nothing_and_says_since_when(keys: ApiKeys, clock: Clock) -> None:
    made = keys.create("anna", Role.CSR)
    clock.now = after(10)
    assert keys.revoke(made.key_id)
    clock.now = after(20)
    assert keys.revoke(made.key_id)
    assert keys.authenticate(made.token.get_secret_value()) is None
    assert [key.revoked_at for key in keys.list()] == [after(10)]


def test_a_key_that_does_not_exist_cannot_be_revoked(keys: ApiKeys) -> None:
    assert not keys.revoke("key-none")


def test_the_list_shows_the_newest_key_first(keys: ApiKeys, clock: Clock) -> None:
    keys.create("anna", Role.CSR)
    clock.now = after(1)
    keys.create("lena", Role.TEAM_LEADER, expires_at=after(60))
    assert [(key.principal, key.expires_at) for key in keys.list()] == [
        ("lena", after(60)),
        ("anna", None),
    ]


def test_a_principal_that_is_a_name_or_an_expiry_without_a_zone_is_refused(
    keys: ApiKeys,
) -> None:
    with pytest.raises(ValueError, match="principal"):
        keys.create("Ada Byron", Role.CSR)
    with pytest.raises(ValueError, match="expires_at"):
        keys.create("anna", Role.CSR, expires_at=MONDAY.replace(tzinfo=None))
    assert keys.list() == ()
