"""STS behind the same socket: the AWS Query protocol, a form in and XML out, with two operations.

Sources: "AWS Query protocol" in the Smithy documentation; AssumeRole, GetCallerIdentity and "Common Errors" in the
AWS STS API reference.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import TypeAlias, cast
from urllib.parse import parse_qsl
from uuid import uuid4

from .auth.authorizer import Authorizer
from .auth.denials import Denials
from .auth.principals import Caller
from .auth.roles import SESSION_NAME, Role, Session, credentials_of, parse_role
from .clock import ServerClock
from .errors import ApiError
from .http.messages import Request, Response
from .http.service_call import ServiceCall
from .members import Members

ASSUME_ROLE = "AssumeRole"
GET_CALLER_IDENTITY = "GetCallerIdentity"
OPERATIONS = (ASSUME_ROLE, GET_CALLER_IDENTITY)

_VERSION = "2011-06-15"
_NAMESPACE = f"https://sts.amazonaws.com/doc/{_VERSION}/"
_HOUR = 60 * 60  # seconds
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The name and the HTTP status at STS of the errors that go by KMS's names in `auth`.
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
    """STS: lets every signed caller assume any role, and returns the identity of the caller."""

    def __init__(self, authorizer: Authorizer, denials: Denials, clock: ServerClock) -> None:
        self._authorizer = authorizer
        self._denials = denials
        self._clock = clock

    def parse(self, request: Request) -> ServiceCall:
        """Return the request as a call of one operation, or as one that is refused; raise nothing."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            operation = _operation_of(request, form)
        except ApiError as error:
            return ServiceCall(None, partial(self.refuse, error, str(uuid4())), self.refuse)
        return ServiceCall(operation, partial(self._answer, operation, request, form), self.refuse)

    @staticmethod
    def refuse(error: ApiError, request_id: str) -> Response:
        """Return the error as STS sends it."""
        content = {"Type": "Sender" if error.status < 500 else "Receiver", "Code": error.code}
        if error.message is not None:
            content["Message"] = error.message
        body = _document("ErrorResponse", {"Error": content, "RequestId": request_id})
        return Response(error.status, body, request_id, "text/xml", code=error.code)

    def _answer(self, operation: str, request: Request, form: Mapping[str, str]) -> Response:
        request_id = str(uuid4())
        try:
            caller = self._authorizer.authorize(request, "sts", operation)
            result = self._result(operation, caller, form)
        except ApiError as error:
            code, status = _NAMES.get(error.code, (error.code, error.status))
            return self.refuse(ApiError(code, error.message, status=status), request_id)
        content = {f"{operation}Result": result, "ResponseMetadata": {"RequestId": request_id}}
        return Response(200, _document(f"{operation}Response", content), request_id, "text/xml")

    def _result(self, operation: str, caller: Caller, form: Mapping[str, str]) -> _Content:
        if operation == GET_CALLER_IDENTITY:  # no policy can deny it
            return {"Arn": caller.arn, "UserId": caller.id, "Account": caller.account_id}
        session = self._assume_role(caller, Members(dict(form)))
        # By the clock of the Date header, which a client may have set its own clock by.
        return _assumed(session, expires_at=session.expires_at + self._clock.advanced_by())

    def _assume_role(self, caller: Caller, members: Members) -> Session:
        if caller.is_root:
            raise ApiError("AccessDenied", "Roles may not be assumed by root accounts.", status=403)
        role = _role(members)
        name = members.required_text("RoleSessionName", shortest=2, longest=64, pattern=SESSION_NAME)
        duration = _duration(members, caller)
        if self._denials.matches(ASSUME_ROLE, caller, account_id=role.account_id):
            raise ApiError(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role.arn}",
                status=403,
            )
        return Session(role, name, int(self._clock.unadvanced()) + duration)


def is_form(request: Request) -> bool:
    """Return whether the body of a request is a form, as in the AWS Query protocol."""
    kinds = request.values("content-type")
    return len(kinds) == 1 and kinds[0].lower().startswith(b"application/x-www-form-urlencoded")


def _operation_of(request: Request, form: Mapping[str, str]) -> str:
    """Return the operation that the request names; raise `ApiError` if this STS does not have it."""
    if request.method != "POST" or request.path != "/":
        raise ApiError("UnknownOperationException", status=404)
    action, version = form.get("Action"), form.get("Version", "")
    if action is None:
        raise ApiError("MissingAction", "The request must contain the parameter Action.")
    if action not in OPERATIONS or version != _VERSION:
        raise ApiError("InvalidAction", f"Could not find operation {action} for version {version}")
    return action


def _role(members: Members) -> Role:
    role = parse_role(members.required_text("RoleArn", shortest=20, longest=2048))
    if role is None:
        raise ApiError("ValidationException", "Request ARN is invalid")
    return role


def _duration(members: Members, caller: Caller) -> int:
    """Return the session's duration in seconds; a role assumed by a role's session lasts an hour at most."""
    text = members.text("DurationSeconds", shortest=0, longest=2048)
    if text is None:
        return _HOUR
    if not _NUMBER.fullmatch(text):
        raise ApiError("ValidationException", f"DurationSeconds '{text}' is no number of seconds.")
    number = Members({"DurationSeconds": int(text)})
    duration = cast(int, number.integer("DurationSeconds", smallest=900, largest=12 * _HOUR))
    if caller.session is not None and duration > _HOUR:
        raise ApiError(
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
        return escape(_NOT_XML.sub("\ufffd", content), quote=False)
    return "".join(f"<{name}>{_xml(part)}</{name}>" for name, part in content.items())
