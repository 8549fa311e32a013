"""Calls that may be repeated or not by what they say, seen through both clients when an answer is lost."""

from functools import partial
from typing import Any

import httpx
import pytest
from support.servers import CREDENTIALS, Way

from awskms_lite.errors import TransportError
from awskms_lite.models.importing import ImportType

GRANT = {"operations": ["Decrypt"], "grantee_principal": "arn:aws:iam::111122223333:role/reader"}
MATERIAL = {"import_token": b"token", "encrypted_key_material": b"wrapped"}


class Forgetful:
    """A KMS that loses its first answer, and keeps what it was sent."""

    def __init__(self, way: Way) -> None:
        self.sent: list[bytes] = []
        self._way = way
        http_client = way.http_client(transport=httpx.MockTransport(self._answer))
        options = {"region": "us-east-2", "environ": {}, "credentials": CREDENTIALS, "http_client": http_client}
        self._client = way.client(**options).client

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.content)
        if len(self.sent) == 1:
            raise httpx.ReadTimeout("lost")
        return httpx.Response(200, json={"GrantId": "g", "GrantToken": "t"})

    def call(self, method: str, members: dict[str, object]) -> Any:
        return self._way.run(partial(getattr(self._client, method), "k", **members))


@pytest.mark.parametrize(
    ("method", "members"),
    [
        ("create_grant", {**GRANT, "name": "backup"}),
        ("import_key_material", MATERIAL),
        ("import_key_material", {**MATERIAL, "import_type": ImportType.EXISTING_KEY_MATERIAL}),
    ],
)
def test_what_a_second_call_only_confirms_is_sent_again(way: Way, method: str, members: dict[str, object]) -> None:
    """A name makes one grant of two requests, and a key takes material that it has: a lost answer is no loss."""
    kms = Forgetful(way)
    assert kms.call(method, members).metadata.attempts == 2
    assert kms.sent[0] == kms.sent[1]


@pytest.mark.parametrize(
    ("method", "members"),
    [
        ("create_grant", GRANT),
        ("import_key_material", {**MATERIAL, "import_type": ImportType.NEW_KEY_MATERIAL}),
        ("import_key_material", {**MATERIAL, "import_type": "NEW_KEY_MATERIAL"}),
    ],
)
def test_what_a_second_call_would_double_is_sent_once(way: Way, method: str, members: dict[str, object]) -> None:
    """Without a name there would be two grants, and material is new but once; the error says it may be done."""
    kms = Forgetful(way)
    with pytest.raises(TransportError, match="may have been executed") as caught:
        kms.call(method, members)
    assert caught.value.outcome_unknown
    assert len(kms.sent) == 1
