"""Which function does which step. Each refuses before it changes anything.

`sop.inquiry` works on a draft and throws it away when a step is refused.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sop import discrepancy, identification, steps_ending, steps_handling, steps_intake
from sop import messages as m
from sop.case import Case
from sop.handoff.messages import OpenHandoff

Step = Callable[[Case, Any, datetime], None]

STEPS: dict[type[m.Command], Step] = {
    m.RecordReception: steps_intake.record_reception,
    m.Categorise: steps_intake.categorise,
    m.RecordVerification: steps_intake.record_verification,
    m.Identify: identification.identify,
    m.DecideDiscrepancy: discrepancy.decide,
    OpenHandoff: steps_handling.open_handoff,
    m.Respond: steps_handling.respond,
    m.Promise: steps_handling.promise,
    m.CustomerReplied: steps_handling.customer_replied,
    m.WaitForCustomer: steps_handling.wait_for_customer,
    m.Resume: steps_handling.resume,
    m.Escalate: steps_handling.escalate,
    m.Assign: steps_handling.assign,
    m.AddNote: steps_handling.add_note,
    m.AdoptPolicy: steps_handling.adopt_policy,
    m.Resolve: steps_ending.resolve,
    m.RecordFollowUp: steps_ending.record_follow_up,
    m.Withdraw: steps_ending.withdraw,
    m.MarkDuplicate: steps_ending.mark_duplicate,
}
