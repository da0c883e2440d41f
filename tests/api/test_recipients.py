"""Certificates of receiving parties: who may put them on file, and what everybody sees."""

import asyncio
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.recipient_keys import RecipientKeys
from sop.access import PERMITTED
from sop.models import Role
from tests.api.callers import Caller, Callers
from tests.api.test_problems import is_problem
from tests.certificates import ADDRESS, holder, rsa_key
from tests.desk import Desk

PARTY = holder()
CALLERS = [role for role in Role if role is not Role.SYSTEM]


def path(party: str) -> str:
    """Return the path of a party's certificate."""
    return f"/v1/receiving-parties/{party}/certificate"


async def put(caller: Caller, party: str, **body: Any) -> httpx2.Response:
    """Put a certificate on file."""
    return await caller.http.put(path(party), json={"certificate": PARTY.pem, **body})


@pytest.mark.clause("HOF-4.2.4")
async def test_a_certificate_is_put_on_file_listed_and_revoked(on_both: Callers) -> None:
    lead = await on_both.of(Role.TEAM_LEADER)
    answer = await put(lead, "archive")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["fingerprint"] == PARTY.certificate.fingerprint(SHA256()).hex()
    assert (told["party"], told["address"], told["added_by"], told["in_use"]) == (
        "archive", ADDRESS, "team_leader", True,
    )  # fmt: skip
    assert told["expires_at"]["utc"].startswith(f"{PARTY.certificate.not_valid_after_utc:%Y-%m-%d}")
    csr = await on_both.of(Role.CSR)
    assert (await csr.get(path("archive"))).json() == {"certificates": [told]}
    assert (await lead.http.delete(path("archive"))).status_code == 204
    (revoked,) = (await csr.get(path("archive"))).json()["certificates"]
    assert revoked["revoked_at"] is not None
    assert revoked["in_use"] is False
    is_problem(await put(lead, "archive"), "invalid-value")
    assert (await lead.http.delete(path("archive"))).status_code == 204


@pytest.mark.clause("HOF-4.2.4")
async def test_only_the_newest_certificate_is_in_use(callers: Callers) -> None:
    operator = await callers.of(Role.OPERATOR)
    newer = holder(key=rsa_key(number=2))
    for certificate in (PARTY.pem, newer.pem):
        answer = await operator.http.put(path("branch"), json={"certificate": certificate})
        assert answer.status_code == 200
    listed = (await operator.get(path("branch"))).json()["certificates"]
    assert [certificate["in_use"] for certificate in listed] == [True, False]
    assert listed[0]["fingerprint"] == newer.certificate.fingerprint(SHA256()).hex()


@pytest.mark.clause("HOF-5.3")
@pytest.mark.parametrize("role", CALLERS)
async def test_each_role_may_do_with_certificates_what_the_table_says(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    manages = role in PERMITTED["manage_recipients"]
    for answer in (
        await put(caller, f"of-{role}".replace("_", "-")),
        await caller.http.delete(path(f"of-{role}".replace("_", "-"))),
    ):
        assert (answer.status_code != 403) == manages
    reads = await caller.get(path("nobody"))
    assert (reads.status_code == 200) == (role in PERMITTED["read_recipients"])


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"certificate": "no certificate"}, "invalid-value"),
        ({"certificate": holder(days=0.001).pem}, "invalid-value"),
        ({"address": "other@partner.example"}, "invalid-value"),
        ({"address": "a@b\r\nBcc: c@d"}, "invalid-value"),
        ({"certificate": ""}, "invalid-request"),
        ({"certificate": None}, "invalid-request"),
        ({"certificate": "x\x00"}, "invalid-request"),
        ({"certificate": "x" * 20_001}, "invalid-request"),
        ({"added_by": "boss"}, "invalid-request"),
    ],
)
async def test_a_certificate_that_is_none_is_refused_with_the_clause(
    callers: Callers, body: dict[str, Any], code: str
) -> None:
    lead = await callers.of(Role.TEAM_LEADER)
    answer = await put(lead, "refused", **body)
    is_problem(answer, code)
    if code == "invalid-value":
        assert answer.json()["clause"] == "HOF-4.2.4"
    assert (await lead.get(path("refused"))).json() == {"certificates": []}


@pytest.mark.parametrize("party", ["Archive", "a%20b", "%00", "-", "x" * 65, "ü"])
async def test_what_cannot_be_a_party_is_not_found(callers: Callers, party: str) -> None:
    lead = await callers.of(Role.TEAM_LEADER)
    is_problem(await lead.get(path(party)), "not-found")
    is_problem(await put(lead, party), "not-found")
    is_problem(await lead.http.delete(path(party)), "not-found")


async def test_a_party_without_a_certificate_has_none_to_revoke(callers: Callers) -> None:
    lead = await callers.of(Role.TEAM_LEADER)
    is_problem(await lead.http.delete(path("nobody")), "not-found")


async def test_the_gateway_asks_the_same_file_whether_mail_can_be_encrypted(
    callers: Callers, desk: Desk
) -> None:
    lead = await callers.of(Role.TEAM_LEADER)
    keys = RecipientKeys(desk.database)
    assert not await asyncio.to_thread(keys.has_key, "asked")
    await put(lead, "asked")
    assert await asyncio.to_thread(keys.has_key, "asked")
