"""The transfer: channels, couriers and encrypted mail (HOF-4.2.4, HOF-5.2)."""

from datetime import timedelta

import pytest

from sop.errors import BehindGateError, HiddenCaseError, InvalidValueError, WrongStageError
from sop.handoff import messages as h
from sop.handoff.couriers import CourierStatus
from sop.messages import Command
from sop.models import Actor, Role, TaskKind
from tests.sop.builders import ANNA, DAY, HOUR, MONDAY, WEB_FORM
from tests.sop.handoff.builders import (
    ACCEPTED,
    BRIEFED,
    CHANGED,
    CONCLUDED,
    CONFIRMED,
    FAXED,
    MAILED,
    MINUTE,
    POSTED,
    SENT,
    TOLD,
    WITHDRAWN,
    assigned,
    came_back,
    handed,
    handoff_policy,
    offered,
    prepared,
)


@pytest.mark.clause("HOF-4.2.4", "HOF-4.2.5")
def test_a_transfer_over_the_crm_is_offered_at_once() -> None:
    case = prepared()
    receipt = case.do(SENT)
    assert (receipt.stage, receipt.proved) == ("offered", ("HOF-4.2.4",))
    entry = case.entry("handoff.transferred")
    assert (entry.detail["channel"], entry.detail["to_party"]) == ("crm", "rita")
    assert entry.detail["acknowledge_by"] == (MONDAY + DAY).isoformat()
    (task,) = [task for task in case.tasks if task.kind == TaskKind.HANDOFF_ACKNOWLEDGEMENT]
    assert (task.assignee, task.due_at, task.done_at) == ("rita", MONDAY + DAY, None)
    (message,) = case.messages("handoff.offered")
    assert message.recipient == "principal:rita"
    assert "Tue 2026-11-24 09:00 CET" in message.body
    assert case.state.custody == "anna"


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("step", [CONFIRMED, BRIEFED, TOLD, CHANGED, SENT, WITHDRAWN, CONCLUDED])
def test_what_has_no_place_while_it_is_offered_is_refused(step: Command) -> None:
    case = offered()
    before = case.state
    with pytest.raises(WrongStageError) as refused:
        case.do(step)
    assert (refused.value.clause, case.state) == ("HOF-4.2.5", before)


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2", "HOF-7.3")
@pytest.mark.parametrize("channel", ["fax", "whatsapp", "email", "usb_stick"])
def test_a_forbidden_channel_is_refused_and_the_attempt_is_on_record_as_an_incident(
    channel: str,
) -> None:
    case = prepared()
    receipt = case.do(h.Transfer(actor=ANNA, channel=channel))
    assert receipt.refused is not None
    assert (receipt.refused.code, receipt.refused.clause) == ("channel-not-approved", "HOF-4.2.4")
    assert "use one of crm, courier, encrypted_email" in receipt.refused.message
    assert (receipt.stage, case.state.offers) == ("ready", 0)
    (report,) = case.reports
    assert (report.kind, report.clause, report.reported_by, report.manager) == (
        "channel_not_approved",
        "HOF-4.2.4",
        "anna",
        Role.DUTY_MANAGER,
    )
    entry = case.entry("channel.refused")
    assert (entry.detail["report"], entry.detail["channel"]) == (report.report_id, channel)
    assert case.state.custody == "anna"


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("written", ["E-Mail", "WhatsApp", "plain e-mail", "usb-stick", "\u2603"])
def test_a_forbidden_channel_is_an_incident_however_it_is_written_and_at_any_stage(
    written: str,
) -> None:
    for case in (handed(), prepared(), offered()):
        receipt = case.do(h.Transfer(actor=ANNA, channel=written))
        assert receipt.refused is not None
        (report,) = case.reports
        assert report.kind == "channel_not_approved"
        assert written not in report.text


@pytest.mark.clause("HOF-4.2.4")
def test_an_approved_channel_may_be_written_as_people_write_it() -> None:
    case = prepared()
    case.do(h.Transfer(actor=ANNA, channel=" CRM "))
    assert case.entry("handoff.transferred").detail["channel"] == "crm"


@pytest.mark.clause("HOF-4.2.4")
def test_the_courier_is_heard_also_when_custody_has_come_back() -> None:
    case = prepared()
    case.do(POSTED)
    case.pass_time(DAY)
    case.do(h.ReportCourier(actor=ANNA, status=CourierStatus.DELIVERED))
    assert case.entry("courier.reported").detail["status"] == "delivered"
    assert case.messages("warning")


@pytest.mark.clause("HOF-4.2.4")
def test_a_forbidden_channel_is_on_record_before_anything_else_is_asked() -> None:
    case = handed()
    assert case.do(FAXED).refused is not None
    assert case.do(FAXED).refused is not None
    assert len({report.report_id for report in case.reports}) == 2


@pytest.mark.clause("HOF-4.2.4")
def test_a_refusal_that_is_on_record_is_the_answer_to_its_repetition() -> None:
    case = prepared()
    said = case.case.apply(FAXED, case.now, cause="twice")
    assert case.case.answered("twice") == said
    assert said.refused is not None
    assert case.do(SENT).refused is None


@pytest.mark.clause("HOF-4.2.4")
def test_the_policy_approves_the_channels() -> None:
    case = prepared(policy=handoff_policy(channels=("courier",)))
    refused = case.do(SENT).refused
    assert refused is not None
    assert refused.message.startswith("crm is no approved channel; use one of courier.")


# Couriers


@pytest.mark.clause("HOF-4.2.4")
def test_a_courier_needs_a_carrier_and_a_tracking_number_of_its_form() -> None:
    case = prepared()
    before = case.state
    wrong: tuple[dict[str, str | None], ...] = (
        {"carrier": None},
        {"tracking_number": None},
        {"carrier": "pigeon"},
        {"tracking_number": "1Z 999 AA1 01 2345 6785"},
    )
    for lacks in wrong:
        with pytest.raises(InvalidValueError) as refused:
            case.do(POSTED.model_copy(update=lacks))
        assert (refused.value.clause, case.state) == ("HOF-4.2.4", before)
    case.do(POSTED)
    row = case.case.row()
    assert (row.channel, row.carrier) == ("courier", "ups")
    assert row.tracking_number == "1Z999AA10123456784"


UPS = Actor(principal="ups", role=Role.SERVICE)


def courier(status: CourierStatus) -> h.ReportCourier:
    return h.ReportCourier(actor=UPS, status=status)


@pytest.mark.clause("HOF-4.2.4")
def test_the_couriers_status_goes_on_and_a_repetition_is_no_news() -> None:
    case = prepared()
    case.do(POSTED, courier(CourierStatus.PICKED_UP), courier(CourierStatus.IN_TRANSIT))
    seq = case.state.seq
    receipt = case.do(courier(CourierStatus.IN_TRANSIT))
    assert (receipt.seq, receipt.stage) == (seq, "offered")
    with pytest.raises(InvalidValueError):
        case.do(courier(CourierStatus.PICKED_UP))
    case.do(courier(CourierStatus.DELIVERED))
    assert case.case.row().courier_status == "delivered"
    assert [x.detail["status"] for x in case.entries("courier.reported")] == [
        "picked_up",
        "in_transit",
        "delivered",
    ]
    assert case.state.custody == "anna"
    assert case.do(ACCEPTED).stage == "closed"
    assert case.case.row().courier_status == "delivered"


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("how", ["prepared", "offered", "came back"])
def test_a_status_without_a_courier_on_the_way_is_refused(how: str) -> None:
    case = {"prepared": prepared, "offered": offered, "came back": came_back}[how]()
    with pytest.raises(WrongStageError, match="No courier"):
        case.do(courier(CourierStatus.DELIVERED).model_copy(update={"actor": ANNA}))


@pytest.mark.clause("HOF-5.3")
def test_a_courier_reports_of_what_it_carries_and_knows_nothing_of_the_rest() -> None:
    case = prepared()
    news = courier(CourierStatus.PICKED_UP)
    with pytest.raises(HiddenCaseError):
        case.do(news)
    case.do(POSTED)
    with pytest.raises(HiddenCaseError):
        case.do(news.model_copy(update={"actor": WEB_FORM}))
    case.do(news)


# Encrypted mail


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_a_mail_is_offered_when_it_has_left_encrypted_and_not_before() -> None:
    case = prepared()
    assert case.do(MAILED).stage == "sending"
    assert (case.case.next_deadline(), case.entries("handoff.transferred")) == (None, [])
    case.pass_time(5 * MINUTE)
    case.case.mail_sent("key-7", case.now)
    assert case.stage == "offered"
    sent = case.entry("mail.sent")
    assert (sent.clauses, sent.detail["certificate"]) == (("HOF-5.2",), "key-7")
    assert case.offer.return_at == case.now + DAY
    seq = case.state.seq
    case.case.mail_sent("key-7", case.now)
    case.case.mail_not_sent("late", case.now)
    assert case.state.seq == seq


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_without_a_key_on_file_nothing_is_mailed() -> None:
    case = prepared()
    before = case.state
    with pytest.raises(BehindGateError, match="no certificate on file") as refused:
        case.do(MAILED.model_copy(update={"recipient_has_key": False}))
    assert (refused.value.clause, case.state) == ("HOF-4.2.4", before)


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("back", [False, True])
def test_a_mail_that_could_not_leave_is_taken_back_and_the_holder_is_told(back: bool) -> None:
    case = came_back(assignee="anna") if back else prepared(assignee="anna")
    stage = case.stage
    case.do(MAILED)
    case.case.mail_not_sent("no-recipient-key", case.now)
    assert (case.stage, case.state.offer, case.state.custody) == (stage, None, "anna")
    (entry,) = case.entries("mail.not_sent")
    assert entry.detail["why"] == "no-recipient-key"
    warning = case.messages("warning")[-1]
    assert warning.recipient == "principal:anna"
    seq = case.state.seq
    case.case.mail_not_sent("again", case.now)
    case.case.mail_sent("key-7", case.now)
    assert case.state.seq == seq
    case.do(SENT)
    assert case.offer.number == (3 if back else 2)
    assert len({message.message_id for message in case.state.pending.messages}) == len(
        case.state.pending.messages
    )


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("step", [CONFIRMED, SENT, WITHDRAWN, ACCEPTED])
def test_a_mail_under_way_is_left_alone(step: Command) -> None:
    case = prepared()
    case.do(MAILED)
    before = case.state
    with pytest.raises(Exception, match="offer"):
        case.do(step)
    assert case.state == before


@pytest.mark.clause("HOF-4.2.5")
def test_custody_stays_the_senders_while_a_mail_is_under_way() -> None:
    case = prepared()
    case.do(MAILED, assigned("ben"))
    assert case.state.custody == "ben"
    case.case.mail_sent("key-7", case.now + timedelta(seconds=1))
    assert case.state.custody == "ben"
    case.pass_time(HOUR)
    case.do(ACCEPTED)
    assert case.state.custody == "rita"


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize("channel", ["crm", "encrypted_email"])
@pytest.mark.parametrize("said", [{"carrier": "ups"}, {"tracking_number": "1Z"}])
def test_only_a_courier_has_a_carrier_and_a_number(channel: str, said: dict[str, str]) -> None:
    case = prepared()
    before = case.state
    with pytest.raises(InvalidValueError, match="belong to a courier") as refused:
        case.do(SENT.model_copy(update={"channel": channel, **said}))
    assert (refused.value.clause, case.state) == ("HOF-4.2.4", before)
