"""Names the case and the activity on every line that an activity logs."""

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class LogContextInterceptor(Interceptor):
    """Binds what Temporal knows of an activity to the log lines of its body."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the worker's chain."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:
        info = activity.info()
        case_ids = (getattr(argument, "case_id", None) for argument in input.args)
        known = {
            "case_id": next((case_id for case_id in case_ids if case_id), None),
            "workflow_id": info.workflow_id,
            "workflow": info.workflow_type,
            "activity": info.activity_type,
            "attempt": info.attempt,
        }
        with structlog.contextvars.bound_contextvars(
            **{name: value for name, value in known.items() if value is not None}
        ):
            return await super().execute_activity(input)
