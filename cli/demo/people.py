"""Who acts in the demo, and the API keys with which they say so."""

from collections.abc import Mapping

from pydantic import SecretStr

from adapters.api_keys import ApiKeys
from sop.models import Actor, Role

WEB_GATEWAY = Actor(principal="web-gateway", role=Role.SERVICE)
REPRESENTATIVES = tuple(
    Actor(principal=f"representative-{number}", role=Role.CSR) for number in (1, 2, 3)
)
TEAM_LEADER = Actor(principal="team-leader", role=Role.TEAM_LEADER)
QUALITY_MANAGER = Actor(principal="quality-manager", role=Role.QUALITY_MANAGER)
DUTY_MANAGER = Actor(principal="duty-manager", role=Role.DUTY_MANAGER)
OPERATOR = Actor(principal="operator", role=Role.OPERATOR)
NEWCOMER = Actor(principal="newcomer", role=Role.CSR)
"""Has not been trained yet."""

RECEIVING_PARTY = Actor(principal="branch-north", role=Role.RECEIVING_PARTY)

EVERYBODY = (
    WEB_GATEWAY,
    *REPRESENTATIVES,
    NEWCOMER,
    TEAM_LEADER,
    QUALITY_MANAGER,
    DUTY_MANAGER,
    OPERATOR,
    RECEIVING_PARTY,
)


def hand_out_keys(keys: ApiKeys) -> Mapping[str, SecretStr]:
    """Return a new key for each principal; those of an earlier run open nothing any more."""
    names = {actor.principal for actor in EVERYBODY}
    for key in keys.list():
        if key.principal in names and key.revoked_at is None:
            keys.revoke(key.key_id)
    return {actor.principal: keys.create(actor.principal, actor.role).token for actor in EVERYBODY}
