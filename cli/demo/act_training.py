"""Who is trained may work, and nobody else (INQ-8.2, HOF-6.1)."""

from datetime import UTC, datetime
from http import HTTPStatus

from cli.demo.act_work import work_to_the_end
from cli.demo.cast import Cast, anybody
from cli.demo.door import DemoError
from cli.demo.people import EVERYBODY, NEWCOMER, OPERATOR, REPRESENTATIVES
from cli.demo.play import Play


async def train_everybody(play: Play) -> None:
    """Record, as an operator, what everybody but the newcomer has completed."""
    # This morning: another run on the same day records nothing new.
    completed_at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    policy, trained = play.house.policy, set()
    for course in policy.courses:
        for person in EVERYBODY:
            if person.role in course.roles and person != NEWCOMER:
                await play.house.door.train(OPERATOR, person.principal, course.course, completed_at)
                trained.add(person.principal)
    names = ", ".join(course.course for course in policy.courses)
    play.screen.say(f"{len(trained)} people have completed {names}")


async def refuse_the_untrained(play: Play, cast: Cast) -> None:
    """Show that a step of somebody without training is refused, and names the course."""
    case_id = await cast.take(anybody)
    problem = await play.house.door.expect_refusal(
        play.request(NEWCOMER, case_id, "resolve", resolution="Done.", customer_confirmed=True)
    )
    if (problem.status, problem.clause) != (HTTPStatus.FORBIDDEN, "INQ-8.2"):
        raise DemoError(f"a step without training: {problem.status} {problem.clause}")
    play.screen.say(f"{problem.status}, {problem.clause}. {problem.detail}")
    await work_to_the_end(play, case_id, REPRESENTATIVES[0])
