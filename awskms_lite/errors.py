"""Every error that leaves this package, in one tree.

    KMSLiteError
     +-- ConfigurationError            region, endpoint, settings: mend the set-up
     +-- CredentialsError              no usable credentials
     +-- ClosedError                   the client was closed                  (also a RuntimeError)
     +-- ParameterError                refused before it was sent             (also a ValueError)
     +-- TransportError                no answer: everything below HTTP
     |    +-- ConnectError             the request never left
     |    +-- TimeoutError             no answer in time                      (also the builtin one)
     |         +-- ConnectTimeoutError no connection in time                  (also a ConnectError)
     +-- ProtocolError                 an answer that is not awsJson1.1
     +-- StateError                    what was waited for cannot come
     +-- CheckpointError               what an audit has read cannot be kept on disk
     +-- ServiceError                  KMS answered with an error
          +-- NotFoundException, AccessDeniedException, ThrottlingException ...

The classes below `ServiceError` carry AWS's own names, so that what you see can be searched for in AWS's
documentation: the errors that the KMS API declares, and the common ones that any AWS call can meet. A code
that is none of these is a plain `ServiceError` that keeps the code. All errors can be pickled, and none
shows a secret; `members` of a `ServiceError` holds what the service said, whatever that is.
"""

import builtins
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

RetryCategory: TypeAlias = Literal["throttling", "transient", "clock_skew", "final"]
"""Why a request may be sent again: too many of them, a passing failure, our clock, corrected by now; or never."""

_UNKNOWN = " The request may have been carried out all the same: look before you make the call again."


class KMSLiteError(Exception):
    """The root of the tree: whatever this package raises on purpose is one of these.

    `outcome_unknown` is True where a call that changes something was sent and no answer says whether it was
    carried out: look before you make it again.
    """

    outcome_unknown = False

    def __str__(self) -> str:
        """Give the text, and say so where nobody knows what came of the call."""
        return super().__str__() + (_UNKNOWN if self.outcome_unknown else "")


class ConfigurationError(KMSLiteError):
    """A region, an endpoint or a setting is missing, malformed or at odds with another."""


class CredentialsError(KMSLiteError):
    """There are no usable credentials; the text says where they were sought."""


class ClosedError(KMSLiteError, RuntimeError):
    """The client, or the HTTP client handed to it, was closed before this call."""


class ParameterError(KMSLiteError, ValueError):
    """An argument was refused before anything was sent."""


class TransportError(KMSLiteError):
    """No answer came: the connection failed or broke off; `attempts` is how often the call was sent.

    The text names the failure of the library below, which is not chained: such errors repeat what was sent.
    `retryable` says whether the same call may succeed later.
    """

    attempts = 1
    retryable = True

    def __str__(self) -> str:
        """Give the text, and how often the call was sent if more than once."""
        return super().__str__() + (f" ({self.attempts} attempts.)" if self.attempts > 1 else "")


class ConnectError(TransportError):
    """No connection came about, so the request surely never reached the service.

    `unresolved` is True where the host's name stands for no address: there may be no such region.
    """

    unresolved = False


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001 - the name httpx and the builtins use
    """The answer did not come in time, or the rate limiter (`Pacing`) would not send the request in time."""


class ConnectTimeoutError(ConnectError, TimeoutError):
    """No connection came about in time, so the request surely never reached the service."""


class ProtocolError(KMSLiteError):
    """An answer came that is not the awsJson1.1 protocol; `status_code` and `request_id` where known.

    `mismatched` is True for an answer to another request than the one it came for: a server or a proxy mixed
    them up, and the same call may succeed over another connection.
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
    """What was waited for cannot come: the state there is does not lead to it."""


class CheckpointError(KMSLiteError):
    """What an audit has read cannot be written to disk any more; what is there already stays good."""


class _Members(dict[str, Any]):
    """What an answer said, which may be secret: only the names show."""

    def __repr__(self) -> str:
        return f"<members: {', '.join(self) or 'none'}>"


class ServiceError(KMSLiteError):
    """An error that the service answered with.

    `code` is AWS's name for it, or the HTTP status as text where the answer held none; `message` the
    service's own text, None where it sent none; `operation` the one that was asked for, where a client asked;
    `attempts` how often the call was sent; `date` the answer's Date header; `retry_after` the seconds that the
    service asks to wait; `members` what else the answer's body said, under the names and as the JSON that it had
    there, and in no text of ours. `category` and `retryable` say whether the same call may succeed later: by the
    code first and, for an unknown code, by the status. `rejected` says that by AWS's documentation the request was
    not executed, though it may be later.
    """

    retry_category: ClassVar[RetryCategory] = "final"
    rejected: ClassVar[bool] = False
    remedy: ClassVar[str] = ""

    def __init__(
        self,
        message: str | None = None,
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
        """What waiting does: "throttling" and "transient" may pass by themselves, "final" stays."""
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
        """Give the code, the text, what AWS's support asks for, and what to do next."""
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
        return "Look the code up in the AWS KMS API reference."


# What the KMS API declares, operation by operation.


class AlreadyExistsException(ServiceError):
    """A resource of this name exists already."""

    remedy = "Choose another name, or use what is there."


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

    remedy = "Wait until it is done, then try again."


class CustomKeyStoreHasCMKsException(ServiceError):
    """The custom key store still holds KMS keys."""

    remedy = "Schedule their deletion first and wait for it."


class CustomKeyStoreInvalidStateException(ServiceError):
    """The custom key store's connection state does not allow this."""

    remedy = "Look at its ConnectionState; connect or disconnect it first."


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
    """The request would have succeeded; it had DryRun set."""

    remedy = "Leave DryRun out to act."


class ExpiredImportTokenException(ServiceError):
    """The import token has expired."""

    remedy = "Get new import parameters and wrap the key material anew."


class IncorrectKeyException(ServiceError):
    """The ciphertext was made under another key than the one named."""

    remedy = "Name the key that encrypted it."


class IncorrectKeyMaterialException(ServiceError):
    """The key material differs from what was imported before."""

    remedy = "Import the same material."


class IncorrectTrustAnchorException(ServiceError):
    """The trust anchor certificate is not the CloudHSM cluster's."""

    remedy = "Pass the cluster's own customerCA.crt."


class InvalidAliasNameException(ServiceError):
    """The alias name is malformed."""

    remedy = "It begins with alias/ and holds letters, digits, /, _ and -."


class InvalidArnException(ServiceError):
    """An ARN is malformed, or of a kind this call does not take."""

    remedy = "Pass a key id or the key's ARN."


class InvalidCiphertextException(ServiceError):
    """The ciphertext, or its encryption context, is not what was encrypted."""

    remedy = "Pass the ciphertext unchanged, with the same context."


class InvalidGrantIdException(ServiceError):
    """There is no such grant."""

    remedy = "List the key's grants."


class InvalidGrantTokenException(ServiceError):
    """The grant token is malformed or has expired."""

    remedy = "Leave it out: the grant itself should work by now."


class InvalidImportTokenException(ServiceError):
    """The import token belongs to other import parameters."""

    remedy = "Use token and wrapping key of the same answer."


class InvalidKeyUsageException(ServiceError):
    """The key's usage, spec or algorithm does not fit the operation."""

    remedy = "Look at KeyUsage and KeySpec in DescribeKey."


class InvalidMarkerException(ServiceError):
    """The marker of a listing is not valid here."""

    remedy = "Begin the listing anew, and pass markers on unchanged."


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

    remedy = "Look at KeyState in DescribeKey."


class KeyUnavailableException(ServiceError):
    """The key could not be reached for now."""

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
    """The operation does not fit this key or is not offered here."""

    remedy = "Check the key's kind, origin and region."


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
    """The external proxy gave an answer KMS cannot read."""

    remedy = "Look into the proxy's log."


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


# What any AWS call can meet. Some have two names: one of the JSON protocols, one of the older query protocol.


class AccessDeniedException(ServiceError):
    """The caller may not do this; the text says which policy stands in the way."""

    remedy = "Let the key policy, and the identity's own policy, allow it to this principal."


class AccessDenied(ServiceError):
    """The caller may not do this: STS's word for AccessDeniedException."""

    remedy = "Let the identity's policy, and the role's trust policy, allow it."


class NotAuthorized(ServiceError):
    """The caller may not do this."""

    remedy = "Check the identity's policy."


class OptInRequired(ServiceError):
    """The account is not subscribed to the service, or the region is not enabled for it."""

    remedy = "Enable the region in the account settings."


class UnrecognizedClientException(ServiceError):
    """The access key id or the session token is unknown."""

    remedy = "Check the credentials, that they are of this partition, and that the region is enabled."


class InvalidClientTokenId(ServiceError):
    """The access key id is unknown: STS's word for UnrecognizedClientException."""

    remedy = "Check the credentials, and that they are of this partition."


class InvalidSignatureException(ServiceError):
    """The signature is not what the service computed."""

    remedy = "Check the secret access key, this machine's clock, and that no proxy alters requests."


class SignatureDoesNotMatch(ServiceError):
    """The signature is not what the service computed."""

    remedy = "Check the secret access key, this machine's clock, and that no proxy alters requests."


class IncompleteSignatureException(ServiceError):
    """The Authorization header lacks a part of the signature."""

    remedy = "Check that no proxy alters requests."


class IncompleteSignature(ServiceError):
    """The Authorization header lacks a part of the signature."""

    remedy = "Check that no proxy alters requests."


class MissingAuthenticationTokenException(ServiceError):
    """The request came unsigned."""

    remedy = "Check that no proxy strips the Authorization header."


class MissingAuthenticationToken(ServiceError):
    """The request came unsigned."""

    remedy = "Check that no proxy strips the Authorization header."


class AuthFailure(ServiceError):
    """The credentials were not accepted."""

    remedy = "Check the credentials and this machine's clock."


class ExpiredTokenException(ServiceError):
    """The session token has expired."""

    remedy = "Get new credentials."


class ExpiredToken(ServiceError):
    """The session token has expired: STS's word for ExpiredTokenException."""

    remedy = "Get new credentials."


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
    """An argument breaks a rule of the service."""

    remedy = "The text names the argument and the rule."


class ValidationError(ServiceError):
    """An argument breaks a rule of the service."""

    remedy = "The text names the argument and the rule."


class SerializationException(ServiceError):
    """The service could not read the request's body."""

    remedy = "Check the arguments' types."


class UnknownOperationException(ServiceError):
    """The service does not know this operation."""

    remedy = "It may be newer than the endpoint: check endpoint and region."


class InternalFailure(ServiceError):
    """Something failed inside the service."""

    retry_category = "transient"


class InternalError(ServiceError):
    """Something failed inside the service."""

    retry_category = "transient"


class InternalServerError(ServiceError):
    """Something failed inside the service."""

    retry_category = "transient"


class ServiceUnavailable(ServiceError):
    """The service is not available for now."""

    retry_category = "transient"


class ServiceUnavailableException(ServiceError):
    """The service is not available for now."""

    retry_category = "transient"


class RequestTimeout(ServiceError):
    """The service waited too long for the request."""

    retry_category = "transient"


class RequestTimeoutException(ServiceError):
    """The service waited too long for the request."""

    retry_category = "transient"


class IDPCommunicationError(ServiceError):
    """STS could not reach the identity provider."""

    retry_category = "transient"


# Each service words throttling in its own way; what helps is the same.


class Throttling(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class ThrottlingException(ServiceError):
    """More requests a second than the quota allows: KMS sends it with HTTP 400."""

    retry_category = "throttling"


class ThrottledException(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class RequestThrottledException(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class RequestThrottled(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class TooManyRequestsException(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class ProvisionedThroughputExceededException(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class TransactionInProgressException(ServiceError):
    """Another change of the same resource is under way."""

    retry_category = "throttling"


class RequestLimitExceeded(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class BandwidthLimitExceeded(ServiceError):
    """More data a second than the quota allows."""

    retry_category = "throttling"


class SlowDown(ServiceError):
    """More requests a second than the quota allows."""

    retry_category = "throttling"


class PriorRequestNotComplete(ServiceError):
    """An earlier request for the same resource is still under way."""

    retry_category = "throttling"


class EC2ThrottledException(ServiceError):
    """The service behind was itself throttled by EC2."""

    retry_category = "throttling"


_BY_CODE = {error.__name__: error for error in ServiceError.__subclasses__()}


def error_class(code: str) -> type[ServiceError]:
    """Give the class that carries this wire name, `ServiceError` itself where there is none."""
    return _BY_CODE.get(code, ServiceError)
