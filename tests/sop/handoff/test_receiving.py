"""The receiving party: for whom a handoff exists, and that it prepares nothing for itself."""

import pytest

from sop.errors import InvalidValueError, NotAllowedError
from sop.handoff import messages as h
from sop.handoff.handoff import check_order
from sop.handoff.models import Answer
from sop.messages import Command
from sop.models import Actor, Role
from tests.sop.builders import ANNA, HOUR
from tests.sop.handoff.builders import (
    ACCEPTED,
    ARCHIVE,
    BRIEFED,
    CHANGED,
    CONCLUDED,
    CONFIRMED,
    IDENTIFIED,
    MAILED,
    NOTED,
    RITA,
    SENT,
    TOLD,
    WITHDRAWN,
    HandedOver,
    assigned,
    came_back,
    handed,
    handoff_order,
    offered,
    prepared,
)

RITA_OF_THE_DESK = Actor(principal="rita", role=Role.CSR)


def offered_to(case: HandedOver) -> str | None:
    return case.case.row().offered_to


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
def test_a_handoff_is_its_receiving_partys_while_it_is_offered_and_once_it_is_accepted() -> None:
    case = prepared()
    assert (offered_to(handed()), offered_to(case)) == (None, None)
    case.do(MAILED)
    assert offered_to(case) is None
    case.case.mail_sent("key-1", case.now)
    assert offered_to(case) == "rita"
    case.do(ACCEPTED)
    assert offered_to(case) == "rita"


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
def test_what_came_back_is_no_receiving_partys_also_while_a_supervisor_decides() -> None:
    case = came_back()
    assert offered_to(case) is None
    case.do(CHANGED)
    assert offered_to(case) is None
    case.do(IDENTIFIED.model_copy(update={"noticed": True}))
    assert (case.case.stage, offered_to(case)) == ("stopped", None)
    refused = offered()
    refused.do(h.AnswerOffer(actor=RITA, answer=Answer.REFUSE, reason="No."))
    assert offered_to(refused) is None


@pytest.mark.clause("HOF-3.3")
@pytest.mark.parametrize(
    "step", [IDENTIFIED, CONFIRMED, BRIEFED, TOLD, SENT, CHANGED, WITHDRAWN, assigned("ben")]
)
@pytest.mark.parametrize("actor", [RITA, RITA_OF_THE_DESK], ids=lambda actor: str(actor.role))
def test_the_receiving_party_prepares_nothing_whatever_its_role(
    step: Command, actor: Actor
) -> None:
    for case in (handed(), prepared()):
        before = case.state
        with pytest.raises(NotAllowedError) as refused:
            case.do(step.model_copy(update={"actor": actor}))
        only_by_role = actor == RITA and step != IDENTIFIED
        assert refused.value.clause == ("INQ-3.1" if only_by_role else "HOF-3.3")
        assert case.state == before


@pytest.mark.clause("HOF-3.3", "HOF-4.2.5")
def test_a_colleague_who_receives_answers_identifies_again_and_notes() -> None:
    case = offered()
    for step in (IDENTIFIED, NOTED, ACCEPTED):
        case.do(step.model_copy(update={"actor": RITA_OF_THE_DESK}))
    assert case.state.custody == "rita"


@pytest.mark.clause("HOF-3.3")
def test_a_receiving_party_that_has_returned_the_handoff_does_not_decide_what_follows() -> None:
    case = came_back()
    case.pass_time(HOUR)
    for step in (CONCLUDED, SENT, IDENTIFIED):
        with pytest.raises(NotAllowedError):
            case.do(step.model_copy(update={"actor": RITA_OF_THE_DESK}))


@pytest.mark.clause("HOF-3.3")
def test_whoever_opened_a_handoff_does_not_receive_it_though_another_hands_it_over() -> None:
    case = prepared()
    case.do(assigned("ben"))
    own = ARCHIVE.model_copy(update={"party": ANNA.principal})
    with pytest.raises(InvalidValueError) as refused:
        case.do(CHANGED.model_copy(update={"receiving": own}))
    assert refused.value.clause == "HOF-3.3"
    order = handoff_order(receiving=own, assignee="ben")
    with pytest.raises(InvalidValueError, match="anna is the sender"):
        check_order(order)
