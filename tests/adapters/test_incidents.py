"""Reports are filed once, in the embedded incident system or in a company's own (HOF-7.3)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog
from sqlalchemy import event, func, select

from activities.ports import IncidentPort, IncidentsUnavailableError
from adapters.database import Database, Limits
from adapters.incident_tables import filed_reports
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import FiledReports, SqlIncidents
from sop.models import Role
from sop.registers import IncidentReport, ReportKind
from tests.batches import MONDAY
from tests.incident_sink import Sink, a_sink

pytestmark = pytest.mark.clause("HOF-7.3")

REPORT = IncidentReport(
    report_id="handoff-1/override/1",
    case_id="handoff-1",
    kind=ReportKind.OVERRIDE,
    clause="HOF-4.1.4",
    at=MONDAY,
    reported_by="lena",
    manager=Role.DUTY_MANAGER,
    text="Discrepancy 1 was approved by lena.",
    reason="Known by sight.",
    policy_version="2026.1",
)
FILED = (201, b'{"reference": "IM-1"}')


def kept(database: Database) -> dict[str, str]:
    rows = database.rows(select(filed_reports))
    return {row["report_id"]: row["reference"] for row in rows}


@contextmanager
def webhook(database: Database, sink: Sink, secret: str | None = None) -> Iterator[IncidentPort]:
    incidents = WebhookIncidents(FiledReports(database), sink.url, secret, timeout_s=2.0)
    yield incidents
    incidents.close()


def refused(file: Callable[[IncidentReport], str]) -> None:
    with pytest.raises(IncidentsUnavailableError) as error:
        file(REPORT)
    assert error.value.retryable


def test_a_report_is_filed_once_however_often_it_is_tried(database: Database) -> None:
    incidents = SqlIncidents(database)
    first = incidents.file(REPORT)
    assert incidents.file(REPORT) == first
    other = incidents.file(REPORT.model_copy(update={"report_id": "handoff-1/override/2"}))
    assert other != first
    assert kept(database) == {"handoff-1/override/1": first, "handoff-1/override/2": other}


def test_a_report_that_is_filed_twice_at_once_has_one_reference(database: Database) -> None:
    incidents, references = SqlIncidents(database), set[str]()
    threads = [
        threading.Thread(target=lambda: references.add(incidents.file(REPORT))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(references) == 1
    count = select(func.count()).select_from(filed_reports)
    assert database.read(lambda connection: connection.execute(count).scalar_one()) == 1


@pytest.mark.parametrize("server", ["postgresql://nobody@127.0.0.1:9/crm", "sqlite:////no/crm.db"])
def test_an_embedded_system_whose_database_is_away_is_tried_again(
    server: str, connect: Callable[[str, Limits], Database]
) -> None:
    away = connect(server, Limits(pool_size=1))
    refused(SqlIncidents(away).file)
    with a_sink(FILED) as sink, webhook(away, sink) as incidents:
        refused(incidents.file)
    assert sink.received == []


def test_a_company_receives_the_report_whole_with_its_key(database: Database) -> None:
    with a_sink(FILED) as sink, webhook(database, sink, "s3cret") as incidents:
        assert incidents.file(REPORT) == "IM-1"
    (received,) = sink.received
    assert received.key == REPORT.report_id
    assert received.authorization == "Bearer s3cret"
    assert received.body["retention_class"] == "incident"
    assert IncidentReport.model_validate(received.body) == REPORT
    assert kept(database) == {REPORT.report_id: "IM-1"}


def test_a_report_that_is_known_to_be_filed_is_not_sent_again(database: Database) -> None:
    with a_sink(FILED) as sink, webhook(database, sink) as incidents:
        assert incidents.file(REPORT) == incidents.file(REPORT) == "IM-1"
    assert len(sink.received) == 1
    assert sink.received[0].authorization is None


@pytest.mark.parametrize(
    "answer",
    [b"", b"filed", b"[1]", b'{"reference": null}', b'{"reference": true}', b"\xff\xfe", b"{}"],
)
def test_an_answer_without_a_reference_files_the_report_under_its_own_id(
    database: Database, answer: bytes
) -> None:
    with a_sink((200, answer)) as sink, webhook(database, sink) as incidents:
        assert incidents.file(REPORT) == REPORT.report_id


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (b'{"reference": 77}', "77"),
        (b'{"reference": "IM\\u0000-1"}', "IM-1"),
        (b'{"reference": "%s"}' % (b"x" * 5000), "x" * 200),
    ],
)
def test_a_reference_is_kept_in_a_form_that_both_databases_hold(
    database: Database, answer: bytes, reference: str
) -> None:
    with a_sink((200, answer)) as sink, webhook(database, sink) as incidents:
        assert incidents.file(REPORT) == reference
    assert kept(database) == {REPORT.report_id: reference}


@pytest.mark.parametrize("status", [0, 302, 400, 401, 404, 408, 409, 413, 425, 429, 500, 503])
def test_no_answer_but_success_ends_the_attempts(database: Database, status: int) -> None:
    with a_sink((status, b"no"), FILED) as sink, webhook(database, sink) as incidents:
        refused(incidents.file)
        assert kept(database) == {}
        assert incidents.file(REPORT) == "IM-1"
    assert [request.key for request in sink.received] == [REPORT.report_id] * 2


def test_nobody_listening_is_tried_again(database: Database) -> None:
    with a_sink(FILED) as sink:
        pass
    with webhook(database, sink) as incidents:
        refused(incidents.file)


@pytest.mark.parametrize(("status", "level"), [(400, "error"), (503, "warning"), (409, "warning")])
def test_what_only_a_person_can_mend_is_logged_louder_and_without_what_it_says(
    database: Database, status: int, level: str
) -> None:
    with (
        structlog.testing.capture_logs() as lines,
        a_sink((status, b"no")) as sink,
        webhook(database, sink, "s3cret") as incidents,
    ):
        refused(incidents.file)
    (line,) = lines
    assert (line["log_level"], line["status"]) == (level, status)
    assert not any(
        word in str(line) for word in ("s3cret", "127.0.0.1", REPORT.text, "Known by sight")
    )


def test_an_answer_that_was_lost_before_it_was_noted_leads_to_the_same_key_again(
    database: Database,
) -> None:
    def away(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO filed_reports"):
            raise ConnectionError

    with a_sink(FILED) as sink, webhook(database, sink) as incidents:
        event.listen(database.engine, "before_cursor_execute", away)
        with pytest.raises(ConnectionError):
            incidents.file(REPORT)
        event.remove(database.engine, "before_cursor_execute", away)
        assert incidents.file(REPORT) == "IM-1"
    assert list(sink.filed) == [REPORT.report_id]
    assert len(sink.received) == 2
