"""A namespace is made ready once, however often it is asked for."""

from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from runtime.bootstrap import BootstrapError, bootstrap, require_bootstrapped
from runtime.devserver import DevServer
from runtime.schedules import CHECKPOINTS, SchedulesReport, show_schedules
from runtime.settings import load_settings
from runtime.temporal import connect
from sop.policy import Policy
from tests.desk import eventually
from tests.keyrings import shared_keyring
from workflows.search_attributes import CASE_ESCALATION_LEVEL, CASE_STAGE, SEARCH_ATTRIBUTES


async def client_of(server: DevServer, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", namespace)
    return await connect(shared_keyring(), address=server.address)


async def retention_days(client: Client) -> int:
    answer = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    return int(answer.config.workflow_execution_retention_ttl.ToTimedelta().days)


async def test_the_default_namespace_is_made_ready_and_stays_so(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "default", monkeypatch)
    first = await bootstrap(client)
    assert not first.namespace_created
    assert first.search_attributes_added == tuple(key.name for key in SEARCH_ATTRIBUTES)
    assert first.retention_raised
    assert not first.left_to_do
    assert await retention_days(client) == 30

    second = await bootstrap(client)
    assert not second.search_attributes_added
    assert not second.retention_raised


async def test_a_missing_namespace_is_created_and_takes_cases_with_search_attributes(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "desk", monkeypatch)
    report = await bootstrap(client)
    assert report.namespace_created
    assert len(report.search_attributes_added) == len(SEARCH_ATTRIBUTES)
    assert await retention_days(client) == 30
    started = await client.start_workflow(
        "Inquiry",
        id="inquiry-1",
        task_queue="nobody",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(CASE_STAGE, "reception"),
                SearchAttributePair(CASE_ESCALATION_LEVEL, 1),
            ]
        ),
    )
    attributes = (await started.describe()).typed_search_attributes
    assert attributes[CASE_STAGE] == "reception"
    assert attributes[CASE_ESCALATION_LEVEL] == 1


@pytest.mark.clause("INQ-8.1", "HOF-6.2")
async def test_the_schedules_are_made_with_the_namespace_and_stay_as_they_are(
    server: DevServer, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "scheduled", monkeypatch)
    first = await bootstrap(client, policy, task_queue="nobody")
    assert len(first.schedules.created) == 5
    assert not first.left_to_do
    second = await bootstrap(client, policy, task_queue="nobody")
    assert second.schedules == SchedulesReport()
    shown = await show_schedules(client)
    assert all(schedule.exists and schedule.next_at for schedule in shown)


async def test_checkpoints_are_signed_as_often_as_the_settings_say(
    server: DevServer, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "checkpoints", monkeypatch)
    monkeypatch.setenv("HANDRAIL_CHECKPOINT_EVERY", "60")
    minute = load_settings().checkpoint_every
    schedule = client.get_schedule_handle(CHECKPOINTS)

    async def every() -> list[timedelta]:
        return [each.every for each in (await schedule.describe()).schedule.spec.intervals]

    await bootstrap(client, policy, task_queue="nobody")
    assert await every() == [timedelta(minutes=5)]
    told = await bootstrap(client, policy, task_queue="nobody", checkpoint_every=minute)
    assert told.schedules == SchedulesReport(updated=(CHECKPOINTS,))
    assert await every() == [timedelta(minutes=1)]


async def test_an_attribute_of_another_type_is_refused_by_name(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "another", monkeypatch)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace="another", workflow_execution_retention_period=Duration(seconds=259200)
        )
    )
    mistaken = {CASE_STAGE.name: IndexedValueType.INDEXED_VALUE_TYPE_INT}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace="another", search_attributes=mistaken)
    )
    with pytest.raises(BootstrapError, match="CaseStage exists with another type than KEYWORD"):
        await bootstrap(client)


async def test_a_worker_refuses_a_namespace_that_nobody_prepared(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "unprepared", monkeypatch)
    with pytest.raises(BootstrapError, match="Run `handrail bootstrap` for namespace unprepared"):
        await require_bootstrapped(client)
    await bootstrap(client)
    await require_bootstrapped(client)


async def test_a_worker_refuses_a_namespace_without_the_search_attributes(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await client_of(server, "bare", monkeypatch)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace="bare", workflow_execution_retention_period=Duration(seconds=86_400 * 30)
        )
    )

    async def known() -> bool:
        with pytest.raises(BootstrapError) as refused:
            await require_bootstrapped(client)
        return "lacks the search attributes CaseStage" in str(refused.value)

    await eventually(known)
