"""Operations as data: one record each, in modules by subject like the models, and one for each service."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ..models.members import KMSResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)

KEY_ID = (("key_id", "key_id"),)
"""What most operations echo: the key that they were asked to use."""


class Service(NamedTuple):
    """What the calls to a service have in common.

    `name` is its name in hosts, signatures and the configuration, `title` its name for people, and `target` what
    stands before an operation's name on the wire. If `paced` is True, clients are paced by default. `remedies`
    pairs codes of errors with what to do about them, if that is not the same for all services.
    """

    name: str
    title: str
    target: str
    paced: bool = False
    remedies: tuple[tuple[str, str], ...] = ()


KMS = Service(name="kms", title="KMS", target="TrentService")

CLOUDTRAIL = Service(
    name="cloudtrail",
    title="CloudTrail",
    target="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    paced=True,  # its quota is so low that a second lookup at once is throttled
    remedies=(
        ("AccessDeniedException", "Let the identity's own policy allow cloudtrail:LookupEvents on all resources."),
        ("ThrottlingException", "CloudTrail allows 2 lookups a second, all callers together: try again later."),
        ("UnsupportedOperationException", "Check that the region has CloudTrail's event history."),
    ),
)


ORGANIZATIONS = Service(
    name="organizations",
    title="Organizations",
    target="AWSOrganizationsV20161128",
    paced=True,  # all of the account's callers share 8 calls a second
    remedies=(
        (
            "AccessDeniedException",
            "Use the management account or a delegated one; allow organizations:ListAccounts.",
        ),
    ),
)


class PageMembers(NamedTuple):
    """The names of the members that lead from page to page, KMS's own by default.

    A request has `size` and `marker`, an answer `next_marker` and `truncated`. If `truncated` is None, an answer
    without a `next_marker` is the last. `largest` is the most items that a page may have, None for KMS's maximum,
    and `longest` the most characters of a marker.
    """

    size: str = "limit"
    marker: str = "marker"
    next_marker: str = "next_marker"
    truncated: str | None = "truncated"
    largest: int | None = None
    longest: int = 1024


class Operation(NamedTuple, Generic[RequestT, ResponseT]):
    """What the call loop must know about an operation.

    `mutating` is True if the operation changes something, so that a caller who gets no answer is told that it may
    have been executed. `idempotent` is True if sending a request twice does no harm and gives the same answer as
    sending it once, so that it is sent again after a lost answer; if that depends on the request, it is a function
    of the request.

    `items`, of an operation that answers in pages, is the member of the response that holds a page's items, and
    `pages` has the members that lead from one page to the next.

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
    service: Service = KMS
    pages: PageMembers = PageMembers()

    def is_idempotent(self, request: RequestT) -> bool:
        """Return whether a request may be sent again when nobody knows if the first one was executed."""
        return self.idempotent if isinstance(self.idempotent, bool) else self.idempotent(request)

    def response_to(self, request: RequestT | None) -> type[ResponseT]:
        """Return the model of the answer to a request."""
        if self.for_recipient is not None and getattr(request, "recipient", None) is not None:
            return self.for_recipient
        return self.response
