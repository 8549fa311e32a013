"""Operations as data: one row each, in modules by subject like the models."""

from typing import Generic, NamedTuple, TypeVar

from ..errors import ServiceError
from ..models.members import KMSResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)


class Operation(NamedTuple, Generic[RequestT, ResponseT]):
    """What the call loop must know of an operation.

    `errors` are the ones the API reference declares for it, beside those that any call can meet.
    `replay_safe` says that sending it twice does no harm, so that a lost answer may be asked for again.
    """

    name: str
    request: type[RequestT]
    response: type[ResponseT]
    errors: tuple[type[ServiceError], ...]
    replay_safe: bool
