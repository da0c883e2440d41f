"""The keys of an issuer: what is taken from it, how often it is asked, and what an outage does."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from activities.token_ports import IssuerUnavailableError
from adapters.jwks import (
    FRESH_S,
    KEPT_IN_OUTAGE_S,
    LONGEST,
    REFETCH_S,
    RETRY_S,
    FetchedKeys,
    GivenKeys,
    NotAKeySetError,
    read_keys,
)
from tests.issuer import Issuer, an_issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Run an issuer."""
    with an_issuer() as issuer:
        yield issuer


class Clock:
    """Seconds that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def new_key(issuer: Issuer, kid: str) -> None:
    """Let the issuer have a key more."""
    issuer.keys[kid] = OKPKey.generate_key("Ed25519", {"kid": kid})


def test_the_keys_are_fetched_once_for_many_tokens(issuer: Issuer, clock: Clock) -> None:
    keys = FetchedKeys(issuer.url, clock=clock)
    for kid, algorithm in (("rsa-1", "RS256"), ("ec-1", "ES256"), ("ed-1", "EdDSA")):
        assert keys.find(kid, algorithm) is not None
    assert issuer.asked == 1


def test_a_key_that_the_issuer_adds_is_fetched_when_a_token_names_it(
    issuer: Issuer, clock: Clock
) -> None:
    keys = FetchedKeys(issuer.url, clock=clock)
    keys.find("rsa-1", "RS256")
    new_key(issuer, "ed-2")
    clock.now += REFETCH_S
    assert keys.find("ed-2", "Ed25519") is not None
    assert issuer.asked == 2


def test_made_up_key_ids_ask_the_issuer_once_a_minute_at_most(issuer: Issuer, clock: Clock) -> None:
    keys = FetchedKeys(issuer.url, clock=clock)
    for minute in range(3):
        for number in range(50):
            assert keys.find(f"made-up-{minute}-{number}", "RS256") is None
        clock.now += REFETCH_S
    assert issuer.asked == 3


def test_a_key_that_the_issuer_withdraws_works_for_ten_minutes_more_at_most(
    issuer: Issuer, clock: Clock
) -> None:
    keys = FetchedKeys(issuer.url, clock=clock)
    assert keys.find("rsa-1", "RS256") is not None
    del issuer.keys["rsa-1"]
    clock.now += FRESH_S
    assert keys.find("rsa-1", "RS256") is None
    assert FRESH_S <= 600


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""), (302, b""), (200, b"<html>"), (200, b'{"keys": []}'), (200, b"[" * 100_000),
        (200, b" " * (LONGEST + 1)), (200, b'{"keys": 7}'), (200, b'{"keys": [{"kty": "oct"}]}'),
    ],
    ids=["error", "redirect", "html", "empty", "nested", "endless", "number", "symmetric"],
)  # fmt: skip
def test_keys_are_kept_for_an_hour_while_the_issuer_answers_nothing_of_use(
    issuer: Issuer, clock: Clock, answer: tuple[int, bytes]
) -> None:
    keys = FetchedKeys(issuer.url, clock=clock)
    assert keys.find("rsa-1", "RS256") is not None
    issuer.answer = lambda: answer
    clock.now += KEPT_IN_OUTAGE_S - 1
    assert keys.find("rsa-1", "RS256") is not None
    assert keys.find("made-up", "RS256") is None
    assert issuer.asked == 2
    clock.now += RETRY_S
    with pytest.raises(IssuerUnavailableError):
        keys.find("rsa-1", "RS256")
    issuer.answer = None
    clock.now += RETRY_S
    assert keys.find("rsa-1", "RS256") is not None


def test_an_issuer_that_is_not_there_is_asked_again_soon(issuer: Issuer, clock: Clock) -> None:
    issuer.answer = lambda: (503, b"")
    keys = FetchedKeys(issuer.url, clock=clock)
    for _ in range(5):
        with pytest.raises(IssuerUnavailableError):
            keys.find("rsa-1", "RS256")
    assert issuer.asked == 1
    issuer.answer = None
    clock.now += RETRY_S
    assert keys.find("rsa-1", "RS256") is not None


def entry(key: RSAKey | ECKey | OKPKey | OctKey, **changes: Any) -> dict[str, Any]:
    """Return a key as a set lists it."""
    return {**key.as_dict(), "kid": "k", **changes}


RSA, EC = RSAKey.generate_key(2048), ECKey.generate_key("P-256")


@pytest.mark.parametrize(
    "listed",
    [
        lambda: [entry(OctKey.generate_key(256))],
        lambda: [{"kty": "RSA", "kid": "k", "e": "AQAB", "n": "_" * 170 + "8"}],
        lambda: [entry(ECKey.generate_key("P-384"))],
        lambda: [entry(OKPKey.generate_key("Ed448"))],
        lambda: [entry(OKPKey.generate_key("X25519"))],
        lambda: [entry(RSA, use="enc")],
        lambda: [entry(RSA, key_ops=["sign"])],
        lambda: [entry(RSA, alg="HS256")],
        lambda: [entry(RSA, alg="none")],
        lambda: [entry(RSA, n="!")],
        lambda: [entry(EC, x="AA")],
        lambda: [entry(RSA, kid=None)],
        lambda: [entry(RSA, kid=7)],
        lambda: [entry(RSA), entry(EC)],
        lambda: ["k"],
    ],
    ids=[
        "symmetric", "weak RSA", "P-384", "Ed448", "X25519", "for encryption", "for signing",
        "of HS256", "of none", "no number", "not on the curve", "no id", "a number as id",
        "one id twice", "no object",
    ],
)  # fmt: skip
def test_a_key_that_should_verify_nothing_is_left_out(
    listed: Callable[[], list[object]],
) -> None:
    with pytest.raises(NotAKeySetError):
        read_keys(json.dumps({"keys": listed()}))
    good = entry(OKPKey.generate_key("Ed25519"), kid="good")
    assert read_keys(json.dumps({"keys": [*listed(), good]})).keys() == {"good"}


def test_of_a_key_only_the_public_numbers_are_taken() -> None:
    text = json.dumps({"keys": [{**RSA.as_dict(private=True), "kid": "k", "x5u": "https://evil"}]})
    (found,) = read_keys(text)["k"].values()
    assert not found.is_private
    assert found.keys() == {"kty", "n", "e"}


def test_a_key_verifies_its_own_algorithm_alone() -> None:
    keys = GivenKeys(json.dumps({"keys": [entry(RSA, kid="rsa"), entry(EC, kid="ec")]}))
    assert keys.find("rsa", "RS256") is not None
    assert keys.find("ec", "ES256") is not None
    assert keys.find("rsa", "ES256") is None
    assert keys.find("ec", "RS256") is None
    assert keys.find("other", "RS256") is None
