"""Until a real channel takes its place, a page is a row of the outbox and a line of the log."""

import pytest
import structlog

from activities.ports import OnCallUnavailableError, Page
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.oncall import OutboxOnCall
from runtime.redaction import ALLOWED_KEYS
from sop.models import OutboxMessage, Role
from tests.batches import MONDAY
from tests.databases import Connect

PAGE = Page(
    page_id="C-1/complaint-1/1/1",
    case_id="C-1",
    role=Role.QUALITY_MANAGER,
    rung="complaint",
    level=1,
    text="C-1: complaint (INQ-6.3). Please acknowledge.",
)


@pytest.fixture
def oncall(database: Database) -> OutboxOnCall:
    return OutboxOnCall(database, clock=lambda: MONDAY)


@pytest.mark.clause("INQ-6.3")
def test_a_page_is_written_once_however_often_it_is_sent(
    oncall: OutboxOnCall, database: Database
) -> None:
    oncall.page(PAGE)
    oncall.page(PAGE)
    assert CrmReads(database).outbox() == (
        OutboxMessage(
            message_id="C-1/complaint-1/1/1",
            case_id="C-1",
            recipient="role:quality_manager",
            topic="page",
            body=PAGE.text,
            created_at=MONDAY,
        ),
    )


def test_a_page_that_is_taken_back_leaves_both_messages(
    oncall: OutboxOnCall, database: Database
) -> None:
    oncall.page(PAGE)
    oncall.cancel(PAGE)
    oncall.cancel(PAGE)
    assert [sent.topic for sent in CrmReads(database).outbox()] == ["page", "page.cancelled"]


def test_the_log_names_case_and_role_and_not_the_text(oncall: OutboxOnCall) -> None:
    with structlog.testing.capture_logs() as lines:
        oncall.page(PAGE)
    assert lines == [
        {
            "event": "page.written", "log_level": "info", "case_id": "C-1",
            "role": "quality_manager", "rung": "complaint", "escalation_level": 1,
        }
    ]  # fmt: skip
    assert lines[0].keys() <= ALLOWED_KEYS | {"log_level"}


def test_a_page_that_cannot_be_written_is_not_delivered(connect: Connect) -> None:
    oncall = OutboxOnCall(connect("sqlite:////nowhere/at/all/crm.db"))
    with pytest.raises(OnCallUnavailableError):
        oncall.page(PAGE)
