"""Prepares a Temporal namespace for Handrail; repeating it changes nothing."""

import asyncio
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from pydantic import BaseModel, ConfigDict
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from runtime.errors import OperatorError
from runtime.schedules import CHECKPOINT_EVERY, SchedulesReport, ensure_schedules
from sop.policy import Policy
from workflows.search_attributes import SEARCH_ATTRIBUTES

# A repeated request finds its closed case for as long as the server keeps it.
RETENTION = timedelta(days=30)
_NOT_OURS_TO_DO = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
_KNOWN_WITHIN = timedelta(seconds=30)  # a new namespace spreads through the server's caches
_PAUSE_S = 0.2


class BootstrapError(OperatorError):
    """The namespace cannot be made ready."""


class BootstrapReport(BaseModel):
    """What `bootstrap` did, and what it must leave to somebody else."""

    model_config = ConfigDict(frozen=True)

    namespace: str
    namespace_created: bool = False
    search_attributes_added: tuple[str, ...] = ()
    retention_raised: bool = False
    schedules: SchedulesReport = SchedulesReport()
    left_to_do: tuple[str, ...] = ()


async def bootstrap(
    client: Client,
    policy: Policy | None = None,
    *,
    task_queue: str = "",
    checkpoint_every: timedelta = CHECKPOINT_EVERY,
) -> BootstrapReport:
    """Create the client's namespace, its search attributes, retention and schedules, where missing.

    What the caller may not do (on Temporal Cloud, say) is named in the report.

    Args:
        client: Names the namespace.
        policy: In force, for the schedules; without it they are left as they are.
        task_queue: Where the workers listen that do what is scheduled.
        checkpoint_every: How often a checkpoint of the journal is signed.

    Raises:
        BootstrapError: An attribute exists with another type, or the server refused.
    """
    try:
        async with asyncio.timeout(_KNOWN_WITHIN.total_seconds()):
            created = await _ensure_namespace(client)
            added, attributes_left = await _ensure_search_attributes(client)
            raised, retention_left = await _ensure_retention(client)
            schedules = SchedulesReport()
            if policy is not None:
                schedules = await ensure_schedules(
                    client, policy, task_queue=task_queue, checkpoint_every=checkpoint_every
                )
    except TimeoutError as error:
        raise BootstrapError(
            f"Temporal did not make namespace {client.namespace} ready within"
            f" {_KNOWN_WITHIN.total_seconds():g} s: run the command again."
        ) from error
    except RPCError as error:
        raise BootstrapError(
            f"Temporal refused to prepare namespace {client.namespace} ({error.status.name}):"
            " check TEMPORAL_NAMESPACE and the rights of the credentials in use."
        ) from error
    return BootstrapReport(
        namespace=client.namespace,
        namespace_created=created,
        search_attributes_added=added,
        retention_raised=raised,
        schedules=schedules,
        left_to_do=(*attributes_left, *retention_left, *schedules.left_to_do),
    )


async def require_bootstrapped(client: Client) -> None:
    """Refuse a namespace that lacks a search attribute: a workflow that writes it would loop.

    Credentials that may not look are trusted.

    Raises:
        BootstrapError: Something is missing; the message says what to do.
    """
    advice = f"Run `handrail bootstrap` for namespace {client.namespace} first"
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status in _NOT_OURS_TO_DO:
            return
        raise BootstrapError(f"{advice}: Temporal answers {error.status.name}.") from error
    missing = ", ".join(key.name for key in _missing(dict(answer.custom_attributes)))
    if missing:
        raise BootstrapError(f"{advice}: it lacks the search attributes {missing}.")


async def _ensure_namespace(client: Client) -> bool:
    if await _exists(client):
        return False
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=client.namespace,
                workflow_execution_retention_period=_duration(RETENTION),
            )
        )
    except RPCError as error:
        if error.status in _NOT_OURS_TO_DO:
            raise BootstrapError(
                f"Namespace {client.namespace} does not exist, and these credentials may not"
                " create it: have it created, or name another in TEMPORAL_NAMESPACE."
            ) from error
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    while not await _exists(client):
        await asyncio.sleep(_PAUSE_S)
    return True


async def _exists(client: Client) -> bool:
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def _ensure_search_attributes(client: Client) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names added, and what is left to do."""
    missing = _missing(await _registered(client))
    if not missing:
        return (), ()
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in missing}
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        )
    except RPCError as error:
        if error.status in _NOT_OURS_TO_DO:
            return (), tuple(
                f"add search attribute {key.name} of type {key.indexed_value_type.name}"
                for key in missing
            )
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    while _missing(await _registered(client)):
        await asyncio.sleep(_PAUSE_S)
    return tuple(wanted), ()


async def _registered(client: Client) -> dict[str, int]:
    while True:
        try:
            answer = await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=client.namespace)
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return dict(answer.custom_attributes)


def _missing(registered: dict[str, int]) -> list[SearchAttributeKey[Any]]:
    missing = []
    for key in SEARCH_ATTRIBUTES:
        held = registered.get(key.name)
        if held is None:
            missing.append(key)
        elif held != key.indexed_value_type:
            raise BootstrapError(
                f"Search attribute {key.name} exists with another type than"
                f" {key.indexed_value_type.name}: remove it, or use another namespace."
            )
    return missing


async def _ensure_retention(client: Client) -> tuple[bool, tuple[str, ...]]:
    """Return whether the retention was raised, and what is left to do."""
    answer = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    if answer.config.workflow_execution_retention_ttl.ToTimedelta() >= RETENTION:
        return False, ()
    try:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=client.namespace,
                config=NamespaceConfig(workflow_execution_retention_ttl=_duration(RETENTION)),
            )
        )
    except RPCError as error:
        if error.status not in _NOT_OURS_TO_DO:
            raise
        return False, (f"raise the namespace's retention to {RETENTION.days} days",)
    return True, ()


def _duration(length: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(length)
    return duration
