"""The rows about custom key stores."""

from ..errors import (
    CloudHsmClusterInUseException,
    CloudHsmClusterInvalidConfigurationException,
    CloudHsmClusterNotActiveException,
    CloudHsmClusterNotFoundException,
    CloudHsmClusterNotRelatedException,
    CustomKeyStoreHasCMKsException,
    CustomKeyStoreInvalidStateException,
    CustomKeyStoreNameInUseException,
    CustomKeyStoreNotFoundException,
    IncorrectTrustAnchorException,
    InvalidMarkerException,
    KMSInternalException,
    LimitExceededException,
    XksProxyIncorrectAuthenticationCredentialException,
    XksProxyInvalidConfigurationException,
    XksProxyInvalidResponseException,
    XksProxyUriEndpointInUseException,
    XksProxyUriInUseException,
    XksProxyUriUnreachableException,
    XksProxyVpcEndpointServiceInUseException,
    XksProxyVpcEndpointServiceInvalidConfigurationException,
    XksProxyVpcEndpointServiceNotFoundException,
)
from ..models.custom_key_stores import (
    ConnectCustomKeyStoreRequest,
    CreateCustomKeyStoreRequest,
    CreateCustomKeyStoreResponse,
    DeleteCustomKeyStoreRequest,
    DescribeCustomKeyStoresRequest,
    DescribeCustomKeyStoresResponse,
    DisconnectCustomKeyStoreRequest,
    UpdateCustomKeyStoreRequest,
)
from ..models.members import KMSResponse
from . import Operation

CREATE_CUSTOM_KEY_STORE = Operation(
    name="CreateCustomKeyStore",
    request=CreateCustomKeyStoreRequest,
    response=CreateCustomKeyStoreResponse,
    errors=(
        CloudHsmClusterInUseException,
        CloudHsmClusterInvalidConfigurationException,
        CloudHsmClusterNotActiveException,
        CloudHsmClusterNotFoundException,
        CustomKeyStoreNameInUseException,
        IncorrectTrustAnchorException,
        KMSInternalException,
        LimitExceededException,
        XksProxyIncorrectAuthenticationCredentialException,
        XksProxyInvalidConfigurationException,
        XksProxyInvalidResponseException,
        XksProxyUriEndpointInUseException,
        XksProxyUriInUseException,
        XksProxyUriUnreachableException,
        XksProxyVpcEndpointServiceInUseException,
        XksProxyVpcEndpointServiceInvalidConfigurationException,
        XksProxyVpcEndpointServiceNotFoundException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that the name is in use already
)

UPDATE_CUSTOM_KEY_STORE = Operation(
    name="UpdateCustomKeyStore",
    request=UpdateCustomKeyStoreRequest,
    response=KMSResponse,
    errors=(
        CloudHsmClusterInvalidConfigurationException,
        CloudHsmClusterNotActiveException,
        CloudHsmClusterNotFoundException,
        CloudHsmClusterNotRelatedException,
        CustomKeyStoreInvalidStateException,
        CustomKeyStoreNameInUseException,
        CustomKeyStoreNotFoundException,
        KMSInternalException,
        XksProxyIncorrectAuthenticationCredentialException,
        XksProxyInvalidConfigurationException,
        XksProxyInvalidResponseException,
        XksProxyUriEndpointInUseException,
        XksProxyUriInUseException,
        XksProxyUriUnreachableException,
        XksProxyVpcEndpointServiceInUseException,
        XksProxyVpcEndpointServiceInvalidConfigurationException,
        XksProxyVpcEndpointServiceNotFoundException,
    ),
    changes=True,
    replay_safe=True,  # the store is so already; a name or a URI is only ever in the way of another store
)

DELETE_CUSTOM_KEY_STORE = Operation(
    name="DeleteCustomKeyStore",
    request=DeleteCustomKeyStoreRequest,
    response=KMSResponse,
    errors=(
        CustomKeyStoreHasCMKsException,
        CustomKeyStoreInvalidStateException,
        CustomKeyStoreNotFoundException,
        KMSInternalException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that there is no such store
)

DESCRIBE_CUSTOM_KEY_STORES = Operation(
    name="DescribeCustomKeyStores",
    request=DescribeCustomKeyStoresRequest,
    response=DescribeCustomKeyStoresResponse,
    errors=(CustomKeyStoreNotFoundException, InvalidMarkerException, KMSInternalException),
    replay_safe=True,
    items="custom_key_stores",
)

CONNECT_CUSTOM_KEY_STORE = Operation(
    name="ConnectCustomKeyStore",
    request=ConnectCustomKeyStoreRequest,
    response=KMSResponse,
    errors=(
        CloudHsmClusterInvalidConfigurationException,
        CloudHsmClusterNotActiveException,
        CustomKeyStoreInvalidStateException,
        CustomKeyStoreNotFoundException,
        KMSInternalException,
    ),
    changes=True,
    replay_safe=True,  # KMS takes it for a store that connects already, or is connected
)

DISCONNECT_CUSTOM_KEY_STORE = Operation(
    name="DisconnectCustomKeyStore",
    request=DisconnectCustomKeyStoreRequest,
    response=KMSResponse,
    errors=(CustomKeyStoreInvalidStateException, CustomKeyStoreNotFoundException, KMSInternalException),
    changes=True,
    replay_safe=False,  # the second would be told that the store is disconnected already
)
