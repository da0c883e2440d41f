"""Who acts in the demo, and the API keys with which they say so."""

import os
from collections.abc import Mapping
from pathlib import Path

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


def lay_out_key(path: Path, token: SecretStr) -> None:
    """Write a key into a file that only its owner reads, in the place of an earlier run's."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token.get_secret_value() + "\n")
