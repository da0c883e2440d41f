"""What customers are told (INQ-5.1, INQ-5.2), and that nobody else is told who they are."""

import pytest

from sop.models import Customer, Priority
from sop.policy_rules import Message
from tests.sop.builders import (
    CARLA,
    DAY,
    HOUR,
    MONDAY,
    NOT_REACHED,
    REPORTED_AGAIN,
    RESOLVED,
    VERIFIED,
    opened,
    policy_with,
    promised,
    resolved,
    shipped_policy,
)

EXPERT = CARLA.model_copy(update={"technical_terms": True})


@pytest.mark.clause("INQ-5.2")
@pytest.mark.parametrize(
    ("customer", "word"), [(CARLA, "your request"), (EXPERT, "is in the queue. ETA:")]
)
def test_jargon_is_for_customers_who_know_the_terms(customer: Customer, word: str) -> None:
    case = opened(customer=customer)
    case.do(promised(MONDAY + HOUR))
    (message,) = case.messages("promise")
    assert word in message.body
    assert ("ETA" in message.body) == (customer == EXPERT)


@pytest.mark.clause("INQ-5.1", "INQ-5.2")
def test_a_message_without_a_technical_text_is_plain_for_everybody() -> None:
    texts = [resolved(customer=customer).messages("resolution") for customer in (CARLA, EXPERT)]
    (plain,), (technical,) = texts
    assert plain.body == technical.body
    assert plain.body.startswith("Your request inquiry-4f1c2a77 has been answered.")


@pytest.mark.clause("INQ-5.1")
def test_the_customer_is_written_to_at_each_promise_resolution_and_contact() -> None:
    case = opened()
    case.do(VERIFIED, promised(MONDAY + HOUR), promised(MONDAY + 2 * HOUR), RESOLVED)
    case.pass_time(DAY)
    case.do(NOT_REACHED)
    case.pass_time(DAY)
    case.do(REPORTED_AGAIN, RESOLVED)
    told = [(sent.topic, sent.message_id) for sent in case.case.state.pending.messages]
    assert [topic for topic, _ in told if topic != "warning"] == [
        "promise",
        "promise",
        "resolution",
        "follow_up",
        "follow_up",
        "resolution",
    ]
    assert len({message_id for _, message_id in told}) == len(told)


def test_a_policy_without_a_message_sends_none() -> None:
    case = resolved(policy=policy_with(messages={"promise": Message(plain="By {answer_by}.")}))
    assert case.messages("resolution") == []


def test_a_warning_goes_to_staff_and_names_no_customer() -> None:
    case = opened(category="complaint", priority=Priority.URGENT)
    case.pass_time(12 * HOUR)
    for message in case.messages("warning"):
        assert not message.recipient.startswith("customer:")
        assert "Carla" not in message.body
        assert "c-1" not in message.body


def test_the_company_and_how_to_reach_it_stand_in_every_message() -> None:
    case = resolved()
    case.pass_time(DAY)
    desk = shipped_policy().desk
    sent = case.messages("resolution") + case.messages("follow_up")
    assert len(sent) == 2
    assert all(desk.contact in message.body for message in sent)
