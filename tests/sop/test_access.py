"""Who may do what (INQ-3, HOF-3): every role and every action against one written table."""

import pytest

from sop.access import PERMITTED, may_see_handoff, only_handoffs_of, require
from sop.errors import NotAllowedError
from sop.handoff.handoff import STEPS as HANDOFF_STEPS
from sop.incident.incident import STEPS as INCIDENT_STEPS
from sop.models import Actor, Role
from sop.privacy.request import STEPS as PRIVACY_STEPS
from sop.steps import STEPS

ROLES = (
    Role.CSR,
    Role.TEAM_LEADER,
    Role.SUBJECT_MATTER_EXPERT,
    Role.QUALITY_MANAGER,
    Role.DUTY_MANAGER,
    Role.RECEIVING_PARTY,
    Role.SERVICE,
    Role.OPERATOR,
    Role.AUDITOR,
    Role.SYSTEM,
    Role.PRIVACY_OFFICER,
)
# One column for each role of ROLES: x may, a point may not.
TABLE = {
    "open": "xxxxx . x....",
    "read": "xxxxx . xxx..",
    "record_reception": "xxxxx . .....",
    "categorise": "xxxxx . x....",
    "record_verification": "xxxxx . x....",
    "respond": "xxxxx . .....",
    "promise": "xxxxx . .....",
    "customer_replied": "xxxxx . x....",
    "wait_for_customer": "xxxxx . .....",
    "resume": "xxxxx . .....",
    "escalate": "xxxxx . .....",
    "assign": "xxxxx . .x...",
    "add_note": "xxxxx . xx...",
    "resolve": "xxxxx . .....",
    "record_follow_up": "xxxxx . x....",
    "withdraw": "xxxxx . x....",
    "mark_duplicate": "xxxxx . .....",
    "adopt_policy": ".x..x . .x...",
    "acknowledge": ".xxxx . ....x",
    "read_duties": "xxxxx . .xx..",
    "complete_duty": "xxxxx . .....",
    "assign_duty": ".x.xx . .x...",
    "record_training": ".x.xx . .x...",
    "read_training": ".x.xx . .xx..",
    "read_own_training": "xxxxx x .xx..",
    "identify": "xxxxx x .....",
    "keep_identity_record": "..... . xx...",
    "decide_discrepancy": ".x.xx . .....",
    "open_handoff": "xxxxx . x....",
    "read_handoff": "xxxxx x xxx..",
    "read_verifications": ".x.xx . ..x..",
    "read_form_results": "..... . ..x..",
    "confirm_items": "xxxxx . .....",
    "complete_brief": "xxxxx . .....",
    "tell_customer": "xxxxx . .....",
    "change_receiver": "xxxxx . .....",
    "transfer": "xxxxx . .....",
    "report_courier": "xxxxx . x....",
    "answer_offer": "xxxxx x .....",
    "conclude": "xxxxx . .....",
    "manage_recipients": ".x..x . .x...",
    "open_incident": "xxxxx . .....",
    "add_action": "xxxxx . .....",
    "complete_action": "xxxxx . .....",
    "inform_regulator": "...xx . .....",
    "decide_not_notifiable": "...xx . .....",
    "close_incident": "...xx . .....",
    "read_incident_reports": ".x.xx . ..x..",
    "open_privacy_request": "xxxxx . x...x",
    "verify_requester": "..... . ....x",
    "approve_privacy_request": "...xx . ....x",
    "release_privacy_request": "...xx . ....x",
    "reject_privacy_request": "..... . ....x",
    "extend_privacy_request": "..... . ....x",
    "complete_privacy_request": "..... . ....x",
    "place_hold": "..... . ....x",
    "review_hold": "..... . ....x",
    "release_hold": "...xx . ....x",
    "read_privacy_requests": "...xx . ..x.x",
    "read_privacy_export": "..... . ....x",
    "read_restricted": "..... . ..x.x",
}
CELLS = [
    (action, role, cell == "x")
    for action, row in TABLE.items()
    for role, cell in zip(ROLES, row.replace(" ", ""), strict=True)
]


@pytest.mark.clause("INQ-3.1", "INQ-3.2", "HOF-3.1", "HOF-3.2", "HOF-3.3")
@pytest.mark.parametrize(("action", "role", "permitted"), CELLS)
def test_who_may_do_what(action: str, role: Role, permitted: bool) -> None:
    actor = Actor(principal="somebody", role=role)
    if permitted:
        require(actor, action)
        return
    words = action.replace("_", " ")
    with pytest.raises(NotAllowedError, match=f"The role {role} may not {words}; permitted: "):
        require(actor, action)


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
def test_nobody_who_may_check_identities_may_learn_which_part_failed() -> None:
    assert PERMITTED["read_form_results"]
    assert not PERMITTED["read_form_results"] & PERMITTED["identify"]


def test_the_table_has_every_role_and_every_action_and_every_step_is_an_action() -> None:
    assert set(ROLES) == set(Role)
    assert TABLE.keys() == PERMITTED.keys()
    for steps in (STEPS, HANDOFF_STEPS, INCIDENT_STEPS, PRIVACY_STEPS):
        assert {step.step for step in steps} <= TABLE.keys()


@pytest.mark.parametrize("role", ROLES)
def test_what_the_table_does_not_name_nobody_may_do(role: Role) -> None:
    with pytest.raises(NotAllowedError, match="permitted: nobody"):
        require(Actor(principal="somebody", role=role), "delete_everything")


@pytest.mark.clause("INQ-3.2")
def test_a_refusal_names_the_clause_and_who_may() -> None:
    with pytest.raises(NotAllowedError) as refused:
        require(Actor(principal="anna", role=Role.CSR), "adopt_policy")
    assert refused.value.clause == "INQ-3.2"
    assert refused.value.message.endswith("permitted: duty_manager, operator, team_leader.")


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
@pytest.mark.parametrize("role", ROLES)
def test_a_receiving_party_has_what_it_was_offered_and_everybody_else_has_all(role: Role) -> None:
    actor, bound = Actor(principal="archive", role=role), role is Role.RECEIVING_PARTY
    assert may_see_handoff(actor, "archive")
    assert may_see_handoff(actor, "legal-desk") is not bound
    assert may_see_handoff(actor, None) is not bound
    assert only_handoffs_of(actor) == ("archive" if bound else None)
