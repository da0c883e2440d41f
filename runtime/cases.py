"""The only gateway to the workflows: starts, updates and finds cases, and owns their ids."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.failures import RefusalDetail
from activities.ports import CrmUnavailableError
from runtime.case_errors import (
    CaseEndedError,
    KeyReusedError,
    NotAnsweredError,
    RefusedError,
    UnknownCaseError,
    UnknownEscalationError,
)
from runtime.case_ids import handoff_id, incident_id, inquiry_id, privacy_id, update_id
from runtime.temporal import require_codec, ui_link
from runtime.temporal_answers import raise_for, raise_refusal
from runtime.training import Training
from sop.access import may
from sop.describe import summary
from sop.errors import InvalidValueError, SopError, StaleAcknowledgementError
from sop.handoff.describe import summary as handoff_summary
from sop.handoff.handoff import Handoff, check_order
from sop.handoff.messages import HandoffOrder, OpenHandoff
from sop.handoff.models import HandoffOpening
from sop.incident.describe import summary as incident_summary
from sop.incident.incident import Incident
from sop.incident.incident import check_order as check_incident
from sop.incident.messages import IncidentOrder
from sop.incident.models import IncidentOpening
from sop.incident.state import IncidentStart
from sop.inquiry import Inquiry, check_opening
from sop.messages import Acknowledge, Command, InquiryOpening, Receipt
from sop.models import Actor, Payload
from sop.object_rules import Presence
from sop.policy import Policy
from sop.privacy.describe import summary as privacy_summary
from sop.privacy.messages import PrivacyOrder
from sop.privacy.models import PrivacyOpening
from sop.privacy.request import PrivacyRequest, require_their_cases
from sop.privacy.request import check_order as check_privacy
from sop.privacy.state import PrivacyStart
from sop.procedure import Procedure
from sop.state import InquiryStart
from workflows.escalating import escalation_id
from workflows.indexing import of_case
from workflows.starting import DIGEST_MEMO, OPENER_MEMO, handoff_start

ANSWER_WITHIN = timedelta(seconds=10)
"""An Update that no worker has answered by then is reported so; its id is safe to repeat."""

LOOK_AGAIN = timedelta(milliseconds=20)
"""Between two looks whether a handoff has been started; a remote server has no event for it."""

_REPETITIONS = 2


class Opened(BaseModel):
    """A case that was opened, now or by an earlier request with the same key."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    run_id: str | None
    created: bool


class Records(Protocol):
    """What the CRM knows of cases; each method raises CrmUnavailableError without an answer."""

    def find_case_digest(self, case_id: str) -> str | None:
        """Return the digest of the request that opened a case; None if there is none."""
        ...

    def presence(self, case_id: str) -> Presence:
        """Return whether there is a case of any kind, or was, and whether it is restricted."""
        ...


class Cases:
    """Starts, updates and finds cases.

    Args:
        client: The process's one Temporal client.
        policy: The policy in force; a new case is pinned to it.
        task_queue: Where the workers listen.
        records: What the CRM knows of cases: it remembers a key longer than Temporal does.
        theirs: Returns which of some inquiries and handoffs are a customer's, as the CRM knows.
        training: Asks for the training of who reports a step.
        ui: Address of the Temporal UI, for links.
    """

    def __init__(
        self,
        client: Client,
        policy: Policy,
        *,
        task_queue: str,
        records: Records,
        theirs: Callable[[str, Collection[str]], frozenset[str]],
        training: Training,
        ui: str,
    ) -> None:
        require_codec(client)
        self.client = client
        self.policy = policy
        self._task_queue = task_queue
        self._records = records
        self._theirs = theirs
        self._training = training
        self._ui = ui

    async def open(self, opening: InquiryOpening, *, actor: Actor, key: str, digest: str) -> Opened:
        """Open an inquiry, once per caller and key.

        Raises:
            RefusedError: The policy or the actor's role does not allow it, or the actor is not
                trained for it (INQ-8.2).
            KeyReusedError: The key was used for another request.
            TemporalUnavailableError: Try again with the same key.
            CrmUnavailableError: The same; nobody can say now whether the actor is trained.
        """
        try:
            check_opening(self.policy.case, opening, actor)
        except SopError as error:
            raise RefusedError.of(error) from None
        case_id = inquiry_id(actor.principal, key)
        await self.require_trained(actor, "open", case_id)
        start = InquiryStart(
            case_id=case_id,
            policy=self.policy.case,
            opened_by=actor,
            received_at=datetime.now(UTC),
            opening=opening,
            digest=digest,
        )
        return await self._once(case_id, digest, lambda: self._start(start))

    async def open_handoff(
        self, opening: HandoffOpening, *, actor: Actor, key: str, digest: str
    ) -> Opened:
        """Open a handoff, once per caller and key: alone, or from an inquiry that then shows it.

        Raises:
            RefusedError: The policy, the actor's role or the inquiry does not allow it, or the
                actor is not trained for it (HOF-6.1).
            UnknownCaseError: There is no such inquiry.
            CaseEndedError: The inquiry is closed.
            KeyReusedError: The key was used for another request.
            TemporalUnavailableError: Try again with the same key.
            CrmUnavailableError: The same; nobody can say now whether the actor is trained.
        """
        order = self._order(opening, actor, key, digest)
        await self.require_trained(actor, "open_handoff", order.case_id)

        async def begin() -> Opened:
            if opening.inquiry_id is None:
                return await self._start_handoff(order)
            if await self.exists(order.case_id):
                return await self._opened_before(order.case_id, digest)
            step = OpenHandoff(actor=actor, digest=digest, order=order)
            await self.step(opening.inquiry_id, step, key=key)
            await self._until_started(order.case_id)
            return Opened(case_id=order.case_id, run_id=None, created=True)

        return await self._once(order.case_id, digest, begin)

    async def open_incident(
        self, opening: IncidentOpening, *, actor: Actor, key: str, digest: str
    ) -> Opened:
        """Open an incident, once per caller and key (HOF-6.3).

        Raises:
            RefusedError: The policy or the actor's role does not allow it.
            KeyReusedError: The key was used for another request.
            TemporalUnavailableError: Try again with the same key.
        """
        if self.policy.incident is None:
            missing = InvalidValueError(
                "The policy in force has no [incident]: incidents cannot be opened.",
                clause="HOF-6.3",
            )
            raise RefusedError.of(missing)
        order = IncidentOrder(
            case_id=incident_id(actor.principal, key),
            policy=self.policy.incident,
            opened_by=actor,
            received_at=datetime.now(UTC),
            opening=opening,
            digest=digest,
        )
        try:
            check_incident(order)
        except SopError as error:
            raise RefusedError.of(error) from None
        return await self._once(order.case_id, digest, lambda: self._start_incident(order))

    async def open_privacy_request(
        self, opening: PrivacyOpening, *, actor: Actor, key: str, digest: str
    ) -> Opened:
        """Open a privacy request, or place a hold, once per caller and key (HOF-5.1).

        Raises:
            RefusedError: The policy or the actor's role does not allow it; or a hold names a case
                that is not the customer's, as far as the CRM knows.
            KeyReusedError: The key was used for another request.
            TemporalUnavailableError: Try again with the same key.
            CrmUnavailableError: The same; nobody can say now whose the cases of a hold are.
        """
        if self.policy.privacy is None:
            missing = InvalidValueError(
                "The policy in force has no [privacy]: no such request is taken.",
                clause="HOF-5.1",
            )
            raise RefusedError.of(missing)
        order = PrivacyOrder(
            case_id=privacy_id(actor.principal, key),
            policy=self.policy.privacy,
            opened_by=actor,
            received_at=datetime.now(UTC),
            opening=opening,
            digest=digest,
        )
        try:
            check_privacy(order)
        except SopError as error:
            raise RefusedError.of(error) from None

        async def begin() -> Opened:
            await self._require_their_cases(opening)
            return await self._start_privacy(order)

        return await self._once(order.case_id, digest, begin)

    async def step(self, case_id: str, command: Command, *, key: str | None) -> Receipt:
        """Report a step to a case, once per caller and key.

        Raises:
            RefusedError: The procedure refuses the step, or the actor is not trained for it
                (INQ-8.2, HOF-6.1); nothing has changed.
            UnknownCaseError: There is no such case.
            CaseEndedError: The case is closed.
            KeyReusedError: The key was used for another request of this kind.
            NotAnsweredError: No worker answered in time; repeat with the same key.
            BusyError: Too many requests to this case at once.
            TemporalUnavailableError: Temporal does not answer.
            CrmUnavailableError: Nobody can say now whether the actor is trained.
        """
        await self.require_trained(command.actor, command.step, case_id)
        try:
            return await self._update(case_id, command, key)
        except CaseEndedError:
            # Temporal forgets a closed case after its retention; the CRM does not.
            if not await self.exists_for(command.actor, case_id):
                raise UnknownCaseError(case_id) from None
            raise

    async def acknowledge(
        self, case_id: str, rung: str, occasion: int, command: Acknowledge, *, key: str | None
    ) -> Receipt:
        """Acknowledge an escalation of a case; raises what `step` raises."""
        name = escalation_id(case_id, rung, occasion)
        try:
            return await self._update(name, command, key)
        except CaseEndedError:
            if not (await self.exists(name) and await self.exists_for(command.actor, case_id)):
                raise UnknownEscalationError(name) from None
            over = StaleAcknowledgementError(f"The escalation {rung} is over.")
            raise RefusedError.of(over) from None

    async def exists(self, case_id: str) -> bool:
        """Return whether Temporal knows the case; never wakes its workflow."""
        try:
            await self.client.get_workflow_handle(case_id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise_for(error)
        return True

    async def exists_for(self, actor: Actor, case_id: str) -> bool:
        """Return whether there is a case that is not hidden from an actor (HOF-5.1).

        What is restricted has ended, so that whoever finds a case ended asks here what to say.

        Raises:
            CrmUnavailableError: Nobody can say now.
            TemporalUnavailableError: The same.
        """
        presence = await asyncio.to_thread(self._records.presence, case_id)
        if presence is Presence.UNKNOWN:
            return await self.exists(case_id)
        return presence is Presence.RECORDED or may(actor, "read_restricted")

    async def opener(self, case_id: str) -> str | None:
        """Return who opened a case that the CRM does not have yet; never wakes its workflow.

        None: Temporal does not know; a handoff that its inquiry opened does not say.

        Raises:
            UnknownCaseError: There is no such case.
            TemporalUnavailableError: Temporal does not answer.
        """
        try:
            known = await self.client.get_workflow_handle(case_id).describe()
            return await known.memo_value(OPENER_MEMO, None, type_hint=str)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise UnknownCaseError(case_id) from None
            raise_for(error)

    def link(self, case_id: str, run_id: str | None = None) -> str:
        """Return the address of the case in the Temporal UI."""
        return ui_link(self._ui, self.client.namespace, case_id, run_id)

    async def require_trained(self, actor: Actor, step: str, case_id: str) -> None:
        """Refuse a step of somebody who is not trained for it, before any work is done for it.

        Raises:
            RefusedError: A training is missing or has expired (INQ-8.2, HOF-6.1).
            CrmUnavailableError: Nobody can say now whether the actor is trained.
        """
        try:
            await self._training.require(actor, step, case_id)
        except SopError as error:
            raise RefusedError.of(error) from None

    async def _recorded(self, case_id: str) -> str | None:
        """Return the digest that the CRM holds of a request; None, too, while it is away.

        An inquiry is taken all the same: Temporal knows the keys of its retention, and only one
        that is older could open a second case.
        """
        try:
            return await asyncio.to_thread(self._records.find_case_digest, case_id)
        except CrmUnavailableError:
            return None

    async def _once(
        self, case_id: str, digest: str, begin: Callable[[], Awaitable[Opened]]
    ) -> Opened:
        """Begin a case, or return the one that was begun with this key before."""
        recorded = await self._recorded(case_id)
        if recorded is not None:
            return _same_request(case_id, None, recorded, digest)
        try:
            return await begin()
        except WorkflowAlreadyStartedError:
            return await self._opened_before(case_id, digest)
        except RPCError as error:
            raise_for(error)

    async def _start(self, start: InquiryStart) -> Opened:
        # The same pure function that the workflow runs: attributes given at the start cost nothing.
        case = Inquiry.begin(start, start.received_at)
        local = start.policy.desk.local(start.received_at)
        line = summary(case.state.channel, local)
        return await self._begin("InquiryWorkflow", start, case, start.digest, line)

    async def _begin(
        self, workflow: str, start: Payload, case: Procedure[Any, Any, Any], digest: str, line: str
    ) -> Opened:
        """Start a workflow; `line` stands beside it in the lists of the Temporal UI."""
        case_id = case.state.case_id
        handle = await self.client.start_workflow(
            workflow,
            start,
            id=case_id,
            task_queue=self._task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo={DIGEST_MEMO: digest, OPENER_MEMO: case.state.opened_by},
            search_attributes=of_case(case),
            static_summary=line,
        )
        return Opened(case_id=case_id, run_id=handle.first_execution_run_id, created=True)

    def _order(self, opening: HandoffOpening, actor: Actor, key: str, digest: str) -> HandoffOrder:
        if self.policy.handoff is None:
            missing = InvalidValueError(
                "The policy in force has no [handoff]: handoffs cannot be opened.", clause="HOF-2"
            )
            raise RefusedError.of(missing)
        order = HandoffOrder(
            case_id=handoff_id(actor.principal, key),
            policy=self.policy.handoff,
            opened_by=actor,
            received_at=datetime.now(UTC),
            opening=opening,
            digest=digest,
        )
        try:
            check_order(order)
        except SopError as error:
            raise RefusedError.of(error) from None
        return order

    async def _start_handoff(self, order: HandoffOrder) -> Opened:
        start = handoff_start(order)
        case = Handoff.begin(start, order.received_at)
        line = handoff_summary(order.policy.desk.local(order.received_at))
        return await self._begin("HandoffWorkflow", start, case, order.digest, line)

    async def _start_incident(self, order: IncidentOrder) -> Opened:
        start = IncidentStart(
            case_id=order.case_id, policy=order.policy, opened_by=order.opened_by, order=order
        )
        case = Incident.begin(start, order.received_at)
        line = incident_summary(order.policy.desk.local(order.received_at))
        return await self._begin("IncidentWorkflow", start, case, order.digest, line)

    async def _require_their_cases(self, opening: PrivacyOpening) -> None:
        if not opening.cases:
            return
        customer_id, cases = opening.customer_id, opening.cases
        theirs = await asyncio.to_thread(self._theirs, customer_id, cases)
        try:
            require_their_cases(customer_id, cases, theirs)
        except SopError as error:
            raise RefusedError.of(error) from None

    async def _start_privacy(self, order: PrivacyOrder) -> Opened:
        start = PrivacyStart(
            case_id=order.case_id, policy=order.policy, opened_by=order.opened_by, order=order
        )
        case = PrivacyRequest.begin(start, order.received_at)
        line = privacy_summary(order.opening.kind, order.policy.desk.local(order.received_at))
        return await self._begin("PrivacyRequestWorkflow", start, case, order.digest, line)

    async def _until_started(self, case_id: str) -> None:
        """Wait for the handoff that its inquiry starts: a step right behind would find none.

        It starts by itself, however long that takes; the caller waits no longer than for an answer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                while not await self.exists(case_id):
                    await asyncio.sleep(LOOK_AGAIN.total_seconds())

    async def _opened_before(self, case_id: str, digest: str) -> Opened:
        try:
            known = await self.client.get_workflow_handle(case_id).describe()
            recorded = await known.memo_value(DIGEST_MEMO, "", type_hint=str)
        except RPCError as error:
            raise_for(error)
        return _same_request(case_id, known.run_id, recorded, digest)

    async def _update(self, workflow_id: str, command: Command, key: str | None) -> Receipt:
        name = update_id(command, key)
        try:
            # The RPC's own limit counts for each attempt, and the SDK makes several.
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                receipt = await self._execute(workflow_id, command, name)
        except WorkflowUpdateFailedError as error:
            raise_refusal(error.cause)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise NotAnsweredError from None
        except RPCError as error:
            raise_for(error)
        if receipt.digest != command.digest:
            raise KeyReusedError
        if receipt.refused is not None:  # on record, and refused all the same
            refused = receipt.refused
            raise RefusedError(RefusalDetail.model_validate(refused.model_dump()))
        return receipt

    async def _execute(self, workflow_id: str, command: Command, name: str) -> Receipt:
        """Execute an Update; again where something reached the workflow while its task ended it.

        The server then has the task repeated, and turns the caller away; the id keeps it one step.
        """
        handle = self.client.get_workflow_handle(workflow_id)

        async def execute() -> Receipt:
            receipt: Receipt = await handle.execute_update(
                command.step, command, id=name, result_type=Receipt, rpc_timeout=ANSWER_WITHIN
            )
            return receipt

        for _ in range(_REPETITIONS):
            try:
                return await execute()
            except RPCError as error:
                if error.status != RPCStatusCode.FAILED_PRECONDITION:
                    raise
        return await execute()


def _same_request(case_id: str, run_id: str | None, recorded: str, digest: str) -> Opened:
    if recorded != digest:
        raise KeyReusedError
    return Opened(case_id=case_id, run_id=run_id, created=False)
