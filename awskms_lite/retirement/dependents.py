"""Who depends on a key, as far as KMS and CloudTrail tell: services, and the resources that they name. Pure.

Encryption contexts name what a key is for, because every AWS service passes one. What is found is a floor and no
proof: services hold some grants only briefly, and what nobody has touched for months leaves no trace.
Sources: "How AWS services use AWS KMS" in the AWS KMS Developer Guide, and the pages on encryption at rest of
DynamoDB and RDS.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

CLOCKED = ("dynamodb", "rds")
"""Services that give up on data whose key they cannot reach, after a time that no retirement can extend."""

_CONTEXTS = {
    "aws:s3:arn": ("s3", "bucket or object"),
    "aws:ebs:id": ("ebs", "volume"),
    "aws:rds:db-id": ("rds", "database"),
    "aws:rds:dbc-id": ("rds", "cluster"),
    "aws:dynamodb:tablename": ("dynamodb", "table"),
    "secretarn": ("secretsmanager", "secret"),
    "parameter_arn": ("ssm", "parameter"),
}
"""By the key of a pair in an encryption context, in lower case: the service, and what the value names."""
_SERVICE_OF_CONTEXT = re.compile(r"aws:([a-z0-9-]+):[a-z0-9:_-]+", re.IGNORECASE)
_SERVICE_NAME = re.compile(r"([a-z0-9*-]+(?:\.[a-z0-9*-]+)*)\.amazonaws\.com(?:\.cn)?", re.IGNORECASE)
_LINKED_ROLE = re.compile(r"arn:[^:]+:iam::[^:]*:role/aws-service-role/([^/]+)/.+", re.IGNORECASE)
"""A role that is linked to a service, whose path names it."""
_LINKED_SESSION = re.compile(r"arn:[^:]+:sts::[^:]*:assumed-role/AWSServiceRoleFor([^/]+)/.+", re.IGNORECASE)
"""A session of such a role, whose ARN has only its name, as in "AWSServiceRoleForRDS"."""
_NOT_RESOURCES = ("aws:dynamodb:subscriberid", "aws-crypto-public-key")
"""Keys of pairs that name an account or a signature, and nothing that depends on the key."""


@frozen
class Dependent:
    """A service, and what of it uses the key, if that is known; `source` says where it is named."""

    service: str
    resource: str | None
    source: str

    def __str__(self) -> str:
        """Return it in one line."""
        what = self.service if self.resource is None else f"{self.service} {self.resource}"
        return f"{what} ({self.source})"


def from_context(context: Mapping[str, str] | None, source: str) -> Iterator[Dependent]:
    """Yield what an encryption context names."""
    for name, value in (context or {}).items():
        folded = name.lower()
        if folded in _NOT_RESOURCES:
            continue
        known, general = _CONTEXTS.get(folded), _SERVICE_OF_CONTEXT.fullmatch(name)
        if known is not None:
            yield Dependent(known[0], f"{known[1]} {value}", source)
        elif general is not None:
            yield Dependent(general[1].lower(), value, source)


def from_principal(name: str | None, source: str) -> Iterator[Dependent]:
    """Yield the service that a caller or a grantee is of; nothing for any other caller.

    It is named by its principal, as in "s3.us-east-2.amazonaws.com", or by a role that is linked to it.
    """
    linked = _LINKED_ROLE.fullmatch(name or "")
    service, session = (
        _SERVICE_NAME.fullmatch(linked[1] if linked else name or ""),
        _LINKED_SESSION.fullmatch(name or ""),
    )
    if service is not None:
        yield Dependent(_service_in(service[1].lower().split(".")), None, source)
    elif session is not None:
        role = session[1].lower()
        yield Dependent(next((known for known in CLOCKED if known in role), role), None, source)


def _service_in(labels: Sequence[str]) -> str:
    """Return the service in a name: the first label but for parts of those that matter most, as "custom.rds"."""
    return next((name for name in CLOCKED if name in labels), labels[0])


def from_via_service(pattern: str, source: str) -> Iterator[Dependent]:
    """Yield the service that a value of `kms:ViaService` names, or may name by its wildcards."""
    service = pattern.strip().lower().partition(".")[0]
    if service:
        yield Dependent(service, None, source)


def from_arn(arn: str | None, source: str) -> Iterator[Dependent]:
    """Yield the resource that an ARN names."""
    parts = (arn or "").split(":", 5)
    if len(parts) == 6 and parts[2]:
        yield Dependent(parts[2], arn, source)


def distinct(dependents: Iterable[Dependent]) -> list[Dependent]:
    """Return each service and resource once; a service alone only where none of its resources is known."""
    found: dict[tuple[str, str | None], Dependent] = {}
    for each in dependents:
        found.setdefault((each.service, each.resource), each)
    named = {service for service, resource in found if resource is not None}
    return [each for each in found.values() if each.resource is not None or each.service not in named]


def clocked(dependents: Iterable[Dependent]) -> list[str]:
    """Return the services among these that lose data which they cannot decrypt for long; both for any service."""
    services = {each.service for each in dependents}
    return [name for name in CLOCKED if any(_may_begin(f"{service}.", f"{name}.") for service in services)]


def _may_begin(pattern: str, start: str) -> bool:
    """Return whether a pattern with wildcards matches some text that begins so: `*` may take in dots too."""
    reached = {0}  # positions in the pattern that the letters so far can lead to
    for letter in start:
        behind_stars = _behind_stars(pattern, reached)
        stay = {at for at in behind_stars if pattern[at : at + 1] == "*"}
        reached = stay | {at + 1 for at in behind_stars if pattern[at : at + 1] in (letter, "?")}
    return bool(reached)


def _behind_stars(pattern: str, positions: Iterable[int]) -> set[int]:
    """Return the positions, and those that a `*` for no letter leads to."""
    found: set[int] = set()
    for position in positions:
        at = position
        found.add(at)
        while pattern[at : at + 1] == "*":
            at += 1
            found.add(at)
    return found
