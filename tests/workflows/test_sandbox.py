"""The sandbox that is entered less often."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import (
    SerializationContext,
    StorageDriverStoreContext,
    WorkflowSerializationContext,
)
from temporalio.worker import WorkflowInstance
from temporalio.workflow import Info

from workers.sandbox import Remembering


class Counting(WorkflowInstance):
    """A workflow whose next command is for another workflow after each activation."""

    def __init__(self) -> None:
        self.activated = 0
        self.asked: list[object] = []

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        self.activated += 1
        return WorkflowActivationCompletion(run_id=act.run_id)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        self.asked.append(command_info)
        if command_info == "none":
            return None
        told = f"{command_info}-{self.activated}"
        return WorkflowSerializationContext(namespace="default", workflow_id=told)

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        self.asked.append(command_info)
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        raise AssertionError("the contexts need nothing of it")


def test_a_workflow_is_asked_for_each_context_once_between_two_activations() -> None:
    inner = Counting()
    workflow = Remembering(inner)
    for _ in range(3):
        assert _told(workflow, "child") == "child-0"
        assert _told(workflow, None) == "None-0"
        assert workflow.get_serialization_context("none") is None
        assert workflow.get_external_store_context("child").target is None
    assert inner.asked == ["child", None, "none", "child"]
    workflow.activate(WorkflowActivation(run_id="run"))
    assert (_told(workflow, "child"), _told(workflow, None)) == ("child-1", "None-1")
    assert inner.asked[4:] == ["child", None]


def _told(workflow: Remembering, command: object) -> str | None:
    context = workflow.get_serialization_context(command)
    assert isinstance(context, WorkflowSerializationContext)
    return context.workflow_id
