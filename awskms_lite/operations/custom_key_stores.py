"""The operations on custom key stores."""

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
    mutating=True,
    idempotent=False,  # the second would be told that the name is in use already
)

UPDATE_CUSTOM_KEY_STORE = Operation(
    name="UpdateCustomKeyStore",
    request=UpdateCustomKeyStoreRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # the store is so already; a name or a URI is only ever in the way of another store
)

DELETE_CUSTOM_KEY_STORE = Operation(
    name="DeleteCustomKeyStore",
    request=DeleteCustomKeyStoreRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that there is no such store
)

DESCRIBE_CUSTOM_KEY_STORES = Operation(
    name="DescribeCustomKeyStores",
    request=DescribeCustomKeyStoresRequest,
    response=DescribeCustomKeyStoresResponse,
    idempotent=True,
    items="custom_key_stores",
)

CONNECT_CUSTOM_KEY_STORE = Operation(
    name="ConnectCustomKeyStore",
    request=ConnectCustomKeyStoreRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # KMS takes it for a store that connects already, or is connected
)

DISCONNECT_CUSTOM_KEY_STORE = Operation(
    name="DisconnectCustomKeyStore",
    request=DisconnectCustomKeyStoreRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the store is disconnected already
)
