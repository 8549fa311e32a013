"""Operations as data: one row each, in modules by subject like the models."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ..models.members import KMSResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)

KEY_ID = (("key_id", "key_id"),)
"""What most operations echo: the key that they were asked to use."""


class Operation(NamedTuple, Generic[RequestT, ResponseT]):
    """What the call loop must know of an operation.

    `mutating` says that it changes something, so that whoever gets no answer must be told that it may be done.
    `idempotent` says that sending it twice does no harm and gives no other answer than sending it once, so
    that a lost answer may be asked for again; where that depends on the request, it is asked.
    `items`, of an operation that answers in pages, is the member of the response that holds a page's items.
    All such operations are asked with `limit` and `marker`, and answer with `next_marker` and `truncated`.
    `echoes` pairs members of the request with those of the response that name the same key; a name with a dot
    leads into a member, or into each item of a listing. `check` looks at what a caller stakes security on, and
    raises for an answer that does not hold it.
    """

    name: str
    request: type[RequestT]
    response: type[ResponseT]
    idempotent: bool | Callable[[Any], bool]
    mutating: bool = False
    items: str | None = None
    echoes: Sequence[tuple[str, str]] = ()
    check: Callable[[Any, Any], None] | None = None

    def is_idempotent(self, request: RequestT) -> bool:
        """Say whether this request may be sent again where nobody knows if the first one was carried out."""
        return self.idempotent if isinstance(self.idempotent, bool) else self.idempotent(request)
