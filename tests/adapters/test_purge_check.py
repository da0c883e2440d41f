"""A purge that no disposal made, or that a hold forbade, is named by `handrail verify`."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, insert

from adapters.crm import SqlCrm
from adapters.disposal_tables import disposals, disposed_cases
from adapters.journal_purge import PurgeCertificate, file_certificate, purge_journal
from adapters.journal_verify import Kept, verify
from sop.journal_check import Finding, Wrong
from sop.models import Channel
from sop.outgoing import FlushBatch, Outgoing
from sop.privacy.models import Law, PrivacyRow, PrivacyStage, RequestKind
from tests import batches
from tests.disposals import Archive, an_archive

pytestmark = pytest.mark.clause("HOF-5.1", "INQ-7.1")

CLOSED = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
PURGE = datetime(2028, 3, 15, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLD = "privacy-5f0c2a9b71d3e84c5f0c"
FORGED = "certificate-forged"


@pytest.fixture
def archive(own_database_url: URL, tmp_path: Path) -> Iterator[Archive]:
    with an_archive(own_database_url, tmp_path) as opened:
        opened.close_inquiry("inquiry-1", CLOSED)
        opened.close_inquiry("inquiry-2", CLOSED)
        yield opened


def hold(archive: Archive, placed: datetime, released: datetime | None, cases: Any) -> None:
    """Put a hold into the CRM, with the entries that its workflow writes."""
    told = [batches.entry(1, "hold/placed", at=placed, kind="hold.placed")]
    if released is not None:
        told.append(batches.entry(2, "hold/released", at=released, kind="hold.released"))
    row = PrivacyRow(
        request_id=HOLD, version=len(told), kind=RequestKind.HOLD, law=Law.GDPR,
        customer_id="c-7", channel=Channel.EMAIL, stage=PrivacyStage.RECEIVED,
        opened_by="paula", received_at=placed, cases=cases,
    )  # fmt: skip
    SqlCrm(archive.database).flush(
        FlushBatch(
            stream=HOLD,
            case_id=HOLD,
            privacy=row,
            outgoing=Outgoing(entries=tuple(told)),
            at=released or placed,
        )
    )


def forge(archive: Archive, *, disposed: bool, customer: str | None = None) -> None:
    """Purge a case's journal under a certificate of one's own, with the application's rights."""
    made = PurgeCertificate(FORGED, "retention", PURGE, "{}", frozenset({"inquiry-1"}))

    def work(connection: Connection) -> None:
        file_certificate(connection, made)
        purge_journal(connection, "inquiry-1", FORGED)
        if disposed:
            gone = {"case_id": "inquiry-1", "kind": "inquiry", "closed_at": CLOSED}
            connection.execute(insert(disposed_cases), {**gone, "customer_id": customer})
            row = {"case_id": "inquiry-1", "record_class": "inquiry", "disposed_at": PURGE}
            connection.execute(insert(disposals), {**row, "certificate_id": FORGED})

    archive.database.write(work)


def found(archive: Archive, case_id: str | None = None) -> list[Finding]:
    return verify(archive.database, Kept(), case_id).findings


def test_what_retention_purges_is_in_order_also_beside_a_hold_on_another_case(
    archive: Archive,
) -> None:
    hold(archive, PURGE - DAY, None, ("inquiry-2",))
    archive.holds.place_hold(HOLD, ["inquiry-2"], PURGE - DAY)
    run, _ = asyncio.run(archive.run(PURGE))
    assert run.gone
    report = verify(archive.database, Kept())
    assert (report.findings, report.purged > 0) == ([], True)


@pytest.mark.parametrize("case_id", [None, "inquiry-1"])
def test_a_purge_of_which_no_disposal_is_on_record_is_named(
    archive: Archive, case_id: str | None
) -> None:
    forge(archive, disposed=False)
    assert found(archive, case_id) == [Finding("inquiry-1", 1, Wrong.NOT_DISPOSED)]
    assert found(archive, "inquiry-2") == []


@pytest.mark.parametrize("cases", [("inquiry-1", "inquiry-9"), ()])
@pytest.mark.parametrize("released", [None, PURGE + 2 * DAY])
def test_a_purge_while_a_hold_was_on_the_case_or_its_customer_is_named(
    archive: Archive, cases: tuple[str, ...], released: datetime | None
) -> None:
    hold(archive, PURGE - HOUR, released, cases)
    forge(archive, disposed=True, customer="c-7")
    assert found(archive) == [Finding("inquiry-1", 1, Wrong.HELD)]


@pytest.mark.parametrize(
    ("placed", "released", "cases"),
    [
        pytest.param(PURGE + HOUR, None, ("inquiry-1",), id="placed since"),
        pytest.param(PURGE - DAY, PURGE - HOUR, ("inquiry-1",), id="over before"),
        pytest.param(PURGE - DAY, PURGE + HOUR, ("inquiry-1",), id="over during the run"),
        pytest.param(PURGE - DAY, None, ("inquiry-2",), id="on another case"),
    ],
)
def test_a_hold_that_forbade_nothing_is_no_finding(
    archive: Archive, placed: datetime, released: datetime | None, cases: tuple[str, ...]
) -> None:
    hold(archive, placed, released, cases)
    forge(archive, disposed=True)
    assert found(archive) == []
