"""Grants: CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

A grant has its effect at once, so the grant tokens in other requests are not needed and not read.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping

from attrs import evolve

from ..arns import ARN
from ..auth.accounts import keyed_digest
from ..auth.principals import parse_principal, root_of
from ..errors import ApiError
from ..members import Members
from .call import Call
from .keys import Grant, Key
from .paging import page
from .usage import refuse_dry_run

_Principal = tuple[str | None, str | None]
"""The ARN of a principal, or the name of a service of AWS; the other one is None."""

_NOBODY: _Principal = (None, None)
_PRINCIPAL = r"^[\w+=,.@:/-]+$"
_SERVICE = r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$"
_SOURCE_ARN = r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$"
_FEDERATED_USER = re.compile(r"arn:aws[a-z-]*:sts::[0-9]{12}:federated-user/.+")
_GRANT_ID = re.compile(r"[0-9a-f]{64}")
_DIGEST_BYTES = 32
_MAX_PAIRS = 8  # in the encryption context of a constraint (GrantConstraints, API reference)
_MAX_CONTEXT = 384  # characters of such an encryption context
_CONTEXTS = ("EncryptionContextEquals", "EncryptionContextSubset")
_ANY_KEY = ("CreateGrant", "DescribeKey", "RetireGrant")
# The operations that a grant can allow for a key, by its usage ("Grant operations", KMS developer guide).
_DATA_KEYS = (
    "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
)  # fmt: skip
_ENCRYPTION = ("Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo")
_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "ENCRYPT_DECRYPT": _ENCRYPTION,
    "SIGN_VERIFY": ("Sign", "Verify"),
    "GENERATE_VERIFY_MAC": ("GenerateMac", "VerifyMac"),
    "KEY_AGREEMENT": ("DeriveSharedSecret",),
    "ENCAPSULATE_DECAPSULATE": ("Encapsulate", "Decapsulate"),
}
_GRANTABLE = (*_ANY_KEY, *_DATA_KEYS, "GetPublicKey", *(name for names in _OPERATIONS.values() for name in names))


def create_grant(call: Call) -> dict[str, object]:
    """Create a grant; with a `Name`, one that is there already is returned again, under a new token."""
    members = call.members
    grantee, retiring = _principal(members, "Grantee", required=True), _principal(members, "Retiring")
    operations = tuple(dict.fromkeys(members.choices("Operations", _GRANTABLE, longest=len(_GRANTABLE))))
    if not operations:
        raise ApiError("ValidationException", "Operations must not be null or empty.")
    constraints = _constraints(members)
    name = members.text("Name", longest=256, pattern="^[a-zA-Z0-9:/_-]+$")
    _check_principals(grantee, retiring, constraints, call.region)
    key = call.key()
    _check_suits(key, operations, constraints)
    refuse_dry_run(call)
    issuer, number = root_of(call.region, call.account_id), call.store.next_number()
    grant_id = secrets.token_hex(32)
    new = Grant(grant_id, key.arn, call.time, issuer, operations, constraints, *grantee, *retiring, name, number)
    same = next((old for old in key.grants.values() if name is not None and _is_same(old, new)), None)
    if same is None:
        call.store.add_grant(key, new)
    return {"GrantId": (same or new).id, "GrantToken": _token(same or new)}


def list_grants(call: Call) -> dict[str, object]:
    """List the grants of the key, or those of one id or grantee."""
    members = call.members
    grant_id = members.text("GrantId", longest=128)
    grantee = _principal(members, "Grantee")
    key = call.key()
    grants = [
        grant
        for grant in key.grants.values()
        if grant_id in (None, grant.id) and (grantee in (_NOBODY, (grant.grantee, grant.grantee_service)))
    ]
    choice = f"{key.key_id} {grant_id} {grantee}"
    return page(call, "Grants", grants, sort_key=_sort_key, wire=_entry, default=50, largest=100, choice=choice)


def list_retirable_grants(call: Call) -> dict[str, object]:
    """List the grants in this region that a principal of the caller's account, or a service, may retire."""
    retiring = _principal(call.members, "Retiring", required=True)
    caller = None if retiring[0] is None else parse_principal(retiring[0], call.region)
    if caller is not None and caller.account_id != call.account_id:
        call.deny(retiring[0] or "*")
    grants = [
        grant for grant in call.store.grants(call.region) if retiring == (grant.retiring, grant.retiring_service)
    ]
    choice = str(retiring)
    return page(call, "Grants", grants, sort_key=_sort_key, wire=_entry, default=50, largest=100, choice=choice)


def revoke_grant(call: Call) -> dict[str, object]:
    """Delete a grant of the key."""
    grant_id = call.members.required_text("GrantId", longest=128)
    key = call.key()
    grant = _grant(key, grant_id)
    refuse_dry_run(call)
    call.store.remove_grant(key, grant)
    return {}


def retire_grant(call: Call) -> dict[str, object]:
    """Delete the grant of a token, or of a key and a grant id.

    Its retiring principal may do so, its grantee if the grant allows RetireGrant, and the account that created it.
    """
    key, grant = _grant_to_retire(call)
    principals = call.caller.principals
    is_grantee = "RetireGrant" in grant.operations and grant.grantee in principals
    if not is_grantee and grant.retiring not in principals and grant.issuing_account not in principals:
        call.deny(key.arn)
    refuse_dry_run(call)
    call.store.remove_grant(key, grant)
    return {}


def _grant_to_retire(call: Call) -> tuple[Key, Grant]:
    members = call.members
    token = members.text("GrantToken", longest=8192)
    grant_id = members.text("GrantId", longest=128)
    if token is None:
        if grant_id is None or "KeyId" not in members:
            raise ApiError("ValidationException", "Specify a GrantToken, or both a KeyId and a GrantId.")
        key = call.key()
        if key.account_id != call.account_id and grant_id not in key.grants:
            call.deny(key.arn)
        return key, _grant(key, grant_id)
    key_arn, grant_id = _named_by(token) or ("", "")
    match = ARN.fullmatch(key_arn)
    found = call.store.find(match[3], match[2], match[5]) if match and match[2] == call.region else None
    grant = None if found is None else found.grants.get(grant_id)
    if found is None or grant is None:
        raise ApiError("InvalidGrantTokenException", "The grant token is not valid, or its grant is gone.")
    return call.checked(call.permitted(found)), grant


def _principal(members: Members, role: str, *, required: bool = False) -> _Principal:
    """Return the grantee or the retiring principal: the ARN of a principal, or the name of a service of AWS."""
    principal = members.text(f"{role}Principal", longest=256, pattern=_PRINCIPAL)
    service = members.text(f"{role}ServicePrincipal", longest=128, pattern=_SERVICE)
    if principal is not None and service is not None:
        raise ApiError(
            "ValidationException",
            f"You cannot specify {role}Principal and {role}ServicePrincipal in the same request.",
        )
    if required and principal is None and service is None:
        raise ApiError("ValidationException", f"Specify {role}Principal or {role}ServicePrincipal.")
    return principal, service


def _constraints(members: Members) -> dict[str, object]:
    given = members.structure("Constraints")
    if given is None:
        return {}
    constraints: dict[str, object] = {}
    for name in _CONTEXTS:
        context = given.string_map(name)
        if len(context) > _MAX_PAIRS or len("".join([*context, *context.values()])) > _MAX_CONTEXT:
            raise ApiError(
                "ValidationException",
                f"{name} has at most {_MAX_PAIRS} pairs, and {_MAX_CONTEXT} characters in all.",
            )
        if context:
            constraints[name] = context
    source = given.text("SourceArn", shortest=20, longest=512, pattern=_SOURCE_ARN)
    return constraints if source is None else constraints | {"SourceArn": source}


def _check_suits(key: Key, operations: tuple[str, ...], constraints: Mapping[str, object]) -> None:
    """Raise `ApiError` for an operation or a constraint that is not for keys of this kind."""
    spec, usage = key.shared.spec, key.shared.usage
    is_symmetric = spec == "SYMMETRIC_DEFAULT"
    allowed = {*_ANY_KEY, *_OPERATIONS[usage]}
    if is_symmetric:
        allowed.update(_DATA_KEYS)
    elif not spec.startswith("HMAC"):
        allowed.add("GetPublicKey")
    wrong = [name for name in operations if name not in allowed]
    if wrong:
        raise ApiError(
            "ValidationException", f"{wrong[0]} is not an operation for {spec} keys with usage {usage}."
        )
    if not is_symmetric and any(name in constraints for name in _CONTEXTS):
        raise ApiError("ValidationException", f"Encryption context constraints are not for {spec} keys.")


def _check_principals(
    grantee: _Principal, retiring: _Principal, constraints: Mapping[str, object], region: str
) -> None:
    """Raise `ApiError` for a principal that there cannot be, and for a service without what it needs."""
    if grantee[1] is not None and ("SourceArn" not in constraints or retiring == _NOBODY):
        raise ApiError(
            "ValidationException",
            "A GranteeServicePrincipal requires a SourceArn constraint and a RetiringPrincipal or "
            "RetiringServicePrincipal.",
        )
    for principal, _ in (grantee, retiring):
        if principal is not None and not _is_principal(principal, region):
            raise ApiError("InvalidArnException", f"ARN does not refer to a valid principal: {principal}")


def _is_principal(principal: str, region: str) -> bool:
    """Return whether this is the ARN of a principal, or the name of a service with grants of its own."""
    if principal.endswith(".amazonaws.com") or _FEDERATED_USER.fullmatch(principal):
        return True
    return principal.startswith("arn:") and parse_principal(principal, region) is not None


def _is_same(old: Grant, new: Grant) -> bool:
    return evolve(new, id=old.id, created=old.created, sequence=old.sequence) == old


def _grant(key: Key, grant_id: str) -> Grant:
    if not _GRANT_ID.fullmatch(grant_id):
        raise ApiError("InvalidGrantIdException", f"Invalid grant id {grant_id}")
    grant = key.grants.get(grant_id)
    if grant is None:
        raise ApiError("NotFoundException", f"Grant ID {grant_id} not found")
    return grant


def _token(grant: Grant) -> str:
    """Return a token for the grant, a new one each time; it names the key and the grant behind a MAC."""
    text = f"{grant.key_arn} {grant.id} {secrets.token_hex(8)}"
    return base64.b64encode(keyed_digest(f"grant {text}") + text.encode("ascii")).decode("ascii")


def _named_by(token: str) -> tuple[str, str] | None:
    """Return the key ARN and the grant id in a token, None if this server did not make it."""
    try:
        decoded = base64.b64decode(token, validate=True)
        text = decoded[_DIGEST_BYTES:].decode("ascii")
        key_arn, grant_id, _ = text.split(" ")
    except ValueError:
        return None
    is_ours = hmac.compare_digest(decoded[:_DIGEST_BYTES], keyed_digest(f"grant {text}"))
    return (key_arn, grant_id) if is_ours else None


def _sort_key(grant: Grant) -> str:
    return f"{grant.sequence:012}"


def _entry(grant: Grant) -> dict[str, object]:
    entry: dict[str, object] = {
        "KeyId": grant.key_arn,
        "GrantId": grant.id,
        "Name": grant.name or "",
        "CreationDate": grant.created / 1000,
        "GranteePrincipal": grant.grantee,
        "GranteeServicePrincipal": grant.grantee_service,
        "RetiringPrincipal": grant.retiring,
        "RetiringServicePrincipal": grant.retiring_service,
        "IssuingAccount": grant.issuing_account,
        "Operations": list(grant.operations),
        "Constraints": dict(grant.constraints) or None,
    }
    return {name: value for name, value in entry.items() if value is not None}
