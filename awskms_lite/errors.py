"""Every error that leaves this package, in one tree.

    KMSLiteError
     +-- ConfigurationError            region, endpoint, settings: correct them
     +-- CredentialsError              no usable credentials
     +-- ClosedError                   the client was closed                  (also a RuntimeError)
     +-- ParameterError                refused before anything was sent       (also a ValueError)
     +-- TransportError                no answer: a failure below HTTP
     |    +-- ConnectError             no connection, so nothing was sent
     |    +-- TimeoutError             no answer in time                      (also the builtin one)
     |         +-- ConnectTimeoutError no connection in time                  (also a ConnectError)
     +-- ProtocolError                 an answer that is not awsJson1.1
     +-- StateError                    a waiter waits for a state that cannot come
     +-- CheckpointError               an audit cannot write its checkpoint
     +-- LedgerError                   a retirement cannot read or write its ledger
     +-- ServiceError                  the service answered with an error
          +-- NotFoundException, AccessDeniedException, ThrottlingException ...

The classes below `ServiceError` have AWS's own names: the errors that the APIs of KMS and of CloudTrail's event
history declare, and the common ones that any AWS call can return. Other services and protocols have other names
for some of them; these are subclasses, so that `except ThrottlingException` catches `Throttling` and `SlowDown`
too. An unknown code becomes a plain `ServiceError` that keeps the code. All errors can be pickled, and none shows
a secret; `members` of a `ServiceError` holds what else the service answered, whatever that is.
"""

import builtins
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeAlias

RetryCategory: TypeAlias = Literal["throttling", "transient", "clock_skew", "final"]
"""Why a request may be sent again: too many of them, a passing failure, our clock, corrected by now; or never."""

_UNKNOWN = " The request may have been executed: check that before you make the call again."


class KMSLiteError(Exception):
    """The base of all errors that this package raises.

    `outcome_unknown` is True if the call changes something and no answer says whether the request was executed: it
    may have been executed, so check that before you make the call again.
    """

    outcome_unknown = False

    def __str__(self) -> str:
        """Return the text, with a warning if `outcome_unknown`."""
        return super().__str__() + (_UNKNOWN if self.outcome_unknown else "")


class ConfigurationError(KMSLiteError):
    """A region, an endpoint or a setting is missing, malformed or contradicts another."""


class CredentialsError(KMSLiteError):
    """There are no usable credentials; the text names the sources that were searched."""


class ClosedError(KMSLiteError, RuntimeError):
    """The client, or the HTTP client handed to it, was closed before this call."""


class ParameterError(KMSLiteError, ValueError):
    """An argument was refused before anything was sent."""


class TransportError(KMSLiteError):
    """No answer came: the connection failed or was lost; `attempts` is how often the call was sent.

    The error of the HTTP library is named and not chained, because such errors repeat what was sent. `retryable`
    is True if the same call may succeed later.
    """

    attempts = 1
    retryable = True

    def __str__(self) -> str:
        """Return the text, and the number of attempts if there were several."""
        return super().__str__() + (f" ({self.attempts} attempts.)" if self.attempts > 1 else "")


class ConnectError(TransportError):
    """There was no connection, so the request did not reach the service.

    `unresolved` is True if the host's name has no address: there may be no such region.
    """

    unresolved = False


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001 - the name httpx and the builtins use
    """The answer did not come in time, or the rate limiter (`Pacing`) would not send the request in time."""


class ConnectTimeoutError(ConnectError, TimeoutError):
    """There was no connection in time, so the request did not reach the service."""


class ProtocolError(KMSLiteError):
    """An answer came that is not the awsJson1.1 protocol; `status_code` and `request_id` are None if unknown.

    `mismatched` is True for the answer to another request: a server or a proxy mixed them up, and the same call
    may succeed over another connection.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        request_id: str | None = None,
        mismatched: bool = False,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.request_id = request_id
        self.mismatched = mismatched


class StateError(KMSLiteError):
    """A waiter waits for a state that cannot come from the present one."""


class CheckpointError(KMSLiteError):
    """An audit cannot write its checkpoint to disk; what was written before stays valid."""


class LedgerError(KMSLiteError):
    """A retirement cannot read or write its ledger; no step is taken without a line in it."""


class _Members(dict[str, Any]):
    """The members of an answer, which may be secret: the repr shows only their names."""

    def __repr__(self) -> str:
        return f"<members: {', '.join(self) or 'none'}>"


class ServiceError(KMSLiteError):
    """An error that the service returned.

    - `code`: AWS's name for it, or the HTTP status as text if the answer has none.
    - `message`: the service's own text, "" if it sent none.
    - `operation`: the operation that was called, None if no client made the call; `service`: whose it is.
    - `attempts`: how often the call was sent; `date`: the answer's Date header.
    - `retry_after`: the seconds that the service asks to wait.
    - `members`: what else the answer's body has, by its names there and as JSON; no text of ours shows it.
    - `category`, `retryable`: whether the same call may succeed later, by the code or else by the status.
    - `rejected`: True if the request was not executed, by AWS's documentation of the error.
    """

    retry_category: ClassVar[RetryCategory] = "final"
    rejected: ClassVar[bool] = False
    remedy: str = ""
    service: str = "KMS"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        status_code: int = 400,
        request_id: str | None = None,
        attempts: int = 1,
        date: str | None = None,
        retry_after: float | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
        self.status_code = status_code
        self.request_id = request_id
        self.attempts = attempts
        self.operation: str | None = None
        self.date = date
        self.retry_after = retry_after
        self.members: Mapping[str, Any] = _Members(members or {})

    @property
    def category(self) -> RetryCategory:
        """Why the call failed: "throttling" and "transient" pass by themselves, "final" does not."""
        if type(self) is not ServiceError:
            return self.retry_category
        if self.status_code == 429:
            return "throttling"
        return "transient" if self.status_code in (500, 502, 503, 504) else "final"

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.category != "final"

    def __str__(self) -> str:
        """Return the code, the message, the facts that AWS's support asks for, and what to do next."""
        text = f"{self.code}: {self.message}" if self.message else self.code
        facts = [self.operation] if self.operation else []
        facts.append(f"HTTP {self.status_code}")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if self.attempts > 1:
            facts.append(f"{self.attempts} attempts")
        unknown = _UNKNOWN if self.outcome_unknown else ""
        return f"{text} ({', '.join(facts)}). {self._advice()}{unknown}"

    def _advice(self) -> str:
        if self.remedy:
            return self.remedy
        if self.category == "throttling":
            return "Too many requests: pace the client (pacing=Pacing()), or ask AWS for a higher quota."
        if self.code.isdecimal():
            passing = "This may pass: try again later. " if self.category == "transient" else ""
            return f"{passing}No error code: a proxy or another server may have answered. Check the endpoint."
        if self.category == "transient":
            return "This may pass: try again later."
        return f"Look the code up in the AWS {self.service} API reference."


# What the KMS API declares, operation by operation.


class AlreadyExistsException(ServiceError):
    """A resource of this name already exists."""

    remedy = "Choose another name, or use the existing resource."


class CloudHsmClusterInUseException(ServiceError):
    """The CloudHSM cluster already belongs to a custom key store."""

    remedy = "Name another cluster."


class CloudHsmClusterInvalidConfigurationException(ServiceError):
    """The CloudHSM cluster is not set up as a key store needs it."""

    remedy = "Check the cluster's HSMs, zones and security group."


class CloudHsmClusterNotActiveException(ServiceError):
    """The CloudHSM cluster is not active."""

    remedy = "Initialize and activate the cluster."


class CloudHsmClusterNotFoundException(ServiceError):
    """There is no such CloudHSM cluster in this account and region."""

    remedy = "Check the cluster id and the region."


class CloudHsmClusterNotRelatedException(ServiceError):
    """The CloudHSM cluster shares no backup history with the key store's own."""

    remedy = "Name a cluster that does."


class ConflictException(ServiceError):
    """Another change of the same resource is under way."""

    remedy = "Wait until it has ended, then try again."


class CustomKeyStoreHasCMKsException(ServiceError):
    """The custom key store still holds KMS keys."""

    remedy = "Schedule their deletion first and wait for it."


class CustomKeyStoreInvalidStateException(ServiceError):
    """The custom key store's connection state does not allow this."""

    remedy = "Check its ConnectionState; connect or disconnect it first."


class CustomKeyStoreNameInUseException(ServiceError):
    """Another custom key store has this name."""

    remedy = "Choose another name."


class CustomKeyStoreNotFoundException(ServiceError):
    """There is no such custom key store."""

    remedy = "Check its id or name, the account and the region."


class DependencyTimeoutException(ServiceError):
    """KMS waited too long for something it depends on."""

    retry_category = "transient"


class DisabledException(ServiceError):
    """The key is disabled."""

    remedy = "Enable the key, or name another."


class DryRunOperationException(ServiceError):
    """The request would have succeeded; it was a dry run."""

    remedy = "Leave dry_run out to execute it."


class ExpiredImportTokenException(ServiceError):
    """The import token has expired."""

    remedy = "Get new import parameters and wrap the key material again."


class IncorrectKeyException(ServiceError):
    """The ciphertext was encrypted under another key than the one named."""

    remedy = "Name the key that encrypted it."


class IncorrectKeyMaterialException(ServiceError):
    """The key material differs from what was imported before."""

    remedy = "Import the same material."


class IncorrectTrustAnchorException(ServiceError):
    """The trust anchor certificate is not the CloudHSM cluster's."""

    remedy = "Pass the cluster's own customerCA.crt."


class InvalidAliasNameException(ServiceError):
    """The alias name is malformed."""

    remedy = "Begin it with alias/, and use only letters, digits, /, _ and -."


class InvalidArnException(ServiceError):
    """An ARN is malformed, or of a resource that this operation does not take."""

    remedy = "Pass a key id or the key's ARN."


class InvalidCiphertextException(ServiceError):
    """The ciphertext, or its encryption context, is not what was encrypted."""

    remedy = "Pass the ciphertext unchanged, with the same context."


class InvalidGrantIdException(ServiceError):
    """There is no such grant."""

    remedy = "List the key's grants."


class InvalidGrantTokenException(ServiceError):
    """The grant token is malformed or has expired."""

    remedy = "Leave it out: the grant itself should be effective by now."


class InvalidImportTokenException(ServiceError):
    """The import token belongs to other import parameters."""

    remedy = "Use token and wrapping key of the same answer."


class InvalidKeyUsageException(ServiceError):
    """The key's usage, spec or algorithm does not fit the operation."""

    remedy = "Check KeyUsage and KeySpec in DescribeKey."


class InvalidMarkerException(ServiceError):
    """The marker of a listing is not valid here."""

    remedy = "Start the listing again, and pass markers on unchanged."


class KMSInternalException(ServiceError):
    """Something failed inside KMS."""

    retry_category = "transient"
    rejected = True


class KMSInvalidMacException(ServiceError):
    """The HMAC does not match the message."""

    remedy = "Check message, key and algorithm."


class KMSInvalidSignatureException(ServiceError):
    """The signature does not match the message."""

    remedy = "Check message, key, algorithm and message type."


class KMSInvalidStateException(ServiceError):
    """The key's state does not allow this."""

    remedy = "Check KeyState in DescribeKey."


class KeyUnavailableException(ServiceError):
    """The key is temporarily unavailable."""

    retry_category = "transient"
    rejected = True


class LimitExceededException(ServiceError):
    """A resource quota of the account is used up; waiting does not help."""

    remedy = "Remove what is not needed, or ask AWS for a higher quota."


class MalformedPolicyDocumentException(ServiceError):
    """The key policy is not a valid policy document."""

    remedy = "Check its JSON, and that its principals exist."


class NotAuthorizedException(ServiceError):
    """The name or the resource is AWS's own."""

    remedy = "Names that begin with alias/aws/ are AWS's: choose another."


class NotFoundException(ServiceError):
    """There is no such key, alias or other resource."""

    remedy = "Check the key id, the account and the region."


class TagException(ServiceError):
    """A tag is malformed, reserved or one too many."""

    remedy = "Check the tags' keys, values and number."


class UnsupportedOperationException(ServiceError):
    """The operation does not support this key, or the region does not support the operation."""

    remedy = "Check the key's spec, usage, origin and region."


class XksKeyAlreadyInUseException(ServiceError):
    """Another KMS key of this store stands for that external key."""

    remedy = "Name another external key."


class XksKeyInvalidConfigurationException(ServiceError):
    """The external key is not set up as KMS needs it."""

    remedy = "It must be an enabled 256-bit AES key that may encrypt and decrypt."


class XksKeyNotFoundException(ServiceError):
    """The external key manager has no such key."""

    remedy = "Check the XksKeyId."


class XksProxyIncorrectAuthenticationCredentialException(ServiceError):
    """The external proxy refused the credential."""

    remedy = "Check the proxy's authentication credential."


class XksProxyInvalidConfigurationException(ServiceError):
    """The external proxy is not set up as KMS needs it."""

    remedy = "Check the proxy's configuration."


class XksProxyInvalidResponseException(ServiceError):
    """The external proxy returned an answer that KMS cannot read."""

    remedy = "Check the proxy's log."


class XksProxyUriEndpointInUseException(ServiceError):
    """Another key store uses this endpoint."""

    remedy = "Choose another proxy endpoint."


class XksProxyUriInUseException(ServiceError):
    """Another key store uses this endpoint and path."""

    remedy = "Choose another proxy path."


class XksProxyUriUnreachableException(ServiceError):
    """KMS cannot reach the external proxy."""

    remedy = "Check its address, certificate and network."


class XksProxyVpcEndpointServiceInUseException(ServiceError):
    """Another key store uses this VPC endpoint service."""

    remedy = "Name another service."


class XksProxyVpcEndpointServiceInvalidConfigurationException(ServiceError):
    """The VPC endpoint service is not set up as KMS needs it."""

    remedy = "Check its zones, DNS name and allowed principals."


class XksProxyVpcEndpointServiceNotFoundException(ServiceError):
    """There is no such VPC endpoint service."""

    remedy = "Check its name and region."


# What the CloudTrail API declares for its event history, beside UnsupportedOperationException.


class InvalidEventCategoryException(ServiceError):
    """CloudTrail has no events of this category."""

    remedy = "Leave the category out."


class InvalidLookupAttributesException(ServiceError):
    """The attribute of a lookup is not one that CloudTrail looks events up by, or its value is too long."""

    remedy = "Pass one of the attributes of LookupAttributeKey, and a value of 1 to 2,000 characters."


class InvalidMaxResultsException(ServiceError):
    """The size of a page is not valid."""

    remedy = "Pass max_results of 1 to 50."


class InvalidNextTokenException(ServiceError):
    """The token of a page is not valid here, or no longer."""

    remedy = "Look up again from the start, and pass tokens on unchanged, beside the same other arguments."


class InvalidTimeRangeException(ServiceError):
    """The times of a lookup are no range: the start is after the end."""

    remedy = "Pass the earlier time as start_time."


class OperationNotPermittedException(ServiceError):
    """The operation is not permitted in this account."""

    remedy = "Check that the account may use CloudTrail, and the policies of its organization."


# What the Organizations API declares for the list of accounts, beside AccessDeniedException.


class AWSOrganizationsNotInUseException(ServiceError):
    """The account belongs to no organization."""

    remedy = "Use credentials of the organization's management account, or name the accounts one by one."


class InvalidInputException(ServiceError):
    """An argument breaks a rule of the service."""

    remedy = "Correct what the message names."


class ServiceException(ServiceError):
    """Something failed inside the service."""

    retry_category = "transient"


# What any AWS call can return. Many have another name in STS or an older protocol: a subclass of KMS's own.


class AccessDeniedException(ServiceError):
    """The caller may not do this; the message says which policy denies it."""

    remedy = "Let the key policy, and the identity's own policy, allow it to this principal."


class AccessDenied(AccessDeniedException):
    """The caller may not do this: STS's name for AccessDeniedException."""

    remedy = "Let the identity's policy, and the role's trust policy, allow it."


class NotAuthorized(AccessDeniedException):
    """The caller may not do this: an older name of AccessDeniedException."""

    remedy = "Check the identity's policy."


class OptInRequired(ServiceError):
    """The account is not subscribed to the service, or the region is not enabled for it."""

    remedy = "Enable the region in the account settings."


class UnrecognizedClientException(ServiceError):
    """The access key id or the session token is unknown."""

    remedy = "Check the credentials, that they are of this partition, and that the region is enabled."


class InvalidClientTokenId(UnrecognizedClientException):
    """The access key id is unknown: STS's name for UnrecognizedClientException."""

    remedy = "Check the credentials, and that they are of this partition."


class InvalidSignatureException(ServiceError):
    """The signature is not what the service computed."""

    remedy = "Check the secret access key, this machine's clock, and that no proxy alters requests."


class SignatureDoesNotMatch(InvalidSignatureException):
    """The signature is not what the service computed: STS's name for InvalidSignatureException."""


class IncompleteSignatureException(ServiceError):
    """The Authorization header lacks a part of the signature."""

    remedy = "Check that no proxy alters requests."


class IncompleteSignature(IncompleteSignatureException):
    """The Authorization header is incomplete: STS's name for IncompleteSignatureException."""


class MissingAuthenticationTokenException(ServiceError):
    """The request was not signed."""

    remedy = "Check that no proxy strips the Authorization header."


class MissingAuthenticationToken(MissingAuthenticationTokenException):
    """The request was not signed: STS's name for MissingAuthenticationTokenException."""


class AuthFailure(ServiceError):
    """The credentials were not accepted."""

    remedy = "Check the credentials and this machine's clock."


class ExpiredTokenException(ServiceError):
    """The session token has expired."""

    remedy = "Get new credentials."


class ExpiredToken(ExpiredTokenException):
    """The session token has expired: STS's name for ExpiredTokenException."""


class RequestExpired(ServiceError):
    """The request's date is too old."""

    remedy = "Set this machine's clock."


class RequestTimeTooSkewed(ServiceError):
    """The request's date is too far from the service's."""

    remedy = "Set this machine's clock."


class RequestInTheFuture(ServiceError):
    """The request's date lies in the future."""

    remedy = "Set this machine's clock."


class ValidationException(ServiceError):
    """An argument breaks a rule of the service, or does not fit the key."""

    remedy = "Correct what the message names: an argument, or the key or setting that it does not fit."


class ValidationError(ValidationException):
    """An argument breaks a rule of the service: STS's name for ValidationException."""


class SerializationException(ServiceError):
    """The service could not read the request's body."""

    remedy = "Check the arguments' types."


class UnknownOperationException(ServiceError):
    """The service does not know this operation."""

    remedy = "It may be newer than the endpoint: check endpoint and region."


class InternalFailure(ServiceError):
    """Something failed inside the service."""

    retry_category = "transient"


class InternalError(InternalFailure):
    """Something failed inside the service: another name of InternalFailure."""


class InternalServerError(InternalFailure):
    """Something failed inside the service: another name of InternalFailure."""


class ServiceUnavailable(ServiceError):
    """The service is temporarily unavailable."""

    retry_category = "transient"


class ServiceUnavailableException(ServiceUnavailable):
    """The service is temporarily unavailable: another name of ServiceUnavailable."""


class RequestTimeoutException(ServiceError):
    """The service waited too long for the request."""

    retry_category = "transient"


class RequestTimeout(RequestTimeoutException):
    """The service waited too long for the request: another name of RequestTimeoutException."""


class IDPCommunicationError(ServiceError):
    """STS could not reach the identity provider."""

    retry_category = "transient"


# Throttling has many names, by service and protocol.


class ThrottlingException(ServiceError):
    """More requests a second than the quota allows; KMS returns it with HTTP 400."""

    retry_category = "throttling"


class Throttling(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class ThrottledException(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class RequestThrottledException(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class RequestThrottled(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class TooManyRequestsException(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class ProvisionedThroughputExceededException(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class RequestLimitExceeded(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class SlowDown(ThrottlingException):
    """More requests a second than the quota allows: another name of ThrottlingException."""


class BandwidthLimitExceeded(ThrottlingException):
    """More data a second than the quota allows."""


class EC2ThrottledException(ThrottlingException):
    """The service behind was itself throttled by EC2."""


class TransactionInProgressException(ServiceError):
    """Another change of the same resource is under way."""

    retry_category = "throttling"


class PriorRequestNotComplete(ServiceError):
    """An earlier request for the same resource is still under way."""

    retry_category = "throttling"


def _classes_below(error: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for child in error.__subclasses__():
        yield child
        yield from _classes_below(child)


_BY_CODE = {error.__name__: error for error in _classes_below(ServiceError)}


def error_class(code: str) -> type[ServiceError]:
    """Return the class of this wire name, `ServiceError` itself if there is none."""
    return _BY_CODE.get(code, ServiceError)
