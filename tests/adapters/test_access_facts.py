"""What the CRM's rows say of who may do what, on both databases (HOF-5.3)."""

import pytest

from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.handoff_reads import HandoffReads
from adapters.key_owners import KeyOwners
from adapters.restrictions import Restrictions
from sop.handoff.records import HandoffFilter, facts_of
from sop.models import Role
from sop.object_rules import ObjectFacts, ObjectKind, Presence
from sop.records import CaseFilter
from tests.adapters.test_duties import duty, handoff
from tests.batches import after, case, opened, task

pytestmark = pytest.mark.clause("HOF-5.3")


@pytest.fixture
def crm(database: Database) -> SqlCrm:
    return SqlCrm(database)


@pytest.fixture
def reads(database: Database) -> CrmReads:
    return CrmReads(database)


def test_the_facts_of_a_case_of_each_kind_are_those_of_its_row(
    crm: SqlCrm, reads: CrmReads
) -> None:
    people = {"opened_by": "web-form", "assignee": "anna", "holder": "lena"}
    pinned = {"policy_version": "2026.1"}
    crm.flush(opened("inquiry-1", row=case(1, "inquiry-1", **people, **pinned)))
    parties = {"assignee": "anna", "offered_to": "rita", "carrier": "ups"}
    crm.flush(handoff("handoff-1", **parties))
    crm.flush(duty("duty-1", assignee="quinn", about="anna"))
    assert reads.facts("inquiry-1") == ObjectFacts.model_validate(
        {"kind": ObjectKind.INQUIRY, "customer_id": "c-7", **people, **pinned}
    )
    assert reads.facts("handoff-1") == ObjectFacts.model_validate(
        {
            "kind": "handoff",
            "customer_id": "c-7",
            "opened_by": "anna",
            "receiving_party": "rita",
            **parties,
        }
    )
    assert reads.facts("duty-1") == ObjectFacts(
        kind=ObjectKind.DUTY,
        assignee="quinn",
        about="anna",
        for_roles=(Role.QUALITY_MANAGER,),
        policy_version="1",
    )


@pytest.mark.parametrize("name", ["inquiry-0", "handoff-0", "incident-0", "duty-0", "x", "\x00"])
def test_of_what_there_is_not_nothing_is_known(reads: CrmReads, name: str) -> None:
    assert reads.facts(name) is None
    assert reads.presence(name) is Presence.UNKNOWN


@pytest.mark.clause("HOF-5.1")
def test_what_an_erasure_left_is_known_as_such_also_when_its_row_has_gone(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    for name in ("inquiry-1", "inquiry-2"):
        crm.flush(opened(name, row=case(1, name, opened_by="web-form")))
    crm.flush(duty("duty-1", about="inquiry-1"))
    crm.flush(duty("duty-2", about="inquiry-2"))
    left = ("inquiry-1", "handoff-gone", "incident-gone", "duty-gone")
    Restrictions(database).restrict("privacy-1", left, after(1))
    Restrictions(database).restrict("privacy-2", left, after(2))
    found = reads.facts("inquiry-1")
    assert found is not None
    assert (found.opened_by, found.restricted) == ("web-form", True)
    for name in left[1:]:
        kind = ObjectKind(name.partition("-")[0])
        assert reads.facts(name) == ObjectFacts(kind=kind, restricted=True)
    for name in (*left, "duty-1"):
        assert reads.presence(name) is Presence.RESTRICTED, name
    for name in ("inquiry-2", "duty-2"):
        assert reads.presence(name) is Presence.RECORDED, name
    known = KeyOwners(database).facts([*left, "inquiry-2", "duty-1", "duty-2"])
    assert {name: facts.restricted for name, facts in known.items()} == {
        "inquiry-1": True, "inquiry-2": False, "duty-1": True, "duty-2": False,
    }  # fmt: skip


def test_a_list_for_one_opener_shows_no_others(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    for name, by in (("inquiry-1", "web-form"), ("inquiry-2", "shop")):
        call = task(f"{name}/follow-up/1", name)
        crm.flush(opened(name, row=case(1, name, opened_by=by), tasks=(call,)))
    crm.flush(handoff("handoff-1", carrier="ups"))
    crm.flush(handoff("handoff-2", carrier="dhl"))

    def cases_of(who: str) -> list[str]:
        return [c.case_id for c in reads.cases(CaseFilter(opened_by=who)).cases]

    def handoffs_of(who: str) -> list[str]:
        found = HandoffReads(database).handoffs(HandoffFilter(own_of=who)).handoffs
        return [each.handoff_id for each in found]

    assert (cases_of("shop"), cases_of("nobody")) == (["inquiry-2"], [])
    assert [t.case_id for t in reads.tasks(own_of="web-form")] == ["inquiry-1"]
    assert reads.tasks(own_of="nobody") == ()
    assert (handoffs_of("dhl"), handoffs_of("nobody")) == (["handoff-2"], [])
    assert handoffs_of("anna") == ["handoff-1", "handoff-2"]


def test_the_facts_of_a_handoff_that_is_listed_are_the_same(
    crm: SqlCrm, reads: CrmReads, database: Database
) -> None:
    crm.flush(handoff("handoff-1", offered_to="rita", carrier="ups", inquiry_id="inquiry-1"))
    (shown,) = HandoffReads(database).of_inquiry("inquiry-1")
    assert facts_of(shown) == reads.facts("handoff-1")
