"""The methods for custom key stores."""

from __future__ import annotations

from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class CustomKeyStoreMethods(Methods):
    """Custom key stores, backed by a CloudHSM cluster or by a key manager outside AWS."""

    @operation
    def create_custom_key_store(
        self,
        custom_key_store_name: str,
        *,
        cloud_hsm_cluster_id: str | None = None,
        trust_anchor_certificate: str | None = None,
        key_store_password: str | None = None,
        custom_key_store_type: models.CustomKeyStoreTypeLike | None = None,
        xks_proxy_uri_endpoint: str | None = None,
        xks_proxy_uri_path: str | None = None,
        xks_proxy_vpc_endpoint_service_name: str | None = None,
        xks_proxy_vpc_endpoint_service_owner: str | None = None,
        xks_proxy_authentication_credential: models.XksProxyAuthenticationCredentialType | None = None,
        xks_proxy_connectivity: models.XksProxyConnectivityTypeLike | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.CreateCustomKeyStoreResponse]:
        """Create a custom key store, under a name that is unique in this account and region.

        For a CloudHSM cluster: the cluster's id, its trust anchor (the text of customerCA.crt) and the password
        of its user `kmsuser` (7 to 32 characters). For a key manager outside AWS: `custom_key_store_type`
        "EXTERNAL_KEY_STORE", and of its proxy the endpoint ("https://" and a host), the path (it ends with
        "/kms/xks/v1"), the credential and the connectivity; for "VPC_ENDPOINT_SERVICE" the service's name too,
        and its owner if that is another account. The type cannot be changed later.

        The store can be used after `connect_custom_key_store`. A call whose answer is lost is not sent again: the
        second would find the name in use.

        Permission: `kms:CreateCustomKeyStore`, in an IAM policy.

        Raises `CloudHsmClusterInUseException`, `CloudHsmClusterInvalidConfigurationException`,
        `CloudHsmClusterNotActiveException`, `CloudHsmClusterNotFoundException`,
        `CustomKeyStoreNameInUseException`, `IncorrectTrustAnchorException`, `KMSInternalException`,
        `LimitExceededException`, `XksProxyIncorrectAuthenticationCredentialException`,
        `XksProxyInvalidConfigurationException`, `XksProxyInvalidResponseException`,
        `XksProxyUriEndpointInUseException`, `XksProxyUriInUseException`, `XksProxyUriUnreachableException`,
        `XksProxyVpcEndpointServiceInUseException`, `XksProxyVpcEndpointServiceInvalidConfigurationException`,
        `XksProxyVpcEndpointServiceNotFoundException`.
        """
        with loading:
            from ..operations.custom_key_stores import CREATE_CUSTOM_KEY_STORE

        return self._call(
            CREATE_CUSTOM_KEY_STORE,
            timeout,
            custom_key_store_name=custom_key_store_name,
            cloud_hsm_cluster_id=cloud_hsm_cluster_id,
            trust_anchor_certificate=trust_anchor_certificate,
            key_store_password=key_store_password,
            custom_key_store_type=custom_key_store_type,
            xks_proxy_uri_endpoint=xks_proxy_uri_endpoint,
            xks_proxy_uri_path=xks_proxy_uri_path,
            xks_proxy_vpc_endpoint_service_name=xks_proxy_vpc_endpoint_service_name,
            xks_proxy_vpc_endpoint_service_owner=xks_proxy_vpc_endpoint_service_owner,
            xks_proxy_authentication_credential=xks_proxy_authentication_credential,
            xks_proxy_connectivity=xks_proxy_connectivity,
        )

    @operation
    def update_custom_key_store(
        self,
        custom_key_store_id: str,
        *,
        new_custom_key_store_name: str | None = None,
        key_store_password: str | None = None,
        cloud_hsm_cluster_id: str | None = None,
        xks_proxy_uri_endpoint: str | None = None,
        xks_proxy_uri_path: str | None = None,
        xks_proxy_vpc_endpoint_service_name: str | None = None,
        xks_proxy_vpc_endpoint_service_owner: str | None = None,
        xks_proxy_authentication_credential: models.XksProxyAuthenticationCredentialType | None = None,
        xks_proxy_connectivity: models.XksProxyConnectivityTypeLike | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.KMSResponse]:
        """Change a custom key store, or let KMS know a password or a credential that was changed there.

        What is None stays as it is. The store must be disconnected, except to change its name, or the path and the
        credential of an external one. A new cluster must have the same backups behind it as the old, and a new
        proxy must lead to the same keys: without them, what they encrypted is lost.

        Permission: `kms:UpdateCustomKeyStore`, in an IAM policy.

        Raises `CloudHsmClusterInvalidConfigurationException`, `CloudHsmClusterNotActiveException`,
        `CloudHsmClusterNotFoundException`, `CloudHsmClusterNotRelatedException`,
        `CustomKeyStoreInvalidStateException`, `CustomKeyStoreNameInUseException`,
        `CustomKeyStoreNotFoundException`, `KMSInternalException`,
        `XksProxyIncorrectAuthenticationCredentialException`, `XksProxyInvalidConfigurationException`,
        `XksProxyInvalidResponseException`, `XksProxyUriEndpointInUseException`, `XksProxyUriInUseException`,
        `XksProxyUriUnreachableException`, `XksProxyVpcEndpointServiceInUseException`,
        `XksProxyVpcEndpointServiceInvalidConfigurationException`,
        `XksProxyVpcEndpointServiceNotFoundException`.
        """
        with loading:
            from ..operations.custom_key_stores import UPDATE_CUSTOM_KEY_STORE

        return self._call(
            UPDATE_CUSTOM_KEY_STORE,
            timeout,
            custom_key_store_id=custom_key_store_id,
            new_custom_key_store_name=new_custom_key_store_name,
            key_store_password=key_store_password,
            cloud_hsm_cluster_id=cloud_hsm_cluster_id,
            xks_proxy_uri_endpoint=xks_proxy_uri_endpoint,
            xks_proxy_uri_path=xks_proxy_uri_path,
            xks_proxy_vpc_endpoint_service_name=xks_proxy_vpc_endpoint_service_name,
            xks_proxy_vpc_endpoint_service_owner=xks_proxy_vpc_endpoint_service_owner,
            xks_proxy_authentication_credential=xks_proxy_authentication_credential,
            xks_proxy_connectivity=xks_proxy_connectivity,
        )

    @operation
    def delete_custom_key_store(
        self, custom_key_store_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Delete a custom key store that is disconnected and has no keys.

        The cluster or the key manager, and the keys in it, stay as they are. If the store may be needed again,
        disconnect it instead. A call whose answer is lost is not sent again: the second would find no such store.

        Permission: `kms:DeleteCustomKeyStore`, in an IAM policy.

        Raises `CustomKeyStoreHasCMKsException`, `CustomKeyStoreInvalidStateException`,
        `CustomKeyStoreNotFoundException`, `KMSInternalException`.
        """
        with loading:
            from ..operations.custom_key_stores import DELETE_CUSTOM_KEY_STORE

        return self._call(DELETE_CUSTOM_KEY_STORE, timeout, custom_key_store_id=custom_key_store_id)

    @operation
    def describe_custom_key_stores(
        self,
        *,
        custom_key_store_id: str | None = None,
        custom_key_store_name: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.DescribeCustomKeyStoresResponse]:
        """Return a page of the custom key stores of this account and region, or one by its id or its name.

        `connection_state` is whether a store can be used, and `connection_error_code` why it could not be
        connected. `limit` bounds the page: KMS takes 1 to 1000. If the page is `truncated`, its `next_marker` is
        the `marker` of the next.

        Permission: `kms:DescribeCustomKeyStores`, in an IAM policy.

        Raises `CustomKeyStoreNotFoundException`, `InvalidMarkerException`, `KMSInternalException`.
        """
        with loading:
            from ..operations.custom_key_stores import DESCRIBE_CUSTOM_KEY_STORES

        return self._call(
            DESCRIBE_CUSTOM_KEY_STORES,
            timeout,
            custom_key_store_id=custom_key_store_id,
            custom_key_store_name=custom_key_store_name,
            limit=limit,
            marker=marker,
        )

    @listing
    def iter_describe_custom_key_stores(
        self,
        *,
        custom_key_store_id: str | None = None,
        custom_key_store_name: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.CustomKeyStoresListEntry]:
        """Return an iterator over all that `describe_custom_key_stores` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `describe_custom_key_stores` does, and `max_items`
        the items of the iterator, which then asks for no further page. `timeout` is for each page. `marker` is
        where to begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.custom_key_stores import DESCRIBE_CUSTOM_KEY_STORES

        return self._pages(
            DESCRIBE_CUSTOM_KEY_STORES,
            timeout,
            custom_key_store_id=custom_key_store_id,
            custom_key_store_name=custom_key_store_name,
            page_size=page_size,
            max_items=max_items,
            marker=marker,
        )

    @operation
    def connect_custom_key_store(
        self, custom_key_store_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Start to connect a custom key store, so that its keys can be used.

        That takes up to 20 minutes and may fail: `wait_until_custom_key_store_connected` waits for the result. A
        store that failed is disconnected before it is connected again. Of a CloudHSM cluster one HSM must be
        active, and `kmsuser` logged out; of an external store the proxy must answer.

        Permission: `kms:ConnectCustomKeyStore`, in an IAM policy.

        Raises `CloudHsmClusterInvalidConfigurationException`, `CloudHsmClusterNotActiveException`,
        `CustomKeyStoreInvalidStateException`, `CustomKeyStoreNotFoundException`, `KMSInternalException`.
        """
        with loading:
            from ..operations.custom_key_stores import CONNECT_CUSTOM_KEY_STORE

        return self._call(CONNECT_CUSTOM_KEY_STORE, timeout, custom_key_store_id=custom_key_store_id)

    @operation
    def disconnect_custom_key_store(
        self, custom_key_store_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Disconnect a custom key store: its keys can be managed, but not used, until it is connected again.

        A call whose answer is lost is not sent again: the second would be told that the store is disconnected.

        Permission: `kms:DisconnectCustomKeyStore`, in an IAM policy.

        Raises `CustomKeyStoreInvalidStateException`, `CustomKeyStoreNotFoundException`, `KMSInternalException`.
        """
        with loading:
            from ..operations.custom_key_stores import DISCONNECT_CUSTOM_KEY_STORE

        return self._call(DISCONNECT_CUSTOM_KEY_STORE, timeout, custom_key_store_id=custom_key_store_id)

    @operation
    def wait_until_custom_key_store_connected(
        self, custom_key_store_id: str, *, timeout: float | timedelta = 1800.0
    ) -> Invocation[models.CustomKeyStoresListEntry]:
        """Wait until a custom key store is connected, and return its description.

        It calls `describe_custom_key_stores` at once and then with pauses from 1 to 16 s, for `timeout` (seconds
        or a timedelta) in all. Raises `StateError` if connecting failed, with KMS's code for the reason,
        `TimeoutError`, and what `describe_custom_key_stores` raises.
        """
        with loading:
            from ..waiting import custom_key_store_connected, validated_wait

        seconds = validated_wait(timeout)
        return Invocation(custom_key_store_connected(self._state, custom_key_store_id, seconds), seconds)
