"""Workflows that fail in every way, with a person's words in every place that takes words."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

_ONCE = RetryPolicy(maximum_attempts=1)


class Words(BaseModel):
    """What somebody wrote."""

    text: str


@activity.defn
def fail(words: Words) -> None:
    """Fail with the words in heartbeat, message, cause, and details."""
    activity.heartbeat(words)
    activity.logger.error("noted %s", words.text, extra={"note": words.text})
    try:
        int(words.text)
    except ValueError as error:
        raise ApplicationError(f"no account of {words.text}", words, type="NoAccount") from error


@workflow.defn
class FailingChild:
    """Fails with the words."""

    @workflow.run
    async def run(self, words: Words) -> None:
        """Fail."""
        raise ApplicationError(f"a child fails: {words.text}", words, type="Failed")


@workflow.defn
class Failing:
    """Writes the words wherever a workflow can, then hangs in a task that fails."""

    def __init__(self) -> None:
        self._stuck = False

    @workflow.run
    async def run(self, words: Words) -> None:
        """Fail in every way."""
        workflow.set_current_details(words.text)
        workflow.upsert_memo({"note": words.text})
        workflow.logger.warning("noted %s", words.text, extra={"note": words.text})
        try:
            await workflow.execute_activity(
                fail, words, summary=words.text, retry_policy=_ONCE,
                start_to_close_timeout=timedelta(seconds=30),
            )  # fmt: skip
        except ActivityError:
            workflow.logger.warning("failed", exc_info=True)
        try:
            await workflow.execute_local_activity(
                fail, words, summary=words.text, retry_policy=_ONCE,
                start_to_close_timeout=timedelta(seconds=30),
            )  # fmt: skip
        except ActivityError:
            workflow.logger.warning("failed", exc_info=True)
        except ApplicationError:
            workflow.logger.warning("failed", exc_info=True)
        try:
            await workflow.execute_child_workflow(
                FailingChild.run, words, static_summary=words.text, static_details=words.text
            )
        except ChildWorkflowError:
            workflow.logger.warning("failed", exc_info=True)
        await workflow.sleep(1, summary=words.text)
        await workflow.wait_condition(lambda: self._stuck)
        raise RuntimeError(words.text)  # fails the task, again and again

    @workflow.update
    async def note(self, words: Words) -> Words:
        """Refuse, with the words."""
        raise ApplicationError(f"refused: {words.text}", words, type="Refused")

    @workflow.signal
    async def stick(self, words: Words) -> None:
        """Let the tasks fail from now on."""
        self._stuck = bool(words.text)

    @workflow.query
    def said(self, words: Words) -> str:
        """Answer with the words."""
        return words.text
