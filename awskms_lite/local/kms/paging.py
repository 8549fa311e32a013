"""Lists in pages: `Limit` and `Marker` of a request, `Truncated` and `NextMarker` of its response.

A marker holds the sort key of the last item returned: an item that is added after it is listed, and one that is
removed before it does not shift the rest. It is valid for the same operation, account, region and choice of items.
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
    sort_key: Callable[[T], str],
    wire: Callable[[T], object],
    default: int,
    largest: int,
    more: Sequence[T] = (),
    choice: str = "",
) -> dict[str, object]:
    """Return a response with one page of the items, which are sorted by `sort_key`, each as `wire` makes it.

    A page has `default` items without a Limit, which may be `largest` at most. The sort keys of `more` come after
    those of `items`, and no page has items of both. A marker is valid only for the same `choice`. Raises
    `ApiError`: ValidationException, InvalidMarkerException.
    """
    origin = f"{call.operation.name} {call.account_id} {call.region} {choice} "
    limit = call.members.integer("Limit", smallest=1, largest=largest) or default
    marker = call.members.text("Marker", longest=1024)
    # No sort key is empty, so without a marker every item comes after the last one returned.
    last = "" if marker is None else _last_sort_key(origin, marker)
    start = bisect_right(items, last, key=sort_key)
    if start == len(items) and more:
        items, more, start = more, (), bisect_right(more, last, key=sort_key)
    given = items[start : start + limit]
    truncated = start + limit < len(items) or bool(more)
    answer: dict[str, object] = {member: [wire(item) for item in given], "Truncated": truncated}
    if truncated:
        answer["NextMarker"] = _marker(origin, sort_key(given[-1]))
    return answer


def _marker(origin: str, sort_key: str) -> str:
    return base64.urlsafe_b64encode((origin + sort_key).encode("utf-8", "surrogatepass")).decode("ascii")


def _last_sort_key(origin: str, marker: str) -> str:
    try:
        text = base64.urlsafe_b64decode(marker).decode("utf-8", "surrogatepass")
    except ValueError:
        text = ""
    if not text.startswith(origin):
        raise ApiError("InvalidMarkerException", f"Invalid marker: {marker}")
    return text.removeprefix(origin)
