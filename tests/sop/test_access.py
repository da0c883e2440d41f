"""Who may do what with what (INQ-3, HOF-3, HOF-5.3): the table against three written ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sop.access import PERMITTED, READS, is_bound, may, may_on, needs_facts, require, require_on
from sop.duty.duty import STEPS as DUTY_STEPS
from sop.errors import HiddenCaseError, NotAllowedError
from sop.fields import FIELDS, hidden
from sop.handoff.handoff import STEPS as HANDOFF_STEPS
from sop.incident.incident import STEPS as INCIDENT_STEPS
from sop.messages import Acknowledge
from sop.models import Actor, Role
from sop.object_rules import ObjectFacts, ObjectKind, ObjectRule, object_kind, reaches
from sop.privacy.request import STEPS as PRIVACY_STEPS
from sop.steps import STEPS

HERE = Path(__file__).parent


def rows(name: str) -> Iterator[list[str]]:
    """Yield the words of each line of a written table, the heading first."""
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split()


def table(name: str) -> dict[str, dict[str, str]]:
    """Return a written table: row to column to cell."""
    (_, *columns), *lines = rows(name)
    return {row: dict(zip(columns, cells, strict=True)) for row, *cells in lines}


MATRIX = table("access_matrix.txt")
OBJECTS = table("access_objects.txt")
ROLES = [Role(name) for name in MATRIX["read"]]

INQUIRY, HANDOFF, INCIDENT, DUTY, _ = ObjectKind
ANOTHERS = {"opened_by": "olga", "assignee": "otto", "holder": "otto"}


def facts(name: str, role: Role) -> ObjectFacts:
    """Return the facts of an object of the written table, for somebody of this role."""
    another = next(each for each in ROLES if each is not role)
    said: dict[str, dict[str, object]] = {
        "inquiry_assigned_to_me": {"kind": INQUIRY, "assignee": "me", "holder": "me"},
        "inquiry_opened_by_me": {"kind": INQUIRY, "opened_by": "me"},
        "inquiry_that_i_took": {"kind": INQUIRY, "holder": "me"},
        "inquiry_of_nobody_yet": {"kind": INQUIRY, "assignee": None, "holder": None},
        "inquiry_of_another": {"kind": INQUIRY},
        "handoff_assigned_to_me": {"kind": HANDOFF, "assignee": "me", "holder": "me"},
        "handoff_opened_by_me": {"kind": HANDOFF, "opened_by": "me"},
        "handoff_offered_to_me": {
            "kind": HANDOFF, "receiving_party": "me", "offered_to": "me",
        },
        "handoff_meant_for_me": {"kind": HANDOFF, "receiving_party": "me"},
        "handoff_that_i_carry": {"kind": HANDOFF, "carrier": "me"},
        "handoff_of_another": {
            "kind": HANDOFF, "receiving_party": "archive", "offered_to": "archive",
            "carrier": "ups",
        },
        "incident_opened_by_me": {"kind": INCIDENT, "opened_by": "me"},
        "incident_of_another": {"kind": INCIDENT},
        "duty_assigned_to_me": {"kind": DUTY, "assignee": "me", "holder": "me"},
        "duty_about_me": {"kind": DUTY, "about": "me"},
        "duty_of_my_role": {"kind": DUTY, "for_roles": (role,)},
        "duty_of_another": {"kind": DUTY, "about": "otto", "for_roles": (another,)},
        "escalation_of_my_chain": {"kind": INQUIRY, "chain": (another, role)},
        "escalation_of_another_chain": {"kind": INQUIRY, "chain": (another,)},
        "record_about_me": {"assignee": None, "about": "me"},
        "record_about_another": {"assignee": None, "about": "otto"},
    }  # fmt: skip
    return ObjectFacts.model_validate({**ANOTHERS, **said[name]})


def written(action: str, role: Role, name: str) -> str:
    """Return what the written tables say of an action with an object."""
    rule = MATRIX[action][role]
    kind = facts(name, role).kind
    seen_by = {INQUIRY: "read", HANDOFF: "read_handoff", INCIDENT: "read_incident"}
    if rule == ".":
        return "not allowed"
    if kind is not None:
        sight = MATRIX[seen_by.get(kind, "read_duties")][role]
        if sight == "." or OBJECTS[name][sight] == ".":
            return "hidden"
    return "allowed" if OBJECTS[name][rule] == "x" else "not allowed"


def found(action: str, role: Role, name: str) -> str:
    """Return what the code says of it."""
    try:
        require_on(Actor(principal="me", role=role), action, facts(name, role))
    except HiddenCaseError:
        return "hidden"
    except NotAllowedError:
        return "not allowed"
    return "allowed"


@pytest.mark.clause("INQ-3.1", "INQ-3.2", "INQ-7.2", "HOF-3.1", "HOF-3.2", "HOF-3.3", "HOF-5.3")
@pytest.mark.parametrize("action", MATRIX)
def test_every_cell_is_as_it_is_written_for_every_object(action: str) -> None:
    cells = [(action, role, name) for role in ROLES for name in OBJECTS]
    differ = {cell: found(*cell) for cell in cells if found(*cell) != written(*cell)}
    assert differ == {}
    rules = {role: str(rule) for role, rule in PERMITTED[action].items()}
    assert rules == {role: rule for role, rule in MATRIX[action].items() if rule != "."}


@pytest.mark.clause("HOF-5.3")
@pytest.mark.parametrize("name", OBJECTS)
def test_every_rule_reaches_the_objects_that_are_written(name: str) -> None:
    for role in ROLES:
        me = Actor(principal="me", role=role)
        reached = {rule: reaches(rule, me, facts(name, role)) for rule in ObjectRule}
        assert reached == {ObjectRule(r): cell == "x" for r, cell in OBJECTS[name].items()}


def test_the_written_tables_have_every_action_role_rule_and_step() -> None:
    assert set(ROLES) == set(Role) - {Role.SYSTEM}
    assert MATRIX.keys() == PERMITTED.keys()
    assert set(OBJECTS["inquiry_of_another"]) == set(ObjectRule)
    for steps in (STEPS, HANDOFF_STEPS, INCIDENT_STEPS, DUTY_STEPS, PRIVACY_STEPS, [Acknowledge]):
        assert {step.step for step in steps} <= MATRIX.keys()
    assert set(READS) == set(ObjectKind)


@pytest.mark.parametrize("action", MATRIX)
def test_the_system_may_do_nothing_by_the_table(action: str) -> None:
    clock = Actor(principal="handrail", role=Role.SYSTEM)
    assert not may(clock, action)
    with pytest.raises(NotAllowedError):
        require(clock, action)


@pytest.mark.parametrize("role", ROLES)
def test_what_the_table_does_not_name_nobody_may_do(role: Role) -> None:
    actor = Actor(principal="somebody", role=role)
    assert not may_on(actor, "delete_everything", ObjectFacts())
    with pytest.raises(NotAllowedError, match="permitted: nobody"):
        require(actor, "delete_everything")


@pytest.mark.clause("INQ-3.2")
def test_a_refusal_names_the_clause_and_who_may() -> None:
    with pytest.raises(NotAllowedError, match="The role csr may not adopt policy") as refused:
        require(Actor(principal="anna", role=Role.CSR), "adopt_policy")
    assert refused.value.clause == "INQ-3.2"
    assert refused.value.message.endswith("permitted: duty_manager, operator, team_leader.")


@pytest.mark.clause("HOF-5.3")
def test_a_refusal_for_the_objects_sake_says_what_to_do() -> None:
    ben = Actor(principal="ben", role=Role.CSR)
    theirs = facts("inquiry_of_another", Role.CSR)
    with pytest.raises(NotAllowedError, match="have it assigned to you") as refused:
        require_on(ben, "resolve", theirs)
    assert refused.value.clause == "HOF-5.3"
    require_on(ben, "assign", theirs)
    require_on(ben, "resolve", theirs.model_copy(update={"assignee": "ben"}))


@pytest.mark.parametrize("kind", ObjectKind)
def test_facts_are_read_for_whom_not_every_object_is_open_and_for_nobody_else(
    kind: ObjectKind,
) -> None:
    everything = {"any", "desk"}
    for action in MATRIX:
        for role in ROLES:
            actor, rule = Actor(principal="me", role=role), MATRIX[action][role]
            assert is_bound(actor, action) == (rule not in everything)
            plain = {rule, MATRIX[READS[kind]][role]} <= everything
            assert needs_facts(actor, action, kind) == (not plain)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("inquiry-5f0c2a9b", INQUIRY), ("handoff-1", HANDOFF), ("incident-1", INCIDENT),
        ("duty-review-1.0.0-1", DUTY), ("escalation-inquiry-1-urgent-1", None), ("inquiry-", None),
        ("inquiry", None), ("", None), ("-1", None),
    ],
)  # fmt: skip
def test_an_id_says_of_what_kind_its_object_is(name: str, kind: ObjectKind | None) -> None:
    assert object_kind(name) is kind


@pytest.mark.clause("INQ-7.2", "HOF-5.3")
def test_every_field_is_seen_by_the_roles_that_are_written() -> None:
    words = set(ROLES) - {Role.OPERATOR, Role.SERVICE}
    seen: dict[str, dict[str, set[Role]]] = {}
    for resource, field, by in rows("access_fields.txt"):
        seen.setdefault(resource, {})[field] = words if by == "words" else {Role(by)}
    assert {r: {f: set(roles) for f, roles in fields.items()} for r, fields in FIELDS.items()} == (
        seen
    )
    for role in ROLES:
        actor = Actor(principal="me", role=role)
        for resource, fields in seen.items():
            assert hidden(actor, resource) == {
                f for f, roles in fields.items() if role not in roles
            }
        assert hidden(actor, "no resource of the table") == frozenset()


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
def test_nobody_who_may_check_identities_may_learn_which_part_failed() -> None:
    learns = FIELDS["form_result"]["matched"]
    assert learns
    assert not learns & PERMITTED["identify"].keys()
