"""The clauses of both procedures: the ids that steps, journal entries and tests speak in."""

from enum import StrEnum
from types import MappingProxyType

from sop.models import Payload


class MetAs(StrEnum):
    """How a clause is met."""

    STEP = "step"
    """The software does it; the journal entry is the proof."""
    ATTEST = "attest"
    """A person does it, and the request that carries the work says so."""
    GATE = "gate"
    """Nothing behind it may happen before it."""
    CLOCK = "clock"
    """A durable timer or schedule."""
    POLICY = "policy"
    """A value of the policy file, or a rule of access."""


class Clause(Payload):
    """One clause, in our words; the numbering follows the procedure's own sections."""

    clause: str
    met_as: MetAs
    summary: str


_STEP, _ATTEST, _GATE, _CLOCK, _POLICY = MetAs

_INQUIRIES = (
    ("INQ-2", _POLICY, "Inquiries by phone, e-mail, chat and in person are all covered."),
    ("INQ-3.1", _POLICY, "Representatives take, write down and resolve inquiries."),
    ("INQ-3.2", _POLICY, "Supervisors watch over the desk and help with escalated cases."),
    ("INQ-4.1.1", _ATTEST, "The customer is greeted and told who speaks, for which company."),
    ("INQ-4.1.2", _ATTEST, "The customer is heard out."),
    ("INQ-4.1.3", _ATTEST, "The key points are repeated, and the customer confirms them."),
    ("INQ-4.2.1", _STEP, "The inquiry gets a category."),
    ("INQ-4.2.2", _STEP, "The inquiry gets a priority: urgent, standard or low."),
    ("INQ-4.2.3", _STEP, "The inquiry is logged with time, date and category."),
    ("INQ-4.3.1", _ATTEST, "The customer is asked for what the identity check needs."),
    ("INQ-4.3.2", _GATE, "Identity and details are checked before the account is spoken of."),
    ("INQ-4.4.1", _STEP, "The answer is accurate and complete, and kept as it was given."),
    ("INQ-4.4.2", _ATTEST, "Solved at once: it is said clearly, and the customer is content."),
    ("INQ-4.4.3", _CLOCK, "Solved later: the customer knows by when, and whom to ask."),
    ("INQ-4.4.4", _CLOCK, "What is complex or stays unresolved goes up the escalation matrix."),
    ("INQ-4.5.1", _STEP, "Every contact and every action is on record in the CRM."),
    ("INQ-4.5.2", _GATE, "The record says the resolution, who is responsible, and the feedback."),
    ("INQ-4.6.1", _CLOCK, "The customer is contacted after the resolution."),
    ("INQ-4.6.2", _GATE, "What that contact found is on record."),
    ("INQ-5.1", _POLICY, "The language is clear, short and professional."),
    ("INQ-5.2", _POLICY, "No jargon, unless the customer knows the terms."),
    ("INQ-5.3", _ATTEST, "The tone stays courteous, patient and understanding."),
    ("INQ-6.1", _CLOCK, "Urgent or unresolved: the team leader knows at once."),
    ("INQ-6.2", _CLOCK, "Technical or complex: a subject matter expert within 24 hours."),
    ("INQ-6.3", _CLOCK, "Complaints: the quality manager within 12 hours."),
    ("INQ-7.1", _POLICY, "Records are kept for 12 months at least."),
    ("INQ-7.2", _POLICY, "What is known of the customer stays confidential."),
    ("INQ-8.1", _CLOCK, "The procedure is reviewed every year, and when the work changes."),
    ("INQ-8.2", _GATE, "Staff are trained when hired and at each update."),
)

_HANDOFFS = (
    ("HOF-2", _POLICY, "It holds wherever customers are identified or transferred."),
    ("HOF-3.1", _POLICY, "Representatives check identities and carry the handoff out."),
    ("HOF-3.2", _POLICY, "Supervisors watch over both, and decide the exceptions."),
    ("HOF-3.3", _POLICY, "The receiving party confirms what came, and checks identity anew."),
    ("HOF-4.1.1", _ATTEST, "The customer is greeted and told why identity is checked."),
    ("HOF-4.1.2", _GATE, "Two forms of identification: a photo document and a second one."),
    ("HOF-4.1.3", _STEP, "What the customer gave is compared with the records."),
    ("HOF-4.1.4", _GATE, "Where they differ, a supervisor decides before anything goes on."),
    ("HOF-4.1.5", _ATTEST, "The customer is assured that the data stay confidential."),
    ("HOF-4.2.1", _GATE, "What is to be handed over is correct and complete."),
    ("HOF-4.2.2", _GATE, "The receiving party gets a summary of the case."),
    ("HOF-4.2.3", _GATE, "The customer knows of the handoff and of who receives it."),
    ("HOF-4.2.4", _GATE, "Nothing travels but over approved, secure channels."),
    ("HOF-4.2.5", _CLOCK, "The receiving party acknowledges the receipt."),
    ("HOF-4.2.6", _STEP, "Date, time, parties and content of the handoff are on record."),
    ("HOF-4.3.1", _STEP, "The customer is told the outcome, and whom to ask from now on."),
    ("HOF-4.3.2", _STEP, "Every step is on record, with what went wrong."),
    ("HOF-5.1", _POLICY, "Privacy law is kept: access, erasure and their deadlines."),
    ("HOF-5.2", _GATE, "Sensitive data never take an insecure way."),
    ("HOF-5.3", _POLICY, "Only those who are authorised see or handle customer data."),
    ("HOF-6.1", _GATE, "Everyone who takes part is trained once a year."),
    ("HOF-6.2", _CLOCK, "Closed cases are audited from time to time."),
    ("HOF-6.3", _CLOCK, "A breach is acted on at once."),
    ("HOF-7.1", _POLICY, "The verification log is kept for three years in the CRM."),
    ("HOF-7.2", _POLICY, "Handoff confirmations are kept under lock for three years."),
    ("HOF-7.3", _POLICY, "Incident reports are kept for five years in a system of their own."),
    ("HOF-8", _POLICY, "It can be told which version of the procedure a case followed."),
)

CLAUSES = MappingProxyType(
    {
        clause: Clause(clause=clause, met_as=met_as, summary=summary)
        for clause, met_as, summary in (*_INQUIRIES, *_HANDOFFS)
    }
)
"""Every clause of both procedures by its id, in their order."""
