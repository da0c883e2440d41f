"""A policy as the API shows it, also one that has no handoffs."""

from api import presenting
from tests.sop.policy_files import COMPANY, OF_0_1_0, read


def test_what_a_policy_does_not_have_is_null() -> None:
    shown = presenting.policy(read(OF_0_1_0))

    assert (shown.identification, shown.handoff, shown.incident) == (None, None, None)
    assert (shown.duty, shown.audit, shown.review.within) == (None, None, None)
    assert shown.training.courses == ()
    assert len(shown.escalation) == 6


def test_the_rules_of_a_procedure_stand_beside_its_matrix() -> None:
    policy = read(COMPANY)
    shown = presenting.policy(policy)

    assert policy.handoff is not None
    assert shown.handoff is not None
    assert shown.handoff.escalation == policy.handoff.escalation
    assert shown.handoff.carriers == policy.handoff.handoff.carriers
    assert [rung.rung for rung in shown.escalation][-1] == "discrepancy"
