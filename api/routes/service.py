"""Health and version, and what the problems mean. No key is needed."""

from fastapi import APIRouter

from api.openapi import problems
from api.parts import WithParts
from api.problems import PROBLEMS, ProblemError
from api.schemas.desk import Alive, ProblemPage, Version
from runtime.version import handrail_version

router = APIRouter(tags=["service"], responses=problems("internal-error"))


@router.get("/livez", operation_id="livez", summary="Ask whether the process answers")
async def livez() -> Alive:
    """Answer."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Ask whether the process can do its work",
    responses=problems("not-ready"),
)
async def readyz(parts: WithParts) -> Alive:
    """Ask the database, the schema's revision and Temporal, for two seconds at most."""
    failing = await parts.readiness.failing()
    if failing:
        names = ", ".join(error.location for error in failing)
        raise ProblemError("not-ready", detail=f"Not ready: {names}.", errors=failing)
    return Alive(status="ok")


@router.get("/version", operation_id="version", summary="Ask what runs here")
async def read_version(parts: WithParts) -> Version:
    """Tell the versions of the software and of the policy in force."""
    return Version(version=handrail_version(), policy_version=parts.cases.policy.version)


@router.get("/problems", operation_id="list_problems", summary="List the kinds of problems")
async def list_problems() -> list[ProblemPage]:
    """Tell what each kind of problem means, and what to do about it."""
    return [_page(code) for code in PROBLEMS]


@router.get(
    "/problems/{code}",
    operation_id="read_problem",
    summary="Read what a problem means",
    responses=problems("not-found"),
)
async def read_problem(code: str) -> ProblemPage:
    """Tell what a kind of problem means, and what to do about it."""
    if code not in PROBLEMS:
        raise ProblemError("not-found", detail="There is no such problem; GET /problems lists all.")
    return _page(code)


def _page(code: str) -> ProblemPage:
    kind = PROBLEMS[code]
    return ProblemPage(
        type=kind.uri,
        status=kind.status,
        title=kind.title,
        meaning=kind.meaning,
        remedy=kind.remedy,
    )
