"""Tokens of an issuer open the API as keys do; forged ones open nothing, whatever they say."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey
from structlog.testing import capture_logs

from adapters.jwks import FetchedKeys
from adapters.oidc import LONGEST, TOKEN_TYPES, BearerTokens, Reason, Trust
from sop.models import Role
from tests.api.callers import Callers, serve
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import Desk
from tests.issuer import AUDIENCE, Issuer, an_issuer, encode, sign

HOUR = 3600


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """Run an issuer on a port of its own."""
    with an_issuer() as issuer:
        yield issuer


@pytest_asyncio.fixture(scope="module")
async def trusting(desk: Desk, issuer: Issuer) -> AsyncIterator[Callers]:
    """Give callers of an application that trusts the issuer."""
    tokens = BearerTokens(Trust(issuer.name, AUDIENCE), FetchedKeys(issuer.url))
    async with serve(desk, tokens=tokens) as app, Callers(app, desk.database) as callers:
        yield callers


@cache
def stranger() -> RSAKey:
    """Return a key that is not the issuer's."""
    return RSAKey.generate_key(2048)


def with_header(**changes: Any) -> Callable[[Issuer], str]:
    """Forge by the header, signed with the issuer's own key."""
    return lambda issuer: issuer.token(issuer.header(**changes))


def with_claims(**changes: Any) -> Callable[[Issuer], str]:
    """Forge by what the token says, signed with the issuer's own key."""
    return lambda issuer: issuer.token(**changes)


def unsigned(alg: str) -> Callable[[Issuer], str]:
    """Forge without any signature."""
    return lambda issuer: f"{encode(issuer.header(alg=alg))}.{encode(issuer.claims())}."


def altered(issuer: Issuer) -> str:
    """Promote oneself, under the signature of the token that was given."""
    header, _, signature = issuer.token().split(".")
    return f"{header}.{encode(issuer.claims(roles=['duty_manager']))}.{signature}"


def hs256_by_the_public_key(issuer: Issuer) -> str:
    """Use the public key as the secret of a symmetric one, as in the classic confusion."""
    text = f"{encode(issuer.header(alg='HS256'))}.{encode(issuer.claims())}"
    secret = issuer.keys["rsa-1"].as_pem(private=False)
    return f"{text}.{encode(hmac.digest(secret, text.encode(), 'sha256'))}"


def embedded_key(issuer: Issuer) -> str:
    key = stranger()
    return issuer.token(issuer.header(jwk=key.as_dict(private=False)), key)


def embedded_key_alone(issuer: Issuer) -> str:
    key = stranger()
    return issuer.token(issuer.header(jwk=key.as_dict(private=False)) | {"kid": None}, key)


def a_chain_of_certificates(issuer: Issuer) -> str:
    return issuer.token(issuer.header(x5c=["MIIB"]), stranger())


def cut(characters: int) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.token()[:-characters]


def without_a_signature(issuer: Issuer) -> str:
    return issuer.token().rpartition(".")[0] + "."


def in_the_other_key(issuer: Issuer) -> str:
    return issuer.token(issuer.header(kid="ec-1", alg="RS256"), issuer.keys["rsa-1"])


def encrypted(issuer: Issuer) -> str:
    public = RSAKey.import_key(
        issuer.keys["rsa-1"].as_dict(private=False) | {"use": "enc"} | {"alg": "RSA-OAEP"}
    )
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "rsa-1", "cty": "JWT", "typ": "at+jwt"}
    return jwe.encrypt_compact(header, issuer.token(), public, algorithms=["RSA-OAEP", "A256GCM"])


def nested(issuer: Issuer) -> str:
    header = issuer.header(cty="JWT")
    return sign(header, issuer.token().encode(), issuer.keys["rsa-1"])


def a_token_in_a_token(issuer: Issuer) -> str:
    return sign(issuer.header(), issuer.token().encode(), issuer.keys["rsa-1"])


def said_twice(issuer: Issuer) -> str:
    text = json.dumps(issuer.claims())[:-1] + ', "roles": ["duty_manager"]}'
    return sign(issuer.header(), text.encode(), issuer.keys["rsa-1"])


def no_object(issuer: Issuer) -> str:
    return sign(issuer.header(), b'["csr"]', issuer.keys["rsa-1"])


def no_json(issuer: Issuer) -> str:
    return sign(issuer.header(), b"\xff{", issuer.keys["rsa-1"])


def nested_without_end(issuer: Issuer) -> str:
    return f"{encode(b'[' * 5000)}.{encode(issuer.claims())}.AAAA"


def a_header_that_is_no_object(issuer: Issuer) -> str:
    return f"{encode(['alg'])}.{encode(issuer.claims())}.AAAA"


def not_a_number(issuer: Issuer) -> str:
    claims = json.dumps(issuer.claims(exp=float("nan")))
    return sign(issuer.header(), claims.encode(), issuer.keys["rsa-1"])


def weak_curve(issuer: Issuer) -> str:
    return issuer.token(issuer.header(kid="ec-1"), ECKey.generate_key("P-256"))


def other_ed25519(issuer: Issuer) -> str:
    return issuer.token(issuer.header(kid="ed-1"), OKPKey.generate_key("Ed25519"))


FORGED: dict[str, tuple[Callable[[Issuer], str], Reason]] = {
    "alg none": (unsigned("none"), Reason.MALFORMED),
    "alg none, with a signature": (
        lambda issuer: unsigned("none")(issuer) + "AAAA", Reason.ALGORITHM
    ),
    "alg None": (lambda issuer: unsigned("None")(issuer) + "AAAA", Reason.ALGORITHM),
    "alg missing": (
        lambda issuer: f"{encode(issuer.header(alg=None))}.{encode(issuer.claims())}.AAAA",
        Reason.ALGORITHM,
    ),
    "alg in lower case": (
        lambda issuer: f"{encode(issuer.header(alg='rs256'))}.{encode(issuer.claims())}.AAAA",
        Reason.ALGORITHM,
    ),
    "alg as a list": (
        lambda issuer: f"{encode(issuer.header(alg=['RS256']))}.{encode(issuer.claims())}.AAAA",
        Reason.ALGORITHM,
    ),
    "HS256 by the public key": (hs256_by_the_public_key, Reason.ALGORITHM),
    "RS384, which is not in the list": (with_header(alg="RS384"), Reason.ALGORITHM),
    "PS256, which is not in the list": (with_header(alg="PS256"), Reason.ALGORITHM),
    "an embedded key": (embedded_key, Reason.HEADER),
    "an embedded key without an id": (embedded_key_alone, Reason.HEADER),
    "the address of a key set": (with_header(jku="https://evil.example/keys"), Reason.HEADER),
    "the address of a certificate": (with_header(x5u="https://evil.example/c"), Reason.HEADER),
    "a chain of certificates": (a_chain_of_certificates, Reason.HEADER),
    "an unknown crit": (with_header(crit=["x"], x=1), Reason.HEADER),
    "a crit of what is known": (with_header(crit=["exp"]), Reason.HEADER),
    "an unencoded payload": (with_header(b64=False, crit=["b64"]), Reason.HEADER),
    "an unknown key id": (
        lambda issuer: issuer.token(issuer.header() | {"kid": "rsa-9"}, stranger()), Reason.KEY_ID
    ),
    "no key id": (
        lambda issuer: issuer.token(issuer.header() | {"kid": None}, issuer.keys["rsa-1"]),
        Reason.KEY_ID,
    ),
    "a path as a key id": (
        lambda issuer: issuer.token(issuer.header() | {"kid": "../../dev/null"}, stranger()),
        Reason.KEY_ID,
    ),
    "the right key id, another RSA key": (
        lambda issuer: issuer.token(issuer.header(), stranger()), Reason.SIGNATURE
    ),
    "the right key id, another EC key": (weak_curve, Reason.SIGNATURE),
    "the right key id, another Ed25519 key": (other_ed25519, Reason.SIGNATURE),
    "the key of another algorithm": (in_the_other_key, Reason.KEY_ID),
    "altered claims": (altered, Reason.SIGNATURE),
    "a signature cut short": (cut(8), Reason.SIGNATURE),
    "no signature": (without_a_signature, Reason.MALFORMED),
    "a signature of the empty text": (
        lambda issuer: issuer.token().rpartition(".")[0] + ".AA", Reason.SIGNATURE
    ),
    "a segment more": (lambda issuer: issuer.token() + ".AAAA", Reason.MALFORMED),
    "a segment less": (lambda issuer: issuer.token().rpartition(".")[0], Reason.MALFORMED),
    "padded segments": (lambda issuer: issuer.token() + "==", Reason.MALFORMED),
    "bad characters": (lambda issuer: issuer.token().replace(".", ".!", 1), Reason.MALFORMED),
    "a header that is no JSON": (
        lambda issuer: f"{encode(b'{')}.{encode(issuer.claims())}.AAAA", Reason.MALFORMED
    ),
    "a header that is no object": (a_header_that_is_no_object, Reason.MALFORMED),
    "a header nested without end": (nested_without_end, Reason.MALFORMED),
    "claims that are no JSON": (no_json, Reason.MALFORMED),
    "claims that are no object": (no_object, Reason.MALFORMED),
    "a claim said twice": (said_twice, Reason.MALFORMED),
    "an encrypted token": (encrypted, Reason.MALFORMED),
    "a nested token": (nested, Reason.HEADER),
    "a token as the payload": (a_token_in_a_token, Reason.MALFORMED),
    "a huge token": (with_claims(padding="x" * LONGEST), Reason.TOO_LONG),
    "another type": (with_header(typ="dpop+jwt"), Reason.TYPE),
    "the general type": (with_header(typ="JWT"), Reason.TYPE),
    "no type": (with_header(typ=None), Reason.TYPE),
    "an ID token": (
        lambda issuer: issuer.token(issuer.header(typ="JWT"), nonce="n", at_hash="h"), Reason.TYPE
    ),
    "an ID token under an access token's type": (with_claims(nonce="n"), Reason.ID_TOKEN),
    "bound to another key": (with_claims(cnf={"jkt": "x"}), Reason.BOUND),
    "another issuer": (with_claims(iss="https://evil.example/"), Reason.ISSUER),
    "an issuer without its slash": (
        lambda issuer: issuer.token(iss=issuer.name.rstrip("/")), Reason.ISSUER
    ),
    "no issuer": (with_claims(iss=None), Reason.ISSUER),
    "a list of issuers": (lambda issuer: issuer.token(iss=[issuer.name]), Reason.ISSUER),
    "another audience": (with_claims(aud="billing"), Reason.AUDIENCE),
    "audiences without ours": (with_claims(aud=["billing", "handrail-2"]), Reason.AUDIENCE),
    "an audience that holds ours": (with_claims(aud="handrail-codec"), Reason.AUDIENCE),
    "no audience": (with_claims(aud=None), Reason.AUDIENCE),
    "no audience at all": (with_claims(aud=[]), Reason.AUDIENCE),
    "audiences of another kind": (with_claims(aud={AUDIENCE: True}), Reason.AUDIENCE),
    "expired": (with_claims(exp=int(time.time()) - HOUR), Reason.EXPIRED),
    "no end": (with_claims(exp=None), Reason.NO_EXPIRY),
    "an end in quotes": (with_claims(exp=str(int(time.time()) + HOUR)), Reason.NO_EXPIRY),
    "an end that is true": (with_claims(exp=True), Reason.NO_EXPIRY),
    "an end that is no number": (not_a_number, Reason.NO_EXPIRY),
    "an end without end": (with_claims(exp=10**400), Reason.NO_EXPIRY),
    "not valid yet": (with_claims(nbf=int(time.time()) + HOUR), Reason.NOT_YET),
    "a beginning in quotes": (with_claims(nbf="0"), Reason.NOT_YET),
    "issued in the future": (with_claims(iat=int(time.time()) + HOUR), Reason.ISSUED_AT),
    "never issued": (with_claims(iat=None), Reason.ISSUED_AT),
    "the role system": (with_claims(roles=["system"]), Reason.ROLE),
    "an unknown role": (with_claims(roles=["admin"]), Reason.ROLE),
    "two roles": (with_claims(roles=["csr", "auditor"]), Reason.ROLE),
    "no role": (with_claims(roles=None), Reason.ROLE),
    "roles of another kind": (with_claims(roles={"csr": True}), Reason.ROLE),
    "a principal with a blank": (with_claims(sub="ana maria"), Reason.PRINCIPAL),
    "a principal in capitals": (with_claims(sub="ANA"), Reason.PRINCIPAL),
    "a principal with a line break": (with_claims(sub="ana\n"), Reason.PRINCIPAL),
    "a principal that is a number": (with_claims(sub=7), Reason.PRINCIPAL),
    "a principal that is too long": (with_claims(sub="a" * 65), Reason.PRINCIPAL),
    "no principal": (with_claims(sub=None), Reason.PRINCIPAL),
    "an empty principal": (with_claims(sub=""), Reason.PRINCIPAL),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_opens_nothing(trusting: Callers, issuer: Issuer, name: str) -> None:
    forge, reason = FORGED[name]
    caller = await trusting.bearing(forge(issuer))
    with capture_logs() as logged:
        answer = await caller.get("/v1/policy")
    is_problem(answer, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="handrail", error="invalid_token"'
    (refused,) = [line for line in logged if line["event"] == "auth.refused"]
    assert refused["reason_code"] == reason


async def test_every_forged_token_gets_the_same_answer(trusting: Callers, issuer: Issuer) -> None:
    answers = set()
    for forge, _ in FORGED.values():
        answer = await (await trusting.bearing(forge(issuer))).get("/v1/policy")
        answers.add(json.dumps({**answer.json(), "instance": None}))
    assert len(FORGED) >= 20
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("kid", "alg"), [("rsa-1", "RS256"), ("ec-1", "ES256"), ("ed-1", "EdDSA"), ("ed-1", "Ed25519")]
)
async def test_a_good_token_of_each_algorithm_acts_as_its_principal(
    trusting: Callers, issuer: Issuer, kid: str, alg: str
) -> None:
    principal = f"bearer-{alg.lower()}"
    token = issuer.token(issuer.header(kid, alg=alg), sub=principal, roles=["service"])
    caller = await trusting.bearing(token)
    with capture_logs() as logged:
        case_id = await caller.open(f"by {alg}", reception=None)
    (accepted,) = [line for line in logged if line["event"] == "auth.accepted"]
    assert (accepted["credential"], accepted["actor"]) == ("token", principal)
    assert accepted["role"] == "service"
    assert token not in repr(logged)
    opened = await caller.get(f"/v1/inquiries/{case_id}/timeline")
    while not opened.json().get("entries"):
        opened = await caller.get(f"/v1/inquiries/{case_id}/timeline")
    actor = opened.json()["entries"][0]["actor"]
    assert actor == {"principal": principal, "role": "service"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["billing", AUDIENCE]},
        {"roles": "csr"},
        {"roles": ["csr", "offline_access"]},
        {"nbf": int(time.time()) - 60},
        {"exp": int(time.time()) + 24 * HOUR},
        {"exp": int(time.time()) + 24 * HOUR + 0.5},
    ],
    ids=str,
)
async def test_what_an_issuer_may_write_is_accepted(
    trusting: Callers, issuer: Issuer, claims: dict[str, Any]
) -> None:
    caller = await trusting.bearing(issuer.token(**claims))
    assert (await caller.get("/v1/policy")).status_code == 200


async def test_a_tokens_role_is_held_to_the_table(trusting: Callers, issuer: Issuer) -> None:
    auditor = await trusting.bearing(issuer.token(sub="audra", roles=["auditor"]))
    is_problem(await auditor.post(f"{UNKNOWN}/notes", {"text": "x"}), "not-allowed")


async def test_an_api_key_opens_beside_the_tokens(trusting: Callers) -> None:
    ana = await trusting.of(Role.CSR)
    assert (await ana.get("/v1/policy")).status_code == 200


async def test_without_an_issuer_no_token_opens_anything(callers: Callers, issuer: Issuer) -> None:
    caller = await callers.bearing(issuer.token())
    with capture_logs() as logged:
        is_problem(await caller.get("/v1/policy"), "unauthenticated")
    assert [line["reason_code"] for line in logged if line["event"] == "auth.refused"] == [
        "no_issuer"
    ]


async def test_a_token_for_another_audience_opens_its_own_service_alone(issuer: Issuer) -> None:
    codec = BearerTokens(Trust(issuer.name, "handrail-codec"), FetchedKeys(issuer.url))
    actor = await asyncio.to_thread(codec.verify, issuer.token(aud="handrail-codec"))
    assert (actor.principal, actor.role) == ("ana", Role.CSR)


async def test_an_issuer_that_is_away_is_not_the_callers_fault(desk: Desk) -> None:
    with an_issuer() as away:
        token = away.token()
    tokens = BearerTokens(Trust(away.name, AUDIENCE), FetchedKeys(away.url))
    async with serve(desk, tokens=tokens) as app, Callers(app, desk.database) as callers:
        caller = await callers.bearing(token)
        is_problem(await caller.get("/v1/policy"), "issuer-unavailable")
        ana = await callers.of(Role.CSR)
        assert (await ana.get("/v1/policy")).status_code == 200


async def test_the_general_type_is_accepted_where_the_operators_say_so(issuer: Issuer) -> None:
    older = Trust(
        issuer.name,
        AUDIENCE,
        types=TOKEN_TYPES["JWT"],
        role_claim="group",
        principal_claim="preferred_username",
        roles={"desk leads": Role.TEAM_LEADER},
    )
    tokens = BearerTokens(older, FetchedKeys(issuer.url))
    token = issuer.token(
        issuer.header(typ="JWT"), preferred_username="lee", group="desk leads", sub="8f1-7"
    )
    actor = await asyncio.to_thread(tokens.verify, token)
    assert (actor.principal, actor.role) == ("lee", Role.TEAM_LEADER)
