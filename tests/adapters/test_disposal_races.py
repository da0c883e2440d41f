"""A whole erasure against a hold: what was held before it went, stays, keys and rows (HOF-5.1)."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import URL, select

from adapters.disposal_tables import disposals
from adapters.key_tables import data_keys
from sop.disposal import Because, Disposal, ErasureOrder
from sop.keys import RecordClass, customer_owner
from sop.policy_rules import LegalBases, LegalBasis
from tests.disposals import Archive, an_archive

CLOSED = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
AT = datetime(2027, 6, 15, 9, 0, tzinfo=UTC)
INTERLEAVINGS = 100
NOTHING = LegalBases(
    verification=LegalBasis.NONE, handoff=LegalBasis.NONE, incident=LegalBasis.NONE
)

T = TypeVar("T")
Name = tuple[str, str]
"""A case and a class of it."""


@pytest.fixture
def archive(own_database_url: URL, tmp_path: Path) -> Iterator[Archive]:
    """An archive whose key store is on the same kind of database, and where no law keeps anything.

    On PostgreSQL it is in the very database of the CRM.
    """
    postgres = own_database_url.get_backend_name() == "postgresql"
    with an_archive(own_database_url, tmp_path, own_database_url if postgres else None) as archive:
        kept = archive.rules.retention.model_copy(update={"legal_basis": NOTHING})
        archive.rules = archive.rules.model_copy(update={"retention": kept})
        yield archive


def alive(archive: Archive, *cases: str) -> set[Name]:
    """Return the classes of cases of which the key is there, at one moment."""
    key = data_keys.c
    query = select(key.owner, key.record_class).where(
        key.owner.in_(cases), key.wrapped.is_not(None)
    )
    return {(owner, which) for owner, which in archive.keys.read(lambda c: c.execute(query).all())}


def disposed(archive: Archive, *cases: str) -> set[Name]:
    """Return the classes of cases of which the rows were deleted."""
    rows = archive.rows(disposals)
    return {(row["case_id"], row["record_class"]) for row in rows if row["case_id"] in cases}


def erase(archive: Archive, customer: str) -> Disposal:
    order = ErasureOrder(
        certificate_id=f"erasure-{customer}", customer_id=customer, at=AT, rules=archive.rules
    )
    return asyncio.run(archive.activities.erase(order))


@pytest.mark.clause("HOF-5.1")
@pytest.mark.timeout(600)
def test_an_erasure_and_a_hold_at_once_destroy_nothing_after_the_hold_is_acknowledged(
    archive: Archive,
) -> None:
    """In 100 interleavings: what the hold found stays whole; the rest was gone before.

    The hold comes when so many keys have gone: none in the first, all in every ninth.
    """
    held_all = held_nothing = 0
    for number in range(INTERLEAVINGS):
        customer = f"c-{number}"
        cases = inquiry, _ = f"inquiry-{number}", f"handoff-{number}"
        archive.close_inquiry(inquiry, CLOSED, customer)
        archive.close_handoff(cases[1], CLOSED, customer, inquiry_id=inquiry)
        everything = alive(archive, *cases)
        scope = (inquiry, customer_owner(customer))[number % 2]

        when_left = len(everything) - number % (len(everything) + 1)

        def hold(scope: str, cases: tuple[str, ...], when_left: int) -> set[Name]:
            while len(alive(archive, *cases)) > when_left:
                pass
            archive.holds.place_hold(f"hold-{scope}", [scope], AT)
            return alive(archive, *cases)

        found, disposal = together(
            partial(hold, scope, cases, when_left), partial(erase, archive, customer)
        )
        left = alive(archive, *cases)
        assert left == found, "a key went after the hold was acknowledged"
        assert disposed(archive, *cases) == everything - left
        assert {(each.case_id, str(each.record_class)) for each in disposal.gone} == (
            everything - left
        )
        kept = {
            (each.case_id, str(each.record_class))
            for each in disposal.kept
            if each.because is Because.HOLD
        }
        assert kept == left
        if left:
            assert archive.works(customer_owner(customer), RecordClass.INQUIRY)
        held_all += left == everything
        held_nothing += not left
    assert held_all
    assert held_nothing


def together(
    hold: Callable[[], set[Name]], erasure: Callable[[], Disposal]
) -> tuple[set[Name], Disposal]:
    """Do both at once."""
    start = Barrier(2)

    def begin(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(begin, hold), pool.submit(begin, erasure)
        return first.result(), second.result()
