"""The SDK's sandbox, entered less often.

For each payload the SDK asks the sandboxed workflow several times in which context it stands, and
each question costs an entry into the sandbox: 22 % of what a worker spent on a case. The answer
changes with an activation only, so it is kept until the next one.
"""

from collections.abc import Callable

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info


class RememberingRunner(SandboxedWorkflowRunner):
    """The sandboxed runner, whose workflows remember in which context their payloads stand."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return a workflow in a sandbox of its own."""
        return Remembering(super().create_instance(det))


class Remembering(WorkflowInstance):
    """A workflow that is asked for each context once between two activations."""

    def __init__(self, instance: WorkflowInstance) -> None:
        """Stand before a workflow.

        The type of what names a command is the SDK's own secret: it is passed on unseen.
        """
        self._instance = instance
        self._context_of: Callable[..., SerializationContext | None] = (
            instance.get_serialization_context
        )
        self._store_of: Callable[..., StorageDriverStoreContext] = (
            instance.get_external_store_context
        )
        self._contexts: dict[object, SerializationContext | None] = {}
        self._stores: dict[object, StorageDriverStoreContext] = {}

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the workflow go on; what it told of its commands may be different now."""
        self._contexts.clear()
        self._stores.clear()
        return self._instance.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        """Return whose a command's payloads are; None stands for the workflow itself."""
        if command_info not in self._contexts:
            self._contexts[command_info] = self._context_of(command_info)
        return self._contexts[command_info]

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        """Return for whom a command's payloads would be stored outside of Temporal."""
        if command_info not in self._stores:
            self._stores[command_info] = self._store_of(command_info)
        return self._stores[command_info]

    def get_info(self) -> Info:
        """Return what the workflow knows of itself."""
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        """Return the thread on which it runs now."""
        return self._instance.get_thread_id()
