"""Who is shown which payloads, and that the access log has it."""

import secrets
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest
from sqlalchemy import update
from temporalio.api.common.v1 import Payload

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.database import Database
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring
from adapters.restrictions import Restrictions
from runtime.codec import KEY_ID
from sop.access_log import Outcome, Via
from sop.models import Role
from tests.api.codec.house import (
    CANARY,
    DUTY,
    DUTY_OF,
    HANDOFF,
    INCIDENT,
    INQUIRY,
    PRIVACY,
    STAFF,
    STRANGE,
    House,
    asked,
    erase,
    fill,
    open_house,
    sealed,
    texts,
)

OWNERS = (INQUIRY, HANDOFF, INCIDENT, DUTY, PRIVACY, STAFF, STRANGE)
# x: shown, a point: stays sealed. One column for each owner.
MATRIX = {
    Role.CSR: "xxx..x.",
    Role.TEAM_LEADER: "xxxx.x.",
    Role.SUBJECT_MATTER_EXPERT: "xxx..x.",
    Role.QUALITY_MANAGER: "xxxxxx.",
    Role.DUTY_MANAGER: "xxxxxx.",
    Role.AUDITOR: "xxxxxx.",
    Role.PRIVACY_OFFICER: "xxx.xx.",
}
NOBODY = (Role.RECEIVING_PARTY, Role.SERVICE, Role.OPERATOR)


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
@pytest.mark.parametrize("role", MATRIX)
async def test_a_reader_is_shown_the_cases_that_they_may_read(house: House, role: Role) -> None:
    payloads = [await sealed(house.keyring, owner) for owner in OWNERS]
    answer = await house.decode(asked(*payloads), token=house.token(role))
    shown = "".join("." if text is None else "x" for text in texts(answer))
    assert shown == MATRIX[role]
    assert {text for text in texts(answer) if text} == {CANARY}


@pytest.mark.clause("HOF-5.1", "HOF-5.3")
@pytest.mark.parametrize("role", MATRIX)
async def test_what_an_erasure_left_stays_sealed_but_for_those_who_may_read_it(
    house: House, role: Role
) -> None:
    left = (INQUIRY, HANDOFF, INCIDENT, DUTY)
    Restrictions(house.database).restrict("privacy-1", left, datetime.now(UTC))
    payloads = [await sealed(house.keyring, owner) for owner in OWNERS]
    answer = await house.decode(asked(*payloads), token=house.token(role))
    shown = "".join("." if text is None else "x" for text in texts(answer))
    reads = role in {Role.AUDITOR, Role.PRIVACY_OFFICER}
    assert shown == (MATRIX[role] if reads else f"....{MATRIX[role][4:]}")
    denied = [entry.owner for entry in house.entries() if entry.outcome is Outcome.DENIED]
    assert set(left).isdisjoint(denied) == (role is Role.AUDITOR)


@pytest.mark.clause("INQ-3.1", "HOF-5.3")
@pytest.mark.parametrize("role", NOBODY)
async def test_who_decodes_nothing_is_told_so(house: House, role: Role) -> None:
    answer = await house.decode(
        asked(await sealed(house.keyring, INQUIRY)), token=house.token(role)
    )
    assert answer.status_code == 403
    assert not house.entries()


def test_every_role_is_asserted() -> None:
    assert {*MATRIX, *NOBODY, Role.SYSTEM} == set(Role)


async def test_whom_a_duty_is_about_is_shown_it(house: House) -> None:
    body = asked(await sealed(house.keyring, DUTY))
    assert texts(await house.decode(body, token=house.token(Role.CSR, DUTY_OF))) == [CANARY]


@pytest.mark.parametrize(
    "token", [None, "", "hr_nonsense", "a.b.c", "hr_" + "0" * 12 + "_" + "x" * 43]
)
async def test_without_a_valid_credential_nothing_is_shown(house: House, token: str | None) -> None:
    answer = await house.decode(asked(await sealed(house.keyring, INQUIRY)), token=token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert CANARY not in answer.text


@pytest.mark.clause("INQ-7.2", "HOF-7.1")
async def test_one_entry_for_each_key_is_in_the_access_log(house: House) -> None:
    one, two = await sealed(house.keyring, INQUIRY), await sealed(house.keyring, HANDOFF)
    foreign = await sealed(house.keyring, STRANGE)
    body = asked(one, two, one, foreign)
    assert texts(await house.decode(body, token=house.token(Role.CSR))) == [CANARY] * 3 + [None]
    told = {(e.owner, e.key_id, e.count, e.outcome) for e in house.entries()}
    assert told == {
        (INQUIRY, one.metadata[KEY_ID].decode(), 2, Outcome.OPENED),
        (HANDOFF, two.metadata[KEY_ID].decode(), 1, Outcome.OPENED),
        (STRANGE, foreign.metadata[KEY_ID].decode(), 1, Outcome.DENIED),
    }
    assert {(e.principal, e.role, e.via, e.action) for e in house.entries()} == {
        ("csr", Role.CSR, Via.API_KEY, "decode")
    }
    assert len(house.entries(owner=INQUIRY)) == 1
    assert not house.entries(principal="somebody-else")


@pytest.mark.clause("HOF-5.1")
async def test_an_erased_an_unknown_and_a_foreign_key_look_alike(house: House) -> None:
    erased, foreign = await sealed(house.keyring, INQUIRY), await sealed(house.keyring, STRANGE)
    erase(house.keyring, INQUIRY)
    unknown = Payload(data=foreign.data, metadata=foreign.metadata)
    unknown.metadata[KEY_ID] = secrets.token_hex(16).encode()
    token = house.token(Role.AUDITOR)
    answers = [await house.decode(asked(p), token=token) for p in (erased, foreign, unknown)]
    for payload, answer in zip((erased, foreign, unknown), answers, strict=True):
        assert answer.json() == asked(payload)  # as it came
    heads = [{**a.headers, "x-request-id": "", "content-length": ""} for a in answers]
    assert heads[0] == heads[1] == heads[2]
    assert [e.outcome for e in house.entries(owner=STRANGE)] == [Outcome.DENIED]
    unknowns = [e for e in house.entries() if e.outcome is Outcome.UNKNOWN]
    assert [(e.owner, e.key_id, e.count) for e in unknowns] == [(None, None, 1)] * 2


async def test_what_was_altered_or_moved_stays_as_it_is(house: House) -> None:
    one, two = await sealed(house.keyring, INQUIRY), await sealed(house.keyring, HANDOFF)
    moved = Payload(data=one.data, metadata=one.metadata)
    moved.metadata[KEY_ID] = two.metadata[KEY_ID]
    altered = Payload(data=one.data[:-1] + bytes([one.data[-1] ^ 1]), metadata=one.metadata)
    body = asked(moved, altered, one)
    answer = await house.decode(body, token=house.token(Role.CSR))
    assert texts(answer) == [None, None, CANARY]
    assert answer.json()["payloads"][:2] == body["payloads"][:2]
    assert {(e.owner, e.outcome) for e in house.entries()} == {
        (HANDOFF, Outcome.DAMAGED), (INQUIRY, Outcome.DAMAGED), (INQUIRY, Outcome.OPENED),
    }  # fmt: skip


async def test_a_key_that_was_altered_hides_its_own_case_alone(house: House) -> None:
    one, two = await sealed(house.keyring, INQUIRY), await sealed(house.keyring, HANDOFF)
    bad = one.metadata[KEY_ID].decode()
    altered = update(data_keys).where(data_keys.c.key_id == bad).values(wrapped="QUJD")
    house.keyring._database.write(lambda connection: connection.execute(altered))
    house.keyring.forget([INQUIRY, HANDOFF])
    answer = await house.decode(asked(one, two), token=house.token(Role.CSR))
    assert answer.status_code == 200
    assert texts(answer) == [None, CANARY]
    assert {e.outcome for e in house.entries()} == {Outcome.UNKNOWN, Outcome.OPENED}


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/decode", "elsewhere"),
        ("/elsewhere/decode", "elsewhere"),
        ("/default/decode", "elsewhere"),
    ],
)
async def test_payloads_of_another_namespace_stay_sealed(
    house: House, path: str, header: str
) -> None:
    here = await sealed(house.keyring, INQUIRY)
    there = await sealed(house.keyring, INQUIRY, namespace="elsewhere")
    answer = await house.decode(
        asked(here, there), token=house.token(Role.CSR), path=path, X_Namespace=header
    )
    assert texts(answer) == [None, None]


async def test_the_namespace_may_stand_in_the_path(house: House) -> None:
    body = asked(await sealed(house.keyring, INQUIRY))
    answer = await house.decode(body, token=house.token(Role.CSR), path="/default/decode")
    assert texts(answer) == [CANARY]


async def test_what_was_not_sealed_comes_back_and_needs_no_entry(house: House) -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"no secret"')
    answer = await house.decode(asked(plain), token=house.token(Role.CSR))
    assert texts(answer) == ["no secret"]
    assert (await house.decode({"payloads": []}, token=house.token(Role.CSR))).json() == {
        "payloads": []
    }
    assert not house.entries()


async def test_nothing_is_encoded_and_nothing_is_described(house: House) -> None:
    for path in ("/encode", "/default/encode", "/docs", "/openapi.json", "/download"):
        answer = await house.http.post(path, json={"payloads": []})
        assert answer.status_code in {404, 405}, path
    assert not hasattr(house.parts.keys, "encode")


async def test_without_the_access_log_nothing_is_shown(
    database: Database, keyring: SqlKeyring
) -> None:
    class Away:
        def record(self, *_: object) -> NoReturn:
            raise CrmUnavailableError("away")

    fill(database)
    async with open_house(database, keyring, access_log=Away()) as house:
        body = asked(await sealed(keyring, INQUIRY))
        answer = await house.decode(body, token=house.token(Role.CSR))
    assert answer.status_code == 503
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("part", "error"),
    [("keys", KeysUnavailableError("away")), ("owners", CrmUnavailableError("away"))],
)
async def test_without_the_key_store_or_the_crm_nothing_is_shown(
    database: Database, keyring: SqlKeyring, part: str, error: Exception
) -> None:
    class Away:
        def find(self, *_: object) -> NoReturn:
            raise error

        facts = find

    fill(database)
    away: Any = {part: Away()}
    async with open_house(database, keyring, **away) as house:
        body = asked(await sealed(keyring, INQUIRY))
        answer = await house.decode(body, token=house.token(Role.CSR))
        assert answer.status_code == 503
        assert CANARY not in answer.text
        assert not house.entries()
