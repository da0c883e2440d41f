"""What is allowed in a policy, but should be known to whoever approves it."""

from collections.abc import Iterator

from sop.handoff.models import TransferChannel
from sop.identity import Form
from sop.models import Channel
from sop.policy import HandoffPolicy, Policy
from sop.policy_matrix import DEMANDS
from sop.policy_rungs import ReadRung


def warnings_about(policy: Policy) -> tuple[str, ...]:
    """Return the warnings, each in a line; none for a policy that needs none."""
    warnings = [*_slack(policy), *_gaps(policy), *_secrets(policy)]
    if policy.handoff:
        warnings += _gaps_beside_handoffs(policy, policy.handoff)
    return tuple(dict.fromkeys(warnings))


def _slack(policy: Policy) -> Iterator[str]:
    for demand in DEMANDS:
        rungs = enumerate(demand.matrix.rungs(policy))
        rows = (ReadRung(demand.matrix, number, rung) for number, rung in rungs)
        meeting = [r.rung for r in rows if demand.may_cover(r) and not demand.faults(r)]
        if any(rung.calendar == "always" and not rung.pause_while_waiting for rung in meeting):
            continue
        for rung in meeting:
            if rung.calendar != "always":
                yield (
                    f"rung {rung.rung} counts working time on the calendar {rung.calendar}: "
                    f"{demand}, in elapsed hours"
                )
            if rung.pause_while_waiting and rung.after:
                yield (
                    f"rung {rung.rung} stands still while the customer owes an answer: "
                    f"{demand}, in elapsed hours"
                )


def _gaps(policy: Policy) -> Iterator[str]:
    missing = [channel for channel in Channel if channel not in policy.case.channels]
    if missing:
        yield f"no inquiries are taken by {', '.join(missing)}: INQ-2 names all four channels"
    if policy.courses and not _is_taught(policy, "INQ"):
        yield "no course covers INQ, so no step of an inquiry asks for training: INQ-8.2"


def _secrets(policy: Policy) -> Iterator[str]:
    rule = policy.case.identification
    if rule and rule.security_question and Form.SECURITY_QUESTION in rule.secondary:
        yield (
            "the security question is accepted: HOF-4.1.2 names it, "
            "OWASP ASVS 5.0 (6.4.2) and NIST SP 800-63B advise against it"
        )


def _gaps_beside_handoffs(policy: Policy, pinned: HandoffPolicy) -> Iterator[str]:
    approved = pinned.handoff.channels
    missing = [channel for channel in TransferChannel if channel not in approved]
    if missing:
        yield f"nothing is handed over by {', '.join(missing)}: HOF-4.2.4 approves all three"
    if not _is_taught(policy, "HOF"):
        yield "no course covers HOF, so no step of a handoff asks for training: HOF-6.1"
    if policy.audit is None:
        yield "there is no [audit], so no closed case is audited: HOF-6.2"
    if policy.incident is None:
        yield "there is no [incident], so a breach reaches nobody by itself: HOF-6.3"


def _is_taught(policy: Policy, procedure: str) -> bool:
    return any(procedure in course.procedures for course in policy.courses)
