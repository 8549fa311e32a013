"""Operations as data: one record each, in modules by subject like the models."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ..models.members import KMSResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)

KEY_ID = (("key_id", "key_id"),)
"""What most operations echo: the key that they were asked to use."""


class Operation(NamedTuple, Generic[RequestT, ResponseT]):
    """What the call loop must know about an operation.

    `mutating` is True if the operation changes something, so that a caller who gets no answer is told that it may
    have been executed. `idempotent` is True if sending a request twice does no harm and gives the same answer as
    sending it once, so that it is sent again after a lost answer; if that depends on the request, it is a function
    of the request.

    `items`, of an operation that answers in pages, is the member of the response that holds a page's items.
    All such operations take `limit` and `marker`, and answer with `next_marker` and `truncated`.

    `echoes` pairs members of the request with those of the response that name the same key; a name with a dot
    leads into a member, or into each item of a list. `check` gets the members of an answer under their wire names,
    before anything else looks at them, and raises the error for a signature or a MAC that is not valid.

    `for_recipient` is the response to a request with a `recipient`, an attested environment: KMS encrypts the
    secret part of the answer to its public key and leaves the plaintext out.
    """

    name: str
    request: type[RequestT]
    response: type[ResponseT]
    idempotent: bool | Callable[[Any], bool]
    mutating: bool = False
    items: str | None = None
    echoes: Sequence[tuple[str, str]] = ()
    check: Callable[[Mapping[str, Any]], None] | None = None
    for_recipient: type[ResponseT] | None = None

    def is_idempotent(self, request: RequestT) -> bool:
        """Return whether a request may be sent again when nobody knows if the first one was executed."""
        return self.idempotent if isinstance(self.idempotent, bool) else self.idempotent(request)

    def response_to(self, request: RequestT | None) -> type[ResponseT]:
        """Return the model of the answer to a request."""
        if self.for_recipient is not None and getattr(request, "recipient", None) is not None:
            return self.for_recipient
        return self.response
