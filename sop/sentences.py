"""What each kind of journal entry says in plain language; `sop.telling` fills the sentences in.

Each goes on from who did it. A kind that the code records and that has no sentence here fails a
test; to a reader it is told by its name.
"""

from collections.abc import Mapping
from types import MappingProxyType

_INQUIRY = {
    "inquiry.opened": "opened the inquiry[ ({channel:words})][; {assignee} works on it]",
    "inquiry.categorised": "categorised the inquiry as {category:words}, priority {priority}"
    "[?complex|, complex]"
    "[?exempt_from_verification|; as general information it needs no identity check]",
    "inquiry.recategorised": "corrected the category to {category:words}, priority {priority}"
    "[?complex|, complex]"
    "[?exempt_from_verification|; as general information it needs no identity check]"
    "[: {reason:quote}]",
    "reception.attested": "attested the reception[: greeted with {greeting:quote}]"
    "[, key points {key_points:quote}][!listened|; the customer was not heard out]"
    "[!key_points_confirmed|; the customer did not confirm the key points]"
    "[!courteous|; the tone was not courteous]",
    "verification.recorded": "recorded the identity check ({forms_asked:list}): {outcome:words}",
    "response.sent": "answered the customer[ {promise_kept:kept}]: {text:quote}",
    "promise.made": "promised an answer by {answer_by:local}[ from {contact}]"
    "[, instead of the promise for {replaces:local}]",
    "promise.warned": "warned the holder that the promised answer is due {answer_by:local}",
    "promise.broken": "found no answer at the promised time, {answer_by:local}"
    "[, and noticed it {behind_ms:late} late]: the case is unresolved",
    "customer.replied": "wrote down what the customer said"
    "[?problem_persists|, and that the problem is still there]: {text:quote}",
    "wait.started": "asked the customer, and waits for the answer: {question:quote}",
    "wait.ended": "ended the wait for the customer: {why:words}",
    "inquiry.assigned": "gave the case to {to_assignee}[; {from_assignee} had it before]"
    "[: {reason:quote}]",
    "note.added": "noted: {text:quote}",
    "inquiry.resolved": "resolved the inquiry[ {promise_kept:kept}]: {resolution:quote}"
    "[; responsible is {responsible}][?customer_confirmed|; the customer was content at once]"
    "[; overdue by then: {overdue:list}]",
    "inquiry.reopened": "opened the resolved case again: {why:words}",
    "follow_up.due": "opened the contact after the resolution, attempt {attempt}",
    "follow_up.moved": "moved the contact after the resolution, attempt {attempt}, from "
    "{from_due:local} to {to_due:local}: {cause}",
    "follow_up.recorded": "contacted the customer after the resolution, attempt {attempt}: "
    "{outcome:words}[, {feedback:quote}][, satisfaction {satisfaction} of 5]",
    "inquiry.withdrawn": "withdrew the inquiry: {reason:quote}",
    "inquiry.marked_duplicate": "marked the inquiry as a duplicate of {duplicate_of}: "
    "{reason:quote}",
    "inquiry.cancelled": "found the case cancelled in Temporal",
    "inquiry.closed": "closed the inquiry as {closed_as:words}",
    "handoff.reported": "heard that the handoff {handoff_id} is {stage:words}"
    "[ as {closed_as:words}][; {custody} has custody]",
}

_CLOCKS = {
    "ladder.armed": "set the deadlines for escalating[: {rungs:deadlines}]",
    "rung.moved": "moved the deadline of {rung:rung}[ from {from_due:local}][ to {to_due:local}]"
    "[!to_due|: it no longer runs] ({cause})",
    "rung.warned": "warned the holder that {rung:rung} will soon be escalated",
    "rung.fired": "escalated the case to the {role:role} ({rung:rung}; cause: {cause:words})"
    "[, due {due_at:local}][, {lateness_ms:late} late][: {reason:quote}]",
    "page.sent": "paged the {role:role} for {rung:rung}, page {number}",
    "escalation.acknowledged": "took the escalation {rung:rung} at level {level}",
    "acknowledgement.expired": "let the acknowledgement of {rung:rung} by {held_by} run out, as "
    "nothing had happened on the case",
    "escalation.climbed": "raised the escalation {rung:rung} to level {level}, the {role:role}: "
    "{because}",
    "escalation.ended": "ended the escalation {rung:rung}: {because}",
    "policy.adopted": "moved the case from policy {from_version} to {to_version}[: {reason:quote}]",
}

_IDENTITY = {
    "identity.checked": "checked the customer's identity, attempt {attempt}"
    "[ ({forms_asked:list})]: {outcome:words}[, level {level}][, until {expires_at:local}]",
    "identification.attested": "made good what the customer is told at an identity check",
    "identity.carried": "brought along the identity that {verified_by} had verified"
    "[ in {from_case}], level {level}[, until {expires_at:local}]",
    "discrepancy.opened": "stopped the case until a supervisor has decided "
    "(discrepancy {number}: {cause:words})",
    "discrepancy.decided": "[?approved|approved][!approved|rejected] discrepancy {number}"
    "[, to be used by {approved_until:local}][: {reason:quote}]",
    "approval.used": "went on with the approval of {approved_by}; the identity holds until "
    "{expires_at:local}",
    "approval.expired": "let the approval of discrepancy {number} run out unused",
}

_HANDOFF = {
    "handoff.not_started": "found that {handoff_id} had run before, and does not wait for it",
    "handoff.opened": "opened the handoff[ {handoff_id}][ of {items:list}] to {receiving_party}"
    "[, from {inquiry_id}][?waits|; the inquiry waits for it][; {custody} has custody]",
    "handoff.assigned": "gave the handoff to {to_assignee}[; {from_assignee} had it before]"
    "[: {reason:quote}]",
    "items.confirmed": "checked the items[; correct and complete: {confirmed:list}]"
    "[; not so: {not_confirmed:list}][; still open: {open:list}]",
    "brief.completed": "completed the brief for the receiving party: {brief:quote}",
    "customer.told": "told the customer {what:told}[, and introduced {introduced}][: {said:quote}]",
    "receiver.changed": "changed the receiving party from {from_party} to {to_party}"
    "[: {reason:quote}]",
    "channel.refused": "tried to transfer over {channel:words}, which is no approved channel; it "
    "was refused[ and reported as {report}]",
    "mail.begun": "sent the handoff off as an encrypted mail (offer {number})",
    "mail.sent": "saw the encrypted mail leave[, for the certificate {certificate}]",
    "mail.not_sent": "could not mail it encrypted, so nothing left: {why:words}",
    "handoff.transferred": "transferred the handoff to {to_party} over {channel:words}"
    "[, {carrier} {tracking_number}][; to be acknowledged by {acknowledge_by:local}]",
    "courier.reported": "heard from the courier: {status:words}",
    "handoff.reminded": "reminded the receiving party, reminder {number}",
    "handoff.acknowledged": "answered the offer: {answer:words}[; missing: {missing:list}]"
    "[: {reason:quote}]",
    "custody.passed": "passed custody from {from_party} to {to_party} ({why:words})",
    "custody.returned": "found the offer to {offered_to} {why:words}; custody stays with "
    "{to_party}[: {reason:quote}]",
    "handoff.confirmed": "wrote the confirmation of the handoff: {outcome:words}"
    "[ ({confirmation})]",
    "handoff.concluded": "concluded the handoff that had come back: {reason:quote}",
    "handoff.withdrawn": "withdrew the handoff: {reason:quote}",
    "handoff.cancelled": "found the handoff cancelled in Temporal",
    "handoff.closed": "closed the handoff as {closed_as:words}[; {custody} has custody]",
}

_INCIDENT = {
    "incident.opened": "reported a breach of {breach_of}[ in {concerns}], known since "
    "{known_at:local}; the regulator is to know by {regulator_due_at:local}",
    "incident.assigned": "gave the incident to {to_assignee}[; {from_assignee} had it before]"
    "[: {reason:quote}]",
    "incident.cancelled": "found the incident cancelled in Temporal",
    "incident.closed": "closed the incident[; what caused it: {root_cause:quote}]"
    "[; what changed: {changed:quote}]",
    "action.added": "asked {owner} for the corrective action {action:words} by {due_at:local}"
    "[: {description:quote}]",
    "action.completed": "completed the corrective action {action:words}[!in_time|, too late]"
    "[: {result:quote}]",
    "action.overdue": "found the corrective action {action:words} of {owner} not done, due "
    "{due_at:local}",
    "regulator.warned": "warned the holder that the regulator is to know by {due_at:local}",
    "regulator.overdue": "found the regulator not informed, due {due_at:local}"
    "[, and noticed it {lateness_ms:late} late]",
    "regulator.informed": "informed the regulator {informed_at:local}[!in_time|, too late]"
    "[, reference {reference}]",
    "regulator.not_needed": "decided that the regulator need not know[!in_time|, too late]"
    "[: {reason:quote}]",
}

_DUTY = {
    "duty.opened": "opened a duty for the {role:role}, due {due_at:local}[: {subject}]"
    "[ Not for {excluded:list}.]",
    "duty.assigned": "gave the duty to {to_assignee}[; {from_assignee} had it before]"
    "[: {reason:quote}]",
    "duty.overdue": "found the duty not done, due {due_at:local}"
    "[, and noticed it {lateness_ms:late} late]",
    "duty.completed": "completed the duty: {outcome:words}[, since {because}][!in_time|, too late]"
    "[; reported as {report}][: {findings:quote}]",
    "duty.cancelled": "found the duty cancelled in Temporal",
}

_PRIVACY = {
    "privacy.opened": "took a request for {request:words} ({law:words}) over {channel:words}"
    "[, to be answered by {due_at:local}][, because of {reason:words}][; cases: {cases:list}]"
    "[; to be reviewed by {review_at:local}]",
    "requester.verified": "verified the requester: {method:words}",
    "privacy.approved": "approved the {request:words}, as the first of two",
    "privacy.released": "released the {request:words}, as the second of two",
    "privacy.refused": "refused the request: {reason:words}; the requester was told by "
    "{told_by:words}",
    "privacy.extended": "extended the time from {from_due:local} to {to_due:local}: "
    "{reason:words}; the requester was told by {told_by:words}",
    "privacy.warned": "warned the holder that the requester is to be answered by {due_at:local}",
    "privacy.overdue": "found the requester not answered, due {due_at:local}"
    "[, and noticed it {lateness_ms:late} late]",
    "privacy.answered": "told the requester by {told_by:words} what was done[!in_time|, too late]",
    "privacy.cancelled": "found the request cancelled in Temporal",
    "privacy.went_on": "went on although its workflow was cancelled in Temporal",
    "privacy.closed": "closed the request as {closed_as:words}",
    "export.made": "made an export of {records} records[; withheld: {withheld:list}]; it is kept "
    "until {until:local}",
    "export.deleted": "destroyed the export's document",
    "erasure.done": "erased what the law does not keep: {destroyed} destroyed, {ended} open cases "
    "ended, {remaining} remain[ ({why:list})][; certificates: {certificates:list}]",
    "hold.placed": "placed the hold on {scope:list}: nothing of it is destroyed",
    "hold.refused": "placed no hold: {reason:words}[; cases: {cases:list}]",
    "hold.released": "released the hold",
    "hold.reviewed": "reviewed the hold: it is still needed, until {review_at:local}",
    "hold.review_overdue": "found the hold not reviewed, due {review_at:local}",
}

SENTENCES: Mapping[str, str] = MappingProxyType(
    {**_INQUIRY, **_CLOCKS, **_IDENTITY, **_HANDOFF, **_INCIDENT, **_DUTY, **_PRIVACY}
)
"""Kind of entry to its sentence."""
