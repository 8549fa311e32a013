"""Lists in pages: `Limit` and `Marker` of a request, `Truncated` and `NextMarker` of its answer.

A marker is the place of the last item given, not a copy of the list: what is added behind it is seen, and what is
taken away before it shifts nothing. It is good for the operation, account, region and choice of items it is from.
"""

import base64
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import ApiError
from .call import Call

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
    more: Sequence[T] = (),
    choice: str = "",
) -> dict[str, object]:
    """Give an answer with one page of the items, which stand in the order of their `place`, each as `wire` has it.

    A page has `default` items where the request has no Limit, which may be `largest` at most. The places of `more`
    come behind those of `items`, and no page has some of both. A marker is good for the one `choice`. Raises
    `ApiError`: ValidationException, InvalidMarkerException.
    """
    origin = f"{call.operation.name} {call.account_id} {call.region} {choice} "
    limit = call.members.integer("Limit", smallest=1, largest=largest) or default
    marker = call.members.text("Marker", longest=1024)
    last = "" if marker is None else _place(origin, marker)  # no place is empty, so none is before it
    start = bisect_right(items, last, key=place)
    if start == len(items) and more:
        items, more, start = more, (), bisect_right(more, last, key=place)
    given = items[start : start + limit]
    truncated = start + limit < len(items) or bool(more)
    answer: dict[str, object] = {member: [wire(item) for item in given], "Truncated": truncated}
    if truncated:
        answer["NextMarker"] = _marker(origin, place(given[-1]))
    return answer


def _marker(origin: str, place: str) -> str:
    return base64.urlsafe_b64encode((origin + place).encode("utf-8", "surrogatepass")).decode("ascii")


def _place(origin: str, marker: str) -> str:
    try:
        text = base64.urlsafe_b64decode(marker).decode("utf-8", "surrogatepass")
    except ValueError:
        text = ""
    if not text.startswith(origin):
        raise ApiError("InvalidMarkerException", f"Invalid marker: {marker}")
    return text.removeprefix(origin)
