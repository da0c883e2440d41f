"""The script: what the demo shows, in order."""

from cli.demo.act_clocks import (
    break_a_promise,
    disappoint_a_customer,
    reach_the_expert,
    reach_the_quality_manager,
)
from cli.demo.act_handoffs import (
    decide_a_discrepancy,
    hand_over_accepted,
    leave_unacknowledged,
    try_a_forbidden_channel,
)
from cli.demo.act_opening import open_complaints
from cli.demo.act_training import refuse_the_untrained, train_everybody
from cli.demo.act_work import kill_the_worker, refuse_behind_the_gate, work_cases
from cli.demo.play import Play

_SHARE_WORKED = 8
_MOST_WORKED, _FEWEST_WORKED = 16, 3


async def perform(play: Play) -> None:
    """Play every act.

    Raises:
        DemoError: Something was not as it must be.
    """
    act = play.screen.act
    batch = min(max(len(play.sample) // _SHARE_WORKED, _FEWEST_WORKED), _MOST_WORKED)
    act("The staff's training is recorded")
    await train_everybody(play)
    act("The complaints arrive")
    cast = await open_complaints(play)
    act("A gate of the procedure")
    await refuse_behind_the_gate(play, cast)
    act("A representative without training")
    await refuse_the_untrained(play, cast)
    act("Representatives work cases to their end")
    await work_cases(play, cast, batch)
    act("Twelve hours pass over a complaint")
    await reach_the_quality_manager(play, cast)
    act("A day passes over a technical case")
    await reach_the_expert(play, cast)
    act("A promise is broken")
    await break_a_promise(play, cast)
    act("A follow-up finds an unhappy customer")
    await disappoint_a_customer(play, cast)
    act("A handoff is accepted")
    await hand_over_accepted(play, cast)
    act("A discrepancy is decided by a supervisor")
    await decide_a_discrepancy(play)
    act("A handoff over a forbidden channel")
    await try_a_forbidden_channel(play)
    act("A handoff that nobody acknowledges")
    await leave_unacknowledged(play)
    act("The worker is killed in the middle of work")
    await kill_the_worker(play, cast, batch)
