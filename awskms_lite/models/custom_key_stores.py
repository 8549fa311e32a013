"""Custom key stores, backed by a CloudHSM cluster or by a key manager outside AWS: their operations' models."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import field, frozen

from .members import KMSResponse
from .requests import Bounds, CloudHsmClusterId, CustomKeyStoreId, KMSRequest, Limit, Marker

CustomKeyStoreName: TypeAlias = Annotated[str, Bounds(1, 256)]
TrustAnchorCertificate: TypeAlias = Annotated[str, Bounds(1, 5000)]
KeyStorePassword: TypeAlias = Annotated[str, Bounds(7, 32)]
AccountId: TypeAlias = Annotated[str, Bounds(12, 12)]
XksProxyAccessKeyId: TypeAlias = Annotated[str, Bounds(20, 30)]
XksProxyUriEndpoint: TypeAlias = Annotated[str, Bounds(10, 128)]
XksProxyUriPath: TypeAlias = Annotated[str, Bounds(10, 128)]
XksProxyVpcEndpointServiceName: TypeAlias = Annotated[str, Bounds(20, 64)]


class CustomKeyStoreType(StrEnum):
    """What backs a custom key store: a CloudHSM cluster, or a key manager outside AWS."""

    AWS_CLOUDHSM = "AWS_CLOUDHSM"
    EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"


CustomKeyStoreTypeLike: TypeAlias = CustomKeyStoreType | Literal["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] | str
"""A member of `CustomKeyStoreType`, its value, or a value that is newer than both."""


class XksProxyConnectivityType(StrEnum):
    """How KMS reaches the proxy of an external key store: over the internet, or within a VPC."""

    PUBLIC_ENDPOINT = "PUBLIC_ENDPOINT"
    VPC_ENDPOINT_SERVICE = "VPC_ENDPOINT_SERVICE"


XksProxyConnectivityTypeLike: TypeAlias = (
    XksProxyConnectivityType | Literal["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"] | str
)
"""A member of `XksProxyConnectivityType`, its value, or a value that is newer than both."""


class ConnectionStateType(StrEnum):
    """Whether a custom key store is connected: only then can its keys be used."""

    CONNECTED = "CONNECTED"
    CONNECTING = "CONNECTING"
    FAILED = "FAILED"
    """It stays so until the store is disconnected."""
    DISCONNECTED = "DISCONNECTED"
    DISCONNECTING = "DISCONNECTING"


class ConnectionErrorCodeType(StrEnum):
    """Why a custom key store could not be connected ("Troubleshooting" in the developer guide has the cures)."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    CLUSTER_NOT_FOUND = "CLUSTER_NOT_FOUND"
    NETWORK_ERRORS = "NETWORK_ERRORS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    INSUFFICIENT_CLOUDHSM_HSMS = "INSUFFICIENT_CLOUDHSM_HSMS"
    USER_LOCKED_OUT = "USER_LOCKED_OUT"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    USER_LOGGED_IN = "USER_LOGGED_IN"
    SUBNET_NOT_FOUND = "SUBNET_NOT_FOUND"
    INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET = "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET"
    XKS_PROXY_ACCESS_DENIED = "XKS_PROXY_ACCESS_DENIED"
    XKS_PROXY_NOT_REACHABLE = "XKS_PROXY_NOT_REACHABLE"
    XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
    XKS_PROXY_INVALID_RESPONSE = "XKS_PROXY_INVALID_RESPONSE"
    XKS_PROXY_INVALID_CONFIGURATION = "XKS_PROXY_INVALID_CONFIGURATION"
    XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"
    XKS_PROXY_TIMED_OUT = "XKS_PROXY_TIMED_OUT"
    XKS_PROXY_INVALID_TLS_CONFIGURATION = "XKS_PROXY_INVALID_TLS_CONFIGURATION"


@frozen(kw_only=True)
class XksProxyAuthenticationCredentialType:
    """What KMS signs its requests to the proxy of an external key store with; it is not related to IAM.

    The id has 20 to 30 characters of A-Z and 2-7, the secret 43 to 64 of base64.
    """

    access_key_id: XksProxyAccessKeyId = field(repr=False)
    raw_secret_access_key: Annotated[str, Bounds(43, 64)] = field(repr=False)


@frozen(kw_only=True)
class CreateCustomKeyStoreRequest(KMSRequest):
    """A new custom key store, by the members of its type.

    One of a CloudHSM cluster needs the cluster's id, its trust anchor (the text of customerCA.crt) and the
    password of its user `kmsuser`; an external one needs its type, and endpoint, path, credential and
    connectivity of its proxy.
    """

    custom_key_store_name: CustomKeyStoreName
    cloud_hsm_cluster_id: CloudHsmClusterId | None = None
    trust_anchor_certificate: TrustAnchorCertificate | None = None
    key_store_password: KeyStorePassword | None = field(default=None, repr=False)
    custom_key_store_type: CustomKeyStoreType | str | None = None
    xks_proxy_uri_endpoint: XksProxyUriEndpoint | None = None
    xks_proxy_uri_path: XksProxyUriPath | None = None
    xks_proxy_vpc_endpoint_service_name: XksProxyVpcEndpointServiceName | None = None
    xks_proxy_vpc_endpoint_service_owner: AccountId | None = None
    xks_proxy_authentication_credential: XksProxyAuthenticationCredentialType | None = None
    xks_proxy_connectivity: XksProxyConnectivityType | str | None = None


@frozen(kw_only=True)
class CreateCustomKeyStoreResponse(KMSResponse):
    """The id of the new custom key store, which is not connected yet."""

    custom_key_store_id: CustomKeyStoreId


@frozen(kw_only=True)
class UpdateCustomKeyStoreRequest(KMSRequest):
    """The custom key store, and what to change; what is None stays as it is."""

    custom_key_store_id: CustomKeyStoreId
    new_custom_key_store_name: CustomKeyStoreName | None = None
    key_store_password: KeyStorePassword | None = field(default=None, repr=False)
    cloud_hsm_cluster_id: CloudHsmClusterId | None = None
    xks_proxy_uri_endpoint: XksProxyUriEndpoint | None = None
    xks_proxy_uri_path: XksProxyUriPath | None = None
    xks_proxy_vpc_endpoint_service_name: XksProxyVpcEndpointServiceName | None = None
    xks_proxy_vpc_endpoint_service_owner: AccountId | None = None
    xks_proxy_authentication_credential: XksProxyAuthenticationCredentialType | None = None
    xks_proxy_connectivity: XksProxyConnectivityType | str | None = None


@frozen(kw_only=True)
class DeleteCustomKeyStoreRequest(KMSRequest):
    """The custom key store to delete; what backs it stays."""

    custom_key_store_id: CustomKeyStoreId


@frozen(kw_only=True)
class DescribeCustomKeyStoresRequest(KMSRequest):
    """Which custom key stores to list: one, by its id or its name, or all of the account and region."""

    custom_key_store_id: CustomKeyStoreId | None = None
    custom_key_store_name: CustomKeyStoreName | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class XksProxyConfigurationType:
    """How KMS reaches the proxy of an external key store; `vpc_endpoint_service_...` is present for a VPC only."""

    connectivity: XksProxyConnectivityType | str
    access_key_id: XksProxyAccessKeyId = field(repr=False)
    uri_endpoint: XksProxyUriEndpoint
    uri_path: XksProxyUriPath
    vpc_endpoint_service_name: XksProxyVpcEndpointServiceName | None = None
    vpc_endpoint_service_owner: AccountId | None = None


@frozen(kw_only=True)
class CustomKeyStoresListEntry:
    """A custom key store. `connection_error_code` is present if `connection_state` is FAILED."""

    custom_key_store_id: CustomKeyStoreId
    custom_key_store_name: CustomKeyStoreName
    cloud_hsm_cluster_id: CloudHsmClusterId | None = None
    trust_anchor_certificate: TrustAnchorCertificate | None = None
    connection_state: ConnectionStateType | str
    connection_error_code: ConnectionErrorCodeType | str | None = None
    creation_date: datetime
    custom_key_store_type: CustomKeyStoreType | str
    xks_proxy_configuration: XksProxyConfigurationType | None = None


@frozen(kw_only=True)
class DescribeCustomKeyStoresResponse(KMSResponse):
    """A page of custom key stores; if `truncated`, `next_marker` is the `marker` of the next page."""

    custom_key_stores: tuple[CustomKeyStoresListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False


@frozen(kw_only=True)
class ConnectCustomKeyStoreRequest(KMSRequest):
    """The custom key store to connect."""

    custom_key_store_id: CustomKeyStoreId


@frozen(kw_only=True)
class DisconnectCustomKeyStoreRequest(KMSRequest):
    """The custom key store to disconnect: its keys cannot be used until it is connected again."""

    custom_key_store_id: CustomKeyStoreId
