"""A process that makes the same call, unsigned, with what awskms_lite is made of: httpx, attrs and cattrs.

Written the way one would write it for a single operation. Nothing that we build on these libraries can be
quicker than this, unless it leaves out what they do by themselves.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any

import httpx
from attrs import fields, frozen, has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override


@frozen
class Request:
    key_id: str


@frozen
class Usage:
    operation: str | None = None
    timestamp: datetime | None = None
    cloud_trail_event_id: str | None = None
    kms_request_id: str | None = None


@frozen
class Answer:
    key_id: str | None = None
    key_last_usage: Usage | None = None
    tracking_start_date: datetime | None = None
    key_creation_date: datetime | None = None


def wire_names(cls: type) -> dict[str, Any]:
    return {field.name: override(rename=field.name.title().replace("_", "")) for field in fields(cls)}


converter = Converter()
converter.register_structure_hook_factory(
    has, lambda cls: make_dict_structure_fn(cls, converter, **wire_names(cls))
)
converter.register_unstructure_hook_factory(
    has, lambda cls: make_dict_unstructure_fn(cls, converter, **wire_names(cls))
)
converter.register_structure_hook(datetime, lambda seconds, _: datetime.fromtimestamp(seconds, UTC))


def ask(**how: Any) -> None:
    with httpx.Client(**how) as client:
        response = client.post(
            os.environ["AWS_ENDPOINT_URL"],
            content=json.dumps(converter.unstructure(Request("1234abcd-12ab-34cd-56ef-1234567890ab"))),
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "TrentService.GetKeyLastUsage",
            },
        )
    response.raise_for_status()
    usage = converter.structure(response.json(), Answer).key_last_usage
    if usage is not None and usage.timestamp is not None:
        print(usage.operation, usage.timestamp.isoformat(timespec="milliseconds"))
