"""What every response shares, and the rules for key ids."""

import re
from typing import NamedTuple

from attrs import Attribute, field, frozen

from ..errors import ParameterError

# Patterns, not compiled ones: importing this is part of every start.
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_KEY_ARN = r"arn:[a-z0-9-]+:kms:[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]:[0-9]{12}:key/[^/:]+"
_WANTED = "a key id like '1234abcd-12ab-34cd-56ef-1234567890ab', or the key's ARN"
"""What to pass, for every error about a key id."""


class ResponseMetadata(NamedTuple):
    """The HTTP exchange of an answer: KMS's request id, the status, and how often the call was sent."""

    request_id: str | None
    status_code: int | None
    attempts: int


@frozen(kw_only=True)
class KMSResponse:
    """The base of all responses. `metadata` is not part of `==`, `repr` and `hash`."""

    metadata: ResponseMetadata = field(default=ResponseMetadata(None, None, 0), eq=False, repr=False)


def check_key_id(_: object, attribute: "Attribute[str]", value: object) -> None:
    """Check a `KeyId`: a key id or a key ARN of 1 to 2048 characters, and no alias.

    Raise `ParameterError` for what KMS would refuse (API reference, GetKeyLastUsage, KeyId).
    """
    name = attribute.name
    if not isinstance(value, str):
        raise ParameterError(f"{name} must be a str, not {type(value).__name__}: pass {_WANTED}.")
    if not 1 <= len(value) <= 2048:
        raise ParameterError(f"{name} has {len(value)} characters, not 1 to 2048: pass {_WANTED}.")
    if re.search(_CONTROL, value):
        raise ParameterError(f"{name} {value!r} holds a control character (a line end?): pass {_WANTED}.")
    check_no_alias(name, value)
    if value.startswith("arn:") and not re.fullmatch(_KEY_ARN, value):
        raise ParameterError(f"{name} {value!r} is an ARN, but not of a KMS key: pass {_WANTED}.")


def check_no_alias(name: str, value: str) -> None:
    """Raise `ParameterError` for an alias name or an alias ARN, in the place of a key id or a key ARN."""
    if value.startswith("alias/") or (value.startswith("arn:") and ":alias/" in value):
        raise ParameterError(
            f"{name} {value!r} is an alias, which this operation does not take: pass {_WANTED}; "
            "DescribeKey and ListAliases tell which key an alias stands for, resolve_key() returns its ARN."
        )
