"""Lists in pages: `Limit` and `Marker` of a request, `Truncated` and `NextMarker` of its answer.

A marker is the place of the last item given, not a copy of the list: what is added behind it is seen, and what is
taken away before it shifts nothing. It is good for the operation, account and region that gave it.
"""

import base64
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from .calls import Call
from .faults import Fault

T = TypeVar("T")


def page(
    call: Call,
    member: str,
    items: Sequence[T],
    *,
    place: Callable[[T], str],
    wire: Callable[[T], object],
    default: int,
    largest: int,
) -> dict[str, object]:
    """Give an answer with one page of the items, which stand in the order of their `place`, each as `wire` has it.

    A page has `default` items where the request has no Limit, which may be `largest` at most. Raises `Fault`:
    ValidationException, InvalidMarkerException.
    """
    limit = call.members.integer("Limit", smallest=1, largest=largest) or default
    marker = call.members.text("Marker", longest=1024)
    start = 0 if marker is None else bisect_right(items, _place(call, marker), key=place)
    given = items[start : start + limit]
    truncated = start + limit < len(items)
    answer: dict[str, object] = {member: [wire(item) for item in given], "Truncated": truncated}
    if truncated:
        answer["NextMarker"] = _marker(call, place(given[-1]))
    return answer


def _marker(call: Call, place: str) -> str:
    return base64.urlsafe_b64encode((_origin(call) + place).encode("utf-8", "surrogatepass")).decode("ascii")


def _place(call: Call, marker: str) -> str:
    try:
        text = base64.urlsafe_b64decode(marker).decode("utf-8", "surrogatepass")
    except ValueError:
        text = ""
    if not text.startswith(_origin(call)):
        raise Fault("InvalidMarkerException", f"Invalid marker: {marker}")
    return text.removeprefix(_origin(call))


def _origin(call: Call) -> str:
    return f"{call.operation} {call.account_id} {call.region} "
