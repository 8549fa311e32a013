"""Requests and responses as attrs classes, in modules by subject.

    from awskms_lite.models import KeySpec, Tag

What callers pass and get can be had from here, and is loaded when it is first touched (PEP 562); the requests,
which the clients' methods make, are in their subject's module. Members are named in Python's way; the wire name
is the same in CamelCase. Requests check themselves when they are made and raise `ParameterError`; responses take
what KMS sends and check nothing, since a service may grow. All are frozen.
"""

from typing import TYPE_CHECKING

from ..loading import loading

if TYPE_CHECKING:
    from .aliases import (
        AliasListEntry as AliasListEntry,
        ListAliasesResponse as ListAliasesResponse,
    )
    from .custom_key_stores import (
        ConnectionErrorCodeType as ConnectionErrorCodeType,
        ConnectionStateType as ConnectionStateType,
        CreateCustomKeyStoreResponse as CreateCustomKeyStoreResponse,
        CustomKeyStoresListEntry as CustomKeyStoresListEntry,
        CustomKeyStoreType as CustomKeyStoreType,
        DescribeCustomKeyStoresResponse as DescribeCustomKeyStoresResponse,
        XksProxyAuthenticationCredentialType as XksProxyAuthenticationCredentialType,
        XksProxyConfigurationType as XksProxyConfigurationType,
        XksProxyConnectivityType as XksProxyConnectivityType,
    )
    from .data_keys import (
        DataKeyPairSpec as DataKeyPairSpec,
        DataKeySpec as DataKeySpec,
        GenerateDataKeyPairResponse as GenerateDataKeyPairResponse,
        GenerateDataKeyPairWithoutPlaintextResponse as GenerateDataKeyPairWithoutPlaintextResponse,
        GenerateDataKeyResponse as GenerateDataKeyResponse,
        GenerateDataKeyWithoutPlaintextResponse as GenerateDataKeyWithoutPlaintextResponse,
        GenerateRandomResponse as GenerateRandomResponse,
    )
    from .encryption import (
        DecryptResponse as DecryptResponse,
        DryRunModifierType as DryRunModifierType,
        EncryptResponse as EncryptResponse,
        ReEncryptResponse as ReEncryptResponse,
    )
    from .grants import (
        CreateGrantResponse as CreateGrantResponse,
        GrantConstraints as GrantConstraints,
        GrantListEntry as GrantListEntry,
        GrantOperation as GrantOperation,
        ListGrantsResponse as ListGrantsResponse,
    )
    from .importing import (
        AlgorithmSpec as AlgorithmSpec,
        DeleteImportedKeyMaterialResponse as DeleteImportedKeyMaterialResponse,
        GetParametersForImportResponse as GetParametersForImportResponse,
        ImportKeyMaterialResponse as ImportKeyMaterialResponse,
        ImportType as ImportType,
        WrappingKeySpec as WrappingKeySpec,
    )
    from .keys import (
        CancelKeyDeletionResponse as CancelKeyDeletionResponse,
        CreateKeyResponse as CreateKeyResponse,
        DescribeKeyResponse as DescribeKeyResponse,
        KeyListEntry as KeyListEntry,
        KeyManagerType as KeyManagerType,
        KeyMetadata as KeyMetadata,
        KeyState as KeyState,
        ListKeysResponse as ListKeysResponse,
        MultiRegionConfiguration as MultiRegionConfiguration,
        MultiRegionKey as MultiRegionKey,
        MultiRegionKeyType as MultiRegionKeyType,
        ResourceOwnerType as ResourceOwnerType,
        ScheduleKeyDeletionResponse as ScheduleKeyDeletionResponse,
        XksKeyConfigurationType as XksKeyConfigurationType,
    )
    from .members import (
        KMSResponse as KMSResponse,
        ResponseMetadata as ResponseMetadata,
    )
    from .policies import (
        GetKeyPolicyResponse as GetKeyPolicyResponse,
        ListKeyPoliciesResponse as ListKeyPoliciesResponse,
    )
    from .recipients import (
        KeyEncryptionMechanism as KeyEncryptionMechanism,
        RecipientInfo as RecipientInfo,
    )
    from .replicas import (
        ReplicateKeyResponse as ReplicateKeyResponse,
    )
    from .rotation import (
        GetKeyRotationStatusResponse as GetKeyRotationStatusResponse,
        ImportState as ImportState,
        IncludeKeyMaterial as IncludeKeyMaterial,
        KeyMaterialState as KeyMaterialState,
        ListKeyRotationsResponse as ListKeyRotationsResponse,
        RotateKeyOnDemandResponse as RotateKeyOnDemandResponse,
        RotationsListEntry as RotationsListEntry,
        RotationType as RotationType,
    )
    from .shared_secrets import (
        DecapsulateResponse as DecapsulateResponse,
        DeriveSharedSecretResponse as DeriveSharedSecretResponse,
        EncapsulateResponse as EncapsulateResponse,
    )
    from .signing import (
        GenerateMacResponse as GenerateMacResponse,
        GetPublicKeyResponse as GetPublicKeyResponse,
        MessageType as MessageType,
        SignResponse as SignResponse,
        VerifyMacResponse as VerifyMacResponse,
        VerifyResponse as VerifyResponse,
    )
    from .specs import (
        CustomerMasterKeySpec as CustomerMasterKeySpec,
        EncapsulationAlgorithmSpec as EncapsulationAlgorithmSpec,
        EncryptionAlgorithmSpec as EncryptionAlgorithmSpec,
        ExpirationModelType as ExpirationModelType,
        KeyAgreementAlgorithmSpec as KeyAgreementAlgorithmSpec,
        KeySpec as KeySpec,
        KeyUsageType as KeyUsageType,
        MacAlgorithmSpec as MacAlgorithmSpec,
        OriginType as OriginType,
        SigningAlgorithmSpec as SigningAlgorithmSpec,
    )
    from .tags import (
        ListResourceTagsResponse as ListResourceTagsResponse,
        Tag as Tag,
    )
    from .usage import (
        GetKeyLastUsageResponse as GetKeyLastUsageResponse,
        KeyLastUsageData as KeyLastUsageData,
        KeyLastUsageTrackingOperation as KeyLastUsageTrackingOperation,
        UsageVerdict as UsageVerdict,
    )

_SUBJECTS = {
    "aliases": "AliasListEntry ListAliasesResponse",
    "custom_key_stores": (
        "ConnectionErrorCodeType ConnectionStateType CreateCustomKeyStoreResponse CustomKeyStoreType "
        "CustomKeyStoresListEntry DescribeCustomKeyStoresResponse XksProxyAuthenticationCredentialType "
        "XksProxyConfigurationType XksProxyConnectivityType"
    ),
    "data_keys": (
        "DataKeyPairSpec DataKeySpec GenerateDataKeyPairResponse "
        "GenerateDataKeyPairWithoutPlaintextResponse GenerateDataKeyResponse "
        "GenerateDataKeyWithoutPlaintextResponse GenerateRandomResponse"
    ),
    "encryption": "DecryptResponse DryRunModifierType EncryptResponse ReEncryptResponse",
    "grants": "CreateGrantResponse GrantConstraints GrantListEntry GrantOperation ListGrantsResponse",
    "importing": (
        "AlgorithmSpec DeleteImportedKeyMaterialResponse GetParametersForImportResponse "
        "ImportKeyMaterialResponse ImportType WrappingKeySpec"
    ),
    "keys": (
        "CancelKeyDeletionResponse CreateKeyResponse DescribeKeyResponse KeyListEntry KeyManagerType "
        "KeyMetadata KeyState ListKeysResponse MultiRegionConfiguration MultiRegionKey "
        "MultiRegionKeyType ResourceOwnerType ScheduleKeyDeletionResponse XksKeyConfigurationType"
    ),
    "members": "KMSResponse ResponseMetadata",
    "policies": "GetKeyPolicyResponse ListKeyPoliciesResponse",
    "recipients": "KeyEncryptionMechanism RecipientInfo",
    "replicas": "ReplicateKeyResponse",
    "rotation": (
        "GetKeyRotationStatusResponse ImportState IncludeKeyMaterial KeyMaterialState "
        "ListKeyRotationsResponse RotateKeyOnDemandResponse RotationType RotationsListEntry"
    ),
    "shared_secrets": "DecapsulateResponse DeriveSharedSecretResponse EncapsulateResponse",
    "signing": (
        "GenerateMacResponse GetPublicKeyResponse MessageType SignResponse VerifyMacResponse VerifyResponse"
    ),
    "specs": (
        "CustomerMasterKeySpec EncapsulationAlgorithmSpec EncryptionAlgorithmSpec ExpirationModelType "
        "KeyAgreementAlgorithmSpec KeySpec KeyUsageType MacAlgorithmSpec OriginType SigningAlgorithmSpec"
    ),
    "tags": "ListResourceTagsResponse Tag",
    "usage": "GetKeyLastUsageResponse KeyLastUsageData KeyLastUsageTrackingOperation UsageVerdict",
}


def _home(name: str) -> str | None:
    return next((subject for subject, names in _SUBJECTS.items() if name in names.split()), None)


def __getattr__(name: str) -> object:
    home = _home(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with loading:
        from importlib import import_module

        value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(" ".join(_SUBJECTS.values()).split())
