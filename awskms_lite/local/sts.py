"""STS behind the same socket: the AWS Query protocol, a form in and XML out, with two operations.

Sources: "AWS Query protocol" in the Smithy documentation; AssumeRole, GetCallerIdentity and "Common Errors" in the
AWS STS API reference.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import TypeAlias, cast
from urllib.parse import parse_qsl
from uuid import uuid4

from .auth.authorizer import Gate
from .auth.denials import Denials
from .auth.principals import Caller
from .auth.roles import SESSION_NAME, Role, Session, credentials_of, parse_role
from .clock import ServerClock
from .errors import Fault
from .http.messages import Request, Response
from .members import Members

ASSUME_ROLE = "AssumeRole"
GET_CALLER_IDENTITY = "GetCallerIdentity"
OPERATIONS = (ASSUME_ROLE, GET_CALLER_IDENTITY)

_VERSION = "2011-06-15"
_NAMESPACE = f"https://sts.amazonaws.com/doc/{_VERSION}/"
_HOUR = 60 * 60  # seconds
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What STS calls the errors that KMS has too, and with which status it sends them.
_NAMES: Mapping[str, tuple[str, int]] = {
    "ExpiredTokenException": ("ExpiredToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "ThrottlingException": ("Throttling", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ValidationException": ("ValidationError", 400),
}

_Content: TypeAlias = "str | Mapping[str, _Content]"


class Sts:
    """Lets whoever signs assume any role that can be named, and says who it is that signs."""

    def __init__(self, gate: Gate, denials: Denials, clock: ServerClock) -> None:
        self._gate = gate
        self._denials = denials
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """Give the answer to the request, whatever it asks."""
        request_id = str(uuid4())
        try:
            operation = self.operation_of(request)
            result = self._result(operation, request)
        except Fault as fault:
            code, status = _NAMES.get(fault.code, (fault.code, fault.status))
            return self.refuse(Fault(code, fault.message, status=status), request_id)
        content = {f"{operation}Result": result, "ResponseMetadata": {"RequestId": request_id}}
        return Response(200, _document(f"{operation}Response", content), request_id, "text/xml")

    @staticmethod
    def refuse(fault: Fault, request_id: str) -> Response:
        """Give the answer that tells of the fault."""
        error = {"Type": "Sender" if fault.status < 500 else "Receiver", "Code": fault.code}
        if fault.message is not None:
            error["Message"] = fault.message
        body = _document("ErrorResponse", {"Error": error, "RequestId": request_id})
        return Response(fault.status, body, request_id, "text/xml", code=fault.code)

    @staticmethod
    def operation_of(request: Request) -> str:
        """Give the operation that the request names; raise `Fault` where it is not here."""
        if request.method != "POST" or request.path != "/":
            raise Fault("UnknownOperationException", status=404)
        form = _form(request)
        action, version = form.get("Action"), form.get("Version", "")
        if action is None:
            raise Fault("MissingAction", "The request must contain the parameter Action.")
        if action not in OPERATIONS or version != _VERSION:
            raise Fault("InvalidAction", f"Could not find operation {action} for version {version}")
        return action

    def _result(self, operation: str, request: Request) -> _Content:
        caller = self._gate.admit(request, "sts", operation)
        if operation == GET_CALLER_IDENTITY:  # nothing denies it, a policy that says Deny neither
            return {"Arn": caller.arn, "UserId": caller.id, "Account": caller.account_id}
        session = self._assume_role(caller, Members(dict(_form(request))))
        # By the clock that the Date header tells: a client may have set its own by that.
        return _assumed(session, expires_at=session.expires_at + self._clock.ahead())

    def _assume_role(self, caller: Caller, members: Members) -> Session:
        role = _role(members)
        name = members.required_text("RoleSessionName", shortest=2, longest=64, pattern=SESSION_NAME)
        duration = _duration(members, caller)
        if self._denials.concern(ASSUME_ROLE, caller, account_id=role.account_id):
            raise Fault(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role.arn}",
                status=403,
            )
        return Session(role, name, int(self._clock.unmoved()) + duration)


def is_form(request: Request) -> bool:
    """Say whether a request speaks the Query protocol, whoever it is for."""
    kinds = request.values("content-type")
    return len(kinds) == 1 and kinds[0].lower().startswith(b"application/x-www-form-urlencoded")


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _role(members: Members) -> Role:
    role = parse_role(members.required_text("RoleArn", shortest=20, longest=2048))
    if role is None:
        raise Fault("ValidationException", "Request ARN is invalid")
    return role


def _duration(members: Members, caller: Caller) -> int:
    """Give the seconds that the session is to last; a role that is assumed out of a role lasts an hour at most."""
    text = members.text("DurationSeconds", shortest=0, longest=2048)
    if text is None:
        return _HOUR
    if not _NUMBER.fullmatch(text):
        raise Fault("ValidationException", f"DurationSeconds '{text}' is no number of seconds.")
    number = Members({"DurationSeconds": int(text)})
    duration = cast(int, number.integer("DurationSeconds", smallest=900, largest=12 * _HOUR))
    if caller.session is not None and duration > _HOUR:
        raise Fault(
            "ValidationException",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    return duration


def _assumed(session: Session, *, expires_at: float) -> _Content:
    credentials = credentials_of(session)
    expiration = datetime.fromtimestamp(expires_at, UTC)
    return {
        "AssumedRoleUser": {"AssumedRoleId": session.id, "Arn": session.arn},
        "Credentials": {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token or "",
            "Expiration": f"{expiration:%Y-%m-%dT%H:%M:%SZ}",
        },
    }


def _document(name: str, content: Mapping[str, _Content]) -> bytes:
    return f'<{name} xmlns="{_NAMESPACE}">{_xml(content)}</{name}>\n'.encode()


def _xml(content: _Content) -> str:
    if isinstance(content, str):
        return escape(_NO_XML.sub("\ufffd", content), quote=False)
    return "".join(f"<{name}>{_xml(part)}</{name}>" for name, part in content.items())
