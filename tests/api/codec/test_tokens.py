"""Tokens open the codec server by an audience of its own."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from adapters.database import Database
from adapters.jwks import GivenKeys
from adapters.keyring import SqlKeyring
from adapters.oidc import BearerTokens, Trust
from api.authentication import Credentials, KeyRing
from sop.access_log import Via
from sop.models import Role
from tests.api.codec.house import CANARY, INQUIRY, UI, asked, fill, open_house, sealed, texts

ISSUER, AUDIENCE = "https://login.example/", "handrail-codec"
KEY = ECKey.generate_key("P-256", parameters={"kid": "1", "alg": "ES256", "use": "sig"})


def token(audience: str = AUDIENCE, role: Role = Role.CSR, lives_s: int = 300) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": audience, "sub": "ana", "roles": [str(role)],
        "iat": now - 60, "exp": now - 60 + lives_s,
    }  # fmt: skip
    header = {"alg": "ES256", "kid": "1", "typ": "at+jwt"}
    return jwt.encode(header, claims, KEY, algorithms=["ES256"])


@pytest.mark.clause("INQ-3.1")
@pytest.mark.parametrize(
    ("made", "status"),
    [
        (token, 200),
        (partial(token, "handrail"), 401),
        (partial(token, role=Role.OPERATOR), 403),
        (partial(token, lives_s=1), 401),
        (lambda: token()[:-2], 401),
    ],
    ids=["for the codec server", "for the API", "of no reader", "expired", "cut"],
)
async def test_a_token_opens_by_the_codec_servers_own_audience(
    database: Database, keyring: SqlKeyring, made: Callable[[], str], status: int
) -> None:
    fill(database)
    keys = GivenKeys(_public())
    async with open_house(database, keyring) as house:
        ring = KeyRing(house.keys)
        tokens = BearerTokens(Trust(issuer=ISSUER, audience=AUDIENCE), keys)
        house.trust(Credentials(ring, tokens))
        answer = await house.decode(asked(await sealed(keyring, INQUIRY)), token=made(), Origin=UI)
        assert answer.status_code == status, answer.text
        if status == 200:
            assert texts(answer) == [CANARY]
            assert [(e.principal, e.via) for e in house.entries()] == [("ana", Via.TOKEN)]
        else:
            assert not house.entries()


def _public() -> str:
    return json.dumps(KeySet([KEY]).as_dict(private=False))
