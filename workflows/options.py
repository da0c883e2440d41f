"""Every timeout, retry policy and priority of the workflows, in one table.

These are engineering limits. The procedures' times stand in the policy file.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import Priority, RetryPolicy


class LocalFlushOptions(TypedDict):
    """How the flush is tried first: within the workflow task, and not for long."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class ActivityOptions(TypedDict):
    """How an activity runs that goes through the server."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy
    priority: Priority


class BeatingActivityOptions(ActivityOptions):
    """The same, for something long that says again and again that it is alive."""

    heartbeat_timeout: timedelta


class BoundedActivityOptions(ActivityOptions):
    """The same, for something that is given up after a while."""

    schedule_to_close_timeout: timedelta


REPORT_EVERY_PAGES = 8
"""An escalation tells its case at least so often that it still pages. If the case is gone (an
operator terminated it), the escalation learns of it then, and ends."""

LONGEST_TIMER = timedelta(days=365)
"""A deadline that is further away is waited for in parts: the server counts in nanoseconds, and a
caller may name the year 8999."""

ESCALATIONS_FIRST = Priority(priority_key=1)
ORDINARY = Priority(priority_key=3)


def _until_done(longest: timedelta, *, first: timedelta = timedelta(seconds=1)) -> RetryPolicy:
    """Return what tries again for as long as it takes: twice as late each time, up to a length."""
    return RetryPolicy(initial_interval=first, backoff_coefficient=2.0, maximum_interval=longest)


# Within a workflow task of 10 s: long enough for a busy database, too short to be renewed by
# heartbeats, each of which would be billed. One attempt: when the database hung under 20 cases, a
# second one made the last of them wait 9.3 s for its answer instead of 4.7 s.
FLUSH_AT_ONCE = LocalFlushOptions(
    start_to_close_timeout=timedelta(seconds=2),
    schedule_to_close_timeout=timedelta(seconds=4),
    retry_policy=RetryPolicy(maximum_attempts=1),
)

# The database does not answer: the server keeps the batch, for as long as it takes.
FLUSH_WHEN_BACK = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=15),
    retry_policy=_until_done(timedelta(seconds=15)),
    priority=ORDINARY,
)

# The incident management system does not answer: the report waits there for as long as it takes.
FILE_REPORT = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=15),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

# Holds, exports and erasures are done for as long as it takes: the law asks for them.
PRIVACY_WORK = ActivityOptions(
    start_to_close_timeout=timedelta(minutes=10),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

# A person's open cases end one after the other, each within a minute or two.
END_CASES = BeatingActivityOptions(
    start_to_close_timeout=timedelta(hours=2),
    heartbeat_timeout=timedelta(minutes=5),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

# A schedule fires: the CRM is asked what is due, for as long as it takes.
ASK_WHAT_IS_DUE = ActivityOptions(
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

# Disposal: what has begun is carried on, for as long as it takes. A batch is 50 classes of cases.
DISPOSE = ActivityOptions(
    start_to_close_timeout=timedelta(minutes=10),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

# Temporal deletes a history half a minute after it was told to; where something of it stays, an
# operator has to look, and the server goes on asking once an hour.
UNTIL_FORGOTTEN = ActivityOptions(
    start_to_close_timeout=timedelta(minutes=10),
    retry_policy=_until_done(timedelta(hours=1), first=timedelta(seconds=2)),
    priority=ORDINARY,
)

# The next firing does what this one could not: nothing is to pile up behind a store that is away.
CHECKPOINT = BoundedActivityOptions(
    start_to_close_timeout=timedelta(minutes=2),
    schedule_to_close_timeout=timedelta(minutes=4),
    retry_policy=_until_done(timedelta(seconds=30)),
    priority=ORDINARY,
)

# A reminder looks a training up every day: what cannot be told now, is told then.
LOOK_UP = BoundedActivityOptions(
    start_to_close_timeout=timedelta(seconds=15),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=_until_done(timedelta(seconds=30)),
    priority=ORDINARY,
)

# A mail is tried for a while; then the representative is told, and may choose another channel.
SEND_MAIL = BoundedActivityOptions(
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(minutes=30),
    retry_policy=_until_done(timedelta(minutes=1)),
    priority=ORDINARY,
)

PAGE = ActivityOptions(
    start_to_close_timeout=timedelta(seconds=15),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=30),
    ),
    priority=ESCALATIONS_FIRST,
)
