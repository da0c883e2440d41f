"""A privacy request: verified, two people, done, answered in time (HOF-5.1)."""

import re
from datetime import timedelta
from typing import Any

import pytest

from sop.errors import (
    BehindGateError,
    CaseClosedError,
    InvalidValueError,
    NotAllowedError,
    NotTheirCaseError,
    WrongStageError,
)
from sop.messages import Command
from sop.models import Actor, Role
from sop.privacy import messages as m
from sop.privacy.models import (
    ClosedPrivacyAs,
    HoldReason,
    Law,
    PrivacyStage,
    RefusalReason,
    RequestKind,
    Work,
    WorkDone,
)
from sop.privacy.request import PrivacyRequest, require_their_cases
from sop.privacy.state import PrivacyStart
from tests.sop.builders import ANNA, DAY, DORA, HOUR, INSTANT, LENA, MONDAY, QUINN
from tests.sop.privacy.requests import (
    ERASED,
    EXTENDED,
    HELD,
    LAWFUL,
    PAULA,
    PETER,
    REFUSED,
    REQUEST_ID,
    TOLD,
    VERIFIED,
    Asked,
    approved,
    asked,
    holding,
    privacy_policy,
    released,
)

CODE = re.compile(r"[a-z0-9_.-]+|20[0-9T:+.-]+")
pytestmark = pytest.mark.clause("HOF-5.1")


def doing(kind: RequestKind = RequestKind.ERASURE) -> Asked:
    """Return a request that two people have released."""
    request = asked(kind)
    request.do(VERIFIED, approved(), released())
    return request


def due(request: Asked) -> timedelta:
    assert request.request.state.due_at is not None
    return request.request.state.due_at - MONDAY


@pytest.mark.parametrize("kind", [RequestKind.ERASURE, RequestKind.EXPORT])
def test_nothing_is_done_for_a_requester_who_is_not_verified(kind: RequestKind) -> None:
    request = asked(kind)
    for step in (approved(), released()):
        with pytest.raises(BehindGateError) as refused:
            request.do(step)
        assert refused.value.clause == "HOF-5.1"
    assert request.work == ""
    assert str(request.stage) == "received"


@pytest.mark.clause("HOF-3.2")
def test_two_people_decide_and_one_of_them_is_a_privacy_officer() -> None:
    request = asked()
    request.do(VERIFIED, approved(QUINN))
    for again in (QUINN, Actor(principal="quinn", role=Role.PRIVACY_OFFICER)):
        with pytest.raises(NotAllowedError, match="another person"):
            request.do(released(again))
    with pytest.raises(NotAllowedError, match="privacy officer"):
        request.do(released(DORA))
    assert request.work == ""
    request.do(released(PAULA))
    assert request.work == "erase"


def test_a_manager_may_be_the_second_person() -> None:
    request = asked()
    request.do(VERIFIED, approved(PAULA), released(DORA))
    assert str(request.stage) == "executing"


@pytest.mark.parametrize("step", [VERIFIED, approved(), REFUSED, EXTENDED, TOLD, released()])
def test_a_representative_works_no_request(step: Command) -> None:
    request = asked()
    with pytest.raises(NotAllowedError):
        request.do(step.model_copy(update={"actor": ANNA}))
    with pytest.raises(NotAllowedError):
        request.do(step.model_copy(update={"actor": LENA}))


@pytest.mark.parametrize("role", [Role.RECEIVING_PARTY, Role.AUDITOR, Role.OPERATOR])
def test_who_is_not_of_the_desk_opens_none(role: Role) -> None:
    with pytest.raises(NotAllowedError):
        asked(by=Actor(principal="x", role=role))


def test_only_a_privacy_officer_places_a_hold() -> None:
    with pytest.raises(NotAllowedError):
        asked(RequestKind.HOLD, by=QUINN, reason=HoldReason.LITIGATION, review_at=MONDAY + DAY)


def test_an_erasure_goes_from_its_receipt_to_its_end() -> None:
    request = doing()
    assert str(request.stage) == "executing"
    with pytest.raises(BehindGateError):
        request.do(TOLD)
    request.done(ERASED)
    assert str(request.stage) == "executed"
    request.do(TOLD)
    assert request.request.outcome().closed_as is ClosedPrivacyAs.FULFILLED
    assert request.kinds() == [
        "privacy.opened", "requester.verified", "privacy.approved", "privacy.released",
        "erasure.done", "privacy.answered", "privacy.closed",
    ]  # fmt: skip
    assert request.entry("privacy.answered").detail["in_time"] is True
    assert request.request.row().certificates == ("c-1",)
    with pytest.raises(CaseClosedError):
        request.do(TOLD)


def test_the_journal_of_a_request_holds_codes_only() -> None:
    request = doing()
    request.done(ERASED.model_copy(update={"remaining": (HELD, LAWFUL)}))
    request.do(TOLD)
    values = [value for entry in request.told.entries for value in entry.detail.values()]
    words = [one for value in values for one in (value if isinstance(value, list) else [value])]
    assert [one for one in words if isinstance(one, str) and not CODE.fullmatch(one)] == []


def test_a_refused_request_ends_with_its_reason_and_no_clock_runs_on() -> None:
    request = asked()
    request.do(REFUSED)
    assert request.request.outcome().closed_as is ClosedPrivacyAs.REFUSED
    assert request.request.next_deadline() is None
    refusal = request.entry("privacy.refused").detail
    assert (refusal["reason"], refusal["told_by"]) == ("manifestly_unfounded", "email")


def test_what_was_released_is_neither_refused_nor_released_again() -> None:
    request = doing()
    for step in (REFUSED, released(), approved()):
        with pytest.raises(WrongStageError):
            request.do(step)


def test_the_officer_is_warned_paged_and_told_when_the_time_of_the_law_passes() -> None:
    request = asked()
    whole = due(request)
    for share in (0.5, 0.75):
        request.at(MONDAY + whole * share - INSTANT)
        before = len(request.warnings())
        request.at(MONDAY + whole * share)
        assert len(request.warnings()) == before + 1
    assert {w.recipient for w in request.warnings()} == {"role:privacy_officer"}
    request.at(MONDAY + whole * 0.9 - INSTANT)
    assert request.fired() == []
    request.at(MONDAY + whole * 0.9)
    (rung,) = request.fired()
    assert (rung.role, rung.cause) == ("privacy_officer", "time is running out")
    request.at(MONDAY + whole - INSTANT)
    assert "privacy.overdue" not in request.kinds()
    request.at(MONDAY + whole)
    assert request.entry("privacy.overdue").detail["lateness_ms"] == 0
    request.do(VERIFIED, approved(), released())
    request.done(ERASED)
    assert request.live() == ["privacy_deadline-1"]
    request.at(MONDAY + whole + HOUR)
    request.do(TOLD)
    assert request.live() == []
    assert request.entry("privacy.answered").detail["in_time"] is False


def test_a_worker_that_wakes_after_the_deadline_pages_once_and_says_how_late() -> None:
    request = asked()
    request.wakes(MONDAY + due(request) + HOUR)
    assert len(request.fired()) == 1
    assert request.entry("privacy.overdue").detail["lateness_ms"] == 3_600_000


def test_an_answer_that_comes_too_late_says_so_though_no_worker_ran() -> None:
    request = doing()
    request.done(ERASED)
    request.now = MONDAY + due(request) + HOUR
    request.do(TOLD)
    assert "privacy.overdue" in request.kinds()


@pytest.mark.parametrize(("law", "days"), [(Law.GDPR, 30 + 61), (Law.CCPA, 90)])
def test_the_clock_is_extended_once_and_all_its_warnings_come_again(law: Law, days: int) -> None:
    request = asked(law=law)
    request.at(MONDAY + due(request) * 0.95)
    assert len(request.fired()) == 1
    request.do(EXTENDED)
    assert abs(due(request) - timedelta(days=days)) <= DAY
    assert request.live() == []
    with pytest.raises(WrongStageError, match="once"):
        request.do(EXTENDED)
    warned = len(request.warnings())
    request.at(MONDAY + due(request))
    assert len(request.warnings()) >= warned + 2
    assert len(request.fired()) == 2
    assert "privacy.overdue" in request.kinds()


def test_a_clock_that_has_run_out_is_not_extended() -> None:
    request = asked()
    request.at(MONDAY + due(request) + INSTANT)
    with pytest.raises(WrongStageError):
        request.do(EXTENDED)


def test_an_export_is_kept_for_its_time_and_destroyed_after_it() -> None:
    request = doing(RequestKind.EXPORT)
    assert request.work == "export"
    request.done(WorkDone(work=Work.EXPORT, counts={"inquiries": 2}, withheld=("x: security",)))
    assert request.entry("export.made").detail["records"] == 2
    request.do(TOLD)
    assert request.request.state.closed_at is None
    request.at(MONDAY + timedelta(days=30) - INSTANT)
    assert request.work == ""
    request.at(MONDAY + timedelta(days=30))
    assert request.work == "delete_export"
    request.done(Work.DELETE_EXPORT)
    assert request.request.outcome().closed_as is ClosedPrivacyAs.FULFILLED


def test_what_a_hold_keeps_is_looked_at_every_day_and_goes_when_it_is_released() -> None:
    request = doing()
    request.done(ERASED.model_copy(update={"remaining": (HELD,)}))
    assert str(request.stage) == "partly_executed"
    request.do(TOLD)
    assert request.request.state.closed_at is None
    for day in (1, 2):
        request.at(MONDAY + day * DAY - INSTANT)
        assert request.work == ""
        request.at(MONDAY + day * DAY)
        assert request.work == "erase"
        request.done(WorkDone(work=Work.ERASE, remaining=(HELD,)))
    assert request.kinds().count("erasure.done") == 1  # no news, no entry
    request.at(MONDAY + 3 * DAY)
    request.done(WorkDone(work=Work.ERASE, counts={"handoff.keys": 1}, certificates=("c-4",)))
    assert request.request.outcome().closed_as is ClosedPrivacyAs.FULFILLED
    row = request.request.row()
    assert (row.certificates, row.counts, row.remaining) == (
        ("c-1", "c-4"), {"handoff.keys": 1, "inquiry.keys": 2}, (),
    )  # fmt: skip


def test_what_the_law_keeps_ends_the_request_and_is_named() -> None:
    request = doing()
    request.done(ERASED.model_copy(update={"remaining": (LAWFUL,)}))
    assert str(request.stage) == "executed"
    request.do(TOLD)
    assert request.request.outcome().closed_as is ClosedPrivacyAs.FULFILLED
    assert request.entry("erasure.done").detail["why"] == ["legal_claims"]


def test_a_hold_is_in_force_when_it_is_placed_and_two_people_release_it() -> None:
    hold = asked(
        RequestKind.HOLD, by=PAULA, reason=HoldReason.REGULATOR, review_at=MONDAY + 30 * DAY
    )
    assert (hold.request.state.work, hold.stage) == (
        Work.PLACE_HOLD, PrivacyStage.EXECUTING,
    )  # fmt: skip
    with pytest.raises(WrongStageError):
        hold.do(approved())
    hold.done(Work.PLACE_HOLD)
    assert str(hold.stage) == "placed"
    with pytest.raises(BehindGateError):
        hold.do(released())
    hold.do(approved(PAULA))
    with pytest.raises(NotAllowedError):
        hold.do(released(PAULA))
    assert hold.work == ""
    hold.do(released(QUINN))
    hold.done(Work.RELEASE_HOLD)
    assert hold.request.outcome().closed_as is ClosedPrivacyAs.RELEASED


def test_a_hold_that_is_not_reviewed_pages_until_somebody_reviews_it() -> None:
    hold = holding()
    hold.at(MONDAY + 30 * DAY - INSTANT)
    assert hold.fired() == []
    hold.at(MONDAY + 30 * DAY)
    assert (hold.fired()[0].cause, hold.live()) == (
        "a hold was not reviewed", ["privacy_deadline-1"],
    )  # fmt: skip
    hold.do(m.ReviewHold(actor=PAULA, review_at=MONDAY + 60 * DAY))
    assert hold.live() == []
    hold.at(MONDAY + 60 * DAY)
    assert [rung.key for rung in hold.fired()] == ["privacy_deadline-1", "privacy_deadline-2"]


@pytest.mark.parametrize("step", [VERIFIED, REFUSED, EXTENDED, TOLD])
def test_a_hold_has_no_requester(step: Command) -> None:
    with pytest.raises(WrongStageError):
        holding().do(step)


def test_only_a_hold_is_reviewed() -> None:
    with pytest.raises(WrongStageError):
        asked().do(m.ReviewHold(actor=PAULA, review_at=MONDAY + DAY))


@pytest.mark.parametrize(
    "said",
    [
        {"reason": None, "review_at": MONDAY + DAY},
        {"reason": HoldReason.LITIGATION, "review_at": None},
        {"reason": HoldReason.LITIGATION, "review_at": MONDAY},
        {"reason": HoldReason.LITIGATION, "review_at": MONDAY + 91 * DAY},
    ],
)
def test_a_hold_says_why_and_when_it_is_reviewed(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        asked(RequestKind.HOLD, by=PAULA, **said)
    with pytest.raises(InvalidValueError):
        asked(RequestKind.ERASURE, reason=HoldReason.LITIGATION)


def test_a_request_that_is_cancelled_ends_but_not_what_was_released_nor_a_hold() -> None:
    request = asked()
    request.request.cancel(MONDAY)
    assert request.request.outcome().closed_as is ClosedPrivacyAs.CANCELLED
    for goes_on in (doing(), holding()):
        goes_on.request.cancel(MONDAY)
        assert not goes_on.request.closed
        goes_on.at(MONDAY)
        assert "privacy.went_on" in goes_on.kinds()


def test_work_of_which_nobody_asked_is_not_heard() -> None:
    request = asked()
    request.done(ERASED)
    assert (request.stage, request.request.state.counts) == (PrivacyStage.RECEIVED, {})


def test_a_request_that_continues_as_new_knows_everything() -> None:
    request = doing()
    start = PrivacyStart(case_id=REQUEST_ID, policy=privacy_policy(), opened_by=ANNA)
    carried = request.request.to_continue(start)
    again = PrivacyRequest.begin(
        PrivacyStart.model_validate_json(carried.model_dump_json()), MONDAY
    )
    assert again.state == request.request.state
    assert "to do now" in again.details()
    with pytest.raises(WrongStageError):
        again.apply(released(PETER), MONDAY, cause="again")


def test_a_hold_on_cases_that_are_not_theirs_ends_at_once_and_says_so() -> None:
    hold = asked(
        RequestKind.HOLD, by=PAULA, reason=HoldReason.REGULATOR, review_at=MONDAY + 30 * DAY
    )
    hold.done(WorkDone(work=Work.PLACE_HOLD, refusal=RefusalReason.NOT_THEIR_DATA))
    assert (str(hold.stage), hold.request.state.placed_at) == ("closed", None)
    assert hold.request.outcome().closed_as is ClosedPrivacyAs.REFUSED
    assert hold.entry("hold.refused").detail["reason"] == "not_their_data"
    assert "no hold was placed" in hold.told.messages[-1].body


def test_a_hold_names_cases_of_its_customer_only() -> None:
    require_their_cases("c-7", ("inquiry-1", "inquiry-2"), {"inquiry-1", "inquiry-2"})
    with pytest.raises(NotTheirCaseError, match="no case inquiry-2: no hold"):
        require_their_cases("c-7", ("inquiry-1", "inquiry-2"), {"inquiry-1"})
