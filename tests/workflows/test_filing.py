"""Every report reaches the incident management system once, and no case waits for it (HOF-7.3)."""

import asyncio
import os
import signal
import sys
import threading
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from activities.ports import IncidentPort, IncidentsUnavailableError
from adapters.database import Database
from adapters.incident_reads import IncidentReads
from adapters.incident_tables import filed_reports
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import FiledReports
from runtime.devserver import DevServer
from sop.incident import messages as i
from sop.incident.records import FiledReport, ReportFilter
from sop.policy import Policy
from sop.registers import IncidentReport
from tests.desk import ANNA, Desk, a_desk, a_worker, eventually, sqlite_url
from tests.incident_sink import a_sink
from tests.workflows.test_incident import CLOSED, COMPLETED, NOT_NEEDED, mended, opened

pytestmark = pytest.mark.clause("HOF-7.3")

SCRIPT = Path(__file__).with_name("crash_worker.py")
ROOT = Path(__file__).parents[2]


class AwayForAWhile:
    """An incident management system that refuses until it is back.

    Attributes:
        asked: How often each report was tried.
        filed: How often each was taken.
        unwritten: Reports that were sent before the register had them.
    """

    def __init__(self, database: Database) -> None:
        self.back = threading.Event()
        self.asked: Counter[str] = Counter()
        self.filed: Counter[str] = Counter()
        self.unwritten: list[str] = []
        self._reads = IncidentReads(database)
        self._store = FiledReports(database)

    def file(self, report: IncidentReport) -> str:
        """File a report, or say that nobody is there."""
        self.asked[report.report_id] += 1
        page = self._reads.reports(ReportFilter(case_id=report.case_id))
        if report.report_id not in [known.report_id for known in page.reports]:
            self.unwritten.append(report.report_id)
        if not self.back.is_set():
            raise IncidentsUnavailableError
        self.filed[report.report_id] += 1
        return self._store.note(report.report_id, f"IM-{len(self.filed)}")


@asynccontextmanager
async def a_desk_that_files_with(
    server: DevServer, policy: Policy, directory: Path, queue: str
) -> AsyncIterator[tuple[Desk, AwayForAWhile]]:
    """Run a desk whose incident management system is away."""
    async with a_desk(server, sqlite_url(directory), queue, policy, staffed=False) as desk:
        incidents = AwayForAWhile(desk.database)
        async with a_worker(desk, incidents=incidents):
            yield desk, incidents


async def reported(desk: Desk, case_id: str) -> tuple[FiledReport, ...]:
    reads = IncidentReads(desk.database)
    return (await asyncio.to_thread(reads.reports, ReportFilter(case_id=case_id))).reports


async def closed(desk: Desk, case_id: str) -> None:
    steps = (await mended(desk, case_id, days=7), COMPLETED, NOT_NEEDED, CLOSED)
    receipts = [await desk.do(case_id, step) for step in steps]
    assert all(receipt.recorded for receipt in receipts)
    assert receipts[-1].stage == "closed"


@pytest.mark.clause("HOF-6.3")
async def test_a_case_goes_on_and_closes_while_the_incident_system_is_away(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk_that_files_with(server, policy, tmp_path, "away") as (desk, incidents):
        case_id = await opened(desk, "filed later")
        await desk.is_paged(case_id, "duty_manager")
        await closed(desk, case_id)
        described = await desk.handle(case_id).describe()
        assert described.status is not None
        assert described.status.name == "RUNNING"
        (report,) = await reported(desk, case_id)
        assert report.reference is None
        incidents.back.set()
        await desk.handle(case_id).result()
        (report,) = await reported(desk, case_id)
        assert report.reference == "IM-1"
        assert incidents.asked[report.report_id] > 1
        assert incidents.filed == {report.report_id: 1}
        assert incidents.unwritten == []


async def test_a_case_cancelled_while_the_incident_system_is_away_still_files_its_report(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk_that_files_with(server, policy, tmp_path, "cancelled") as (desk, incidents):
        case_id = await opened(desk, "cancelled, filed later")
        await desk.is_paged(case_id, "duty_manager")
        await desk.handle(case_id).cancel()
        await desk.journal_holds(case_id, "incident.closed")
        incidents.back.set()
        await desk.handle(case_id).result()
        assert list(incidents.filed.values()) == [1]


async def test_a_report_is_filed_once_although_its_case_continued_as_new_meanwhile(
    forgetful_server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk_that_files_with(forgetful_server, policy, tmp_path, "again") as (
        desk,
        incidents,
    ):
        case_id = await opened(desk, "continued, filed later")
        for number in range(20):
            await desk.do(case_id, i.AddIncidentNote(actor=ANNA, text=f"Note {number}."))

        async def continued() -> bool:
            return await desk.runs(case_id) > 1

        await eventually(continued)
        incidents.back.set()
        await closed(desk, case_id)
        await desk.handle(case_id).result()
        (report,) = await reported(desk, case_id)
        assert incidents.filed == {report.report_id: 1}
        assert incidents.unwritten == []
        kinds = await desk.kinds(case_id)
        assert kinds.count("note.added") == 20


async def test_a_worker_killed_after_filing_leaves_the_report_filed_once(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    url, died = sqlite_url(tmp_path), tmp_path / "died"
    async with a_desk(server, url, "killed while filing", policy, staffed=False) as desk:
        first = await _start(server.address, url, desk.task_queue, died)
        case_id = await opened(desk, "killed while filing")
        assert await first.wait() == -signal.SIGKILL
        second = await _start(server.address, url, desk.task_queue, died)
        try:
            await closed(desk, case_id)
            await desk.handle(case_id).result()
        finally:
            second.terminate()
            await second.wait()
        (filed,) = await asyncio.to_thread(desk.database.rows, select(filed_reports))
        (report,) = await reported(desk, case_id)
        assert (filed["report_id"], filed["reference"]) == (report.report_id, report.reference)


async def test_a_company_gets_each_report_under_one_key_however_often_it_said_no(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    async with a_desk(server, sqlite_url(tmp_path), "webhook", policy, staffed=False) as desk:
        with a_sink((400, b"no"), (0, b""), (201, b'{"reference": "IM-9"}')) as sink:
            webhook: IncidentPort = WebhookIncidents(FiledReports(desk.database), sink.url)
            async with a_worker(desk, incidents=webhook):
                case_id = await opened(desk, "webhook")
                await closed(desk, case_id)
                await desk.handle(case_id).result()
        (report,) = await reported(desk, case_id)
        assert report.reference == "IM-9"
        assert [request.key for request in sink.received] == [report.report_id] * 3
        assert list(sink.filed) == [report.report_id]


async def _start(address: str, url: str, queue: str, died: Path) -> Process:
    arguments = [str(SCRIPT), address, url, queue, "report.filed", str(died)]
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
