"""Requests and responses as attrs classes, in modules by subject.

    from awskms_lite.models import KeySpec, Tag

What callers pass and get is exported here, and loaded when it is first used (PEP 562); the requests, which the
clients' methods make, are in their subject's module. Members have Python names; the wire name is the same in
CamelCase. Requests check themselves when they are made and raise `ParameterError`. A response has what KMS always
sends as required members and checks nothing else, since a service may grow. All are frozen, and hashable: mappings
are left out of the hash.

`KeySpecLike` and the other names in "Like" are what methods take for an enum: a member, its value, or any other
string, which may be newer than this package.
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
        CustomKeyStoreTypeLike as CustomKeyStoreTypeLike,
        DescribeCustomKeyStoresResponse as DescribeCustomKeyStoresResponse,
        XksProxyAuthenticationCredentialType as XksProxyAuthenticationCredentialType,
        XksProxyConfigurationType as XksProxyConfigurationType,
        XksProxyConnectivityType as XksProxyConnectivityType,
        XksProxyConnectivityTypeLike as XksProxyConnectivityTypeLike,
    )
    from .data_keys import (
        DataKeyPairSpec as DataKeyPairSpec,
        DataKeyPairSpecLike as DataKeyPairSpecLike,
        DataKeySpec as DataKeySpec,
        DataKeySpecLike as DataKeySpecLike,
        GenerateDataKeyForRecipientResponse as GenerateDataKeyForRecipientResponse,
        GenerateDataKeyPairForRecipientResponse as GenerateDataKeyPairForRecipientResponse,
        GenerateDataKeyPairResponse as GenerateDataKeyPairResponse,
        GenerateDataKeyPairWithoutPlaintextResponse as GenerateDataKeyPairWithoutPlaintextResponse,
        GenerateDataKeyResponse as GenerateDataKeyResponse,
        GenerateDataKeyWithoutPlaintextResponse as GenerateDataKeyWithoutPlaintextResponse,
        GenerateRandomForRecipientResponse as GenerateRandomForRecipientResponse,
        GenerateRandomResponse as GenerateRandomResponse,
    )
    from .encryption import (
        DecryptForRecipientResponse as DecryptForRecipientResponse,
        DecryptResponse as DecryptResponse,
        DryRunModifierType as DryRunModifierType,
        DryRunModifierTypeLike as DryRunModifierTypeLike,
        EncryptResponse as EncryptResponse,
        ReEncryptResponse as ReEncryptResponse,
    )
    from .events import (
        Event as Event,
        EventError as EventError,
        EventResource as EventResource,
        ListedResource as ListedResource,
        LookupAttribute as LookupAttribute,
        LookupAttributeKey as LookupAttributeKey,
        LookupAttributeKeyLike as LookupAttributeKeyLike,
        LookupEventsResponse as LookupEventsResponse,
    )
    from .grants import (
        CreateGrantResponse as CreateGrantResponse,
        GrantConstraints as GrantConstraints,
        GrantConstraintsLike as GrantConstraintsLike,
        GrantListEntry as GrantListEntry,
        GrantOperation as GrantOperation,
        GrantOperationLike as GrantOperationLike,
        ListGrantsResponse as ListGrantsResponse,
    )
    from .importing import (
        AlgorithmSpec as AlgorithmSpec,
        AlgorithmSpecLike as AlgorithmSpecLike,
        DeleteImportedKeyMaterialResponse as DeleteImportedKeyMaterialResponse,
        GetParametersForImportResponse as GetParametersForImportResponse,
        ImportKeyMaterialResponse as ImportKeyMaterialResponse,
        ImportType as ImportType,
        ImportTypeLike as ImportTypeLike,
        WrappingKeySpec as WrappingKeySpec,
        WrappingKeySpecLike as WrappingKeySpecLike,
    )
    from .keys import (
        CancelKeyDeletionResponse as CancelKeyDeletionResponse,
        CreateKeyResponse as CreateKeyResponse,
        DescribeKeyResponse as DescribeKeyResponse,
        KeyListEntry as KeyListEntry,
        KeyManagerType as KeyManagerType,
        KeyMetadata as KeyMetadata,
        KeyState as KeyState,
        KeyStateLike as KeyStateLike,
        ListKeysResponse as ListKeysResponse,
        MultiRegionConfiguration as MultiRegionConfiguration,
        MultiRegionKey as MultiRegionKey,
        MultiRegionKeyType as MultiRegionKeyType,
        ResourceOwnerType as ResourceOwnerType,
        ResourceOwnerTypeLike as ResourceOwnerTypeLike,
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
        KeyEncryptionMechanismLike as KeyEncryptionMechanismLike,
        RecipientInfo as RecipientInfo,
    )
    from .replicas import (
        ReplicateKeyResponse as ReplicateKeyResponse,
    )
    from .requests import (
        BytesLike as BytesLike,
    )
    from .rotation import (
        GetKeyRotationStatusResponse as GetKeyRotationStatusResponse,
        ImportState as ImportState,
        IncludeKeyMaterial as IncludeKeyMaterial,
        IncludeKeyMaterialLike as IncludeKeyMaterialLike,
        KeyMaterialState as KeyMaterialState,
        ListKeyRotationsResponse as ListKeyRotationsResponse,
        RotateKeyOnDemandResponse as RotateKeyOnDemandResponse,
        RotationsListEntry as RotationsListEntry,
        RotationType as RotationType,
    )
    from .shared_secrets import (
        DecapsulateResponse as DecapsulateResponse,
        DeriveSharedSecretForRecipientResponse as DeriveSharedSecretForRecipientResponse,
        DeriveSharedSecretResponse as DeriveSharedSecretResponse,
        EncapsulateResponse as EncapsulateResponse,
    )
    from .signing import (
        GenerateMacResponse as GenerateMacResponse,
        GetPublicKeyResponse as GetPublicKeyResponse,
        MessageType as MessageType,
        MessageTypeLike as MessageTypeLike,
        SignResponse as SignResponse,
        VerifyMacResponse as VerifyMacResponse,
        VerifyResponse as VerifyResponse,
    )
    from .specs import (
        CustomerMasterKeySpec as CustomerMasterKeySpec,
        CustomerMasterKeySpecLike as CustomerMasterKeySpecLike,
        EncapsulationAlgorithmSpec as EncapsulationAlgorithmSpec,
        EncapsulationAlgorithmSpecLike as EncapsulationAlgorithmSpecLike,
        EncryptionAlgorithmSpec as EncryptionAlgorithmSpec,
        EncryptionAlgorithmSpecLike as EncryptionAlgorithmSpecLike,
        ExpirationModelType as ExpirationModelType,
        ExpirationModelTypeLike as ExpirationModelTypeLike,
        KeyAgreementAlgorithmSpec as KeyAgreementAlgorithmSpec,
        KeyAgreementAlgorithmSpecLike as KeyAgreementAlgorithmSpecLike,
        KeySpec as KeySpec,
        KeySpecLike as KeySpecLike,
        KeyUsageType as KeyUsageType,
        KeyUsageTypeLike as KeyUsageTypeLike,
        MacAlgorithmSpec as MacAlgorithmSpec,
        MacAlgorithmSpecLike as MacAlgorithmSpecLike,
        OriginType as OriginType,
        OriginTypeLike as OriginTypeLike,
        SigningAlgorithmSpec as SigningAlgorithmSpec,
        SigningAlgorithmSpecLike as SigningAlgorithmSpecLike,
    )
    from .tags import (
        ListResourceTagsResponse as ListResourceTagsResponse,
        Tag as Tag,
        TagsLike as TagsLike,
    )
    from .usage import (
        GetKeyLastUsageResponse as GetKeyLastUsageResponse,
        KeyLastUsageData as KeyLastUsageData,
        KeyLastUsageTrackingOperation as KeyLastUsageTrackingOperation,
        UsageVerdict as UsageVerdict,
    )

_SUBJECTS = {
    "aliases": ("AliasListEntry ListAliasesResponse"),
    "custom_key_stores": (
        "ConnectionErrorCodeType ConnectionStateType CreateCustomKeyStoreResponse CustomKeyStoreType "
        "CustomKeyStoreTypeLike CustomKeyStoresListEntry DescribeCustomKeyStoresResponse "
        "XksProxyAuthenticationCredentialType XksProxyConfigurationType XksProxyConnectivityType "
        "XksProxyConnectivityTypeLike"
    ),
    "data_keys": (
        "DataKeyPairSpec DataKeyPairSpecLike DataKeySpec DataKeySpecLike "
        "GenerateDataKeyForRecipientResponse GenerateDataKeyPairForRecipientResponse "
        "GenerateDataKeyPairResponse GenerateDataKeyPairWithoutPlaintextResponse GenerateDataKeyResponse "
        "GenerateDataKeyWithoutPlaintextResponse GenerateRandomForRecipientResponse "
        "GenerateRandomResponse"
    ),
    "encryption": (
        "DecryptForRecipientResponse DecryptResponse DryRunModifierType DryRunModifierTypeLike "
        "EncryptResponse ReEncryptResponse"
    ),
    "events": (
        "Event EventError EventResource ListedResource LookupAttribute LookupAttributeKey "
        "LookupAttributeKeyLike LookupEventsResponse"
    ),
    "grants": (
        "CreateGrantResponse GrantConstraints GrantConstraintsLike GrantListEntry GrantOperation "
        "GrantOperationLike ListGrantsResponse"
    ),
    "importing": (
        "AlgorithmSpec AlgorithmSpecLike DeleteImportedKeyMaterialResponse "
        "GetParametersForImportResponse ImportKeyMaterialResponse ImportType ImportTypeLike "
        "WrappingKeySpec WrappingKeySpecLike"
    ),
    "keys": (
        "CancelKeyDeletionResponse CreateKeyResponse DescribeKeyResponse KeyListEntry KeyManagerType "
        "KeyMetadata KeyState KeyStateLike ListKeysResponse MultiRegionConfiguration MultiRegionKey "
        "MultiRegionKeyType ResourceOwnerType ResourceOwnerTypeLike ScheduleKeyDeletionResponse "
        "XksKeyConfigurationType"
    ),
    "members": ("KMSResponse ResponseMetadata"),
    "policies": ("GetKeyPolicyResponse ListKeyPoliciesResponse"),
    "recipients": ("KeyEncryptionMechanism KeyEncryptionMechanismLike RecipientInfo"),
    "replicas": ("ReplicateKeyResponse"),
    "requests": ("BytesLike"),
    "rotation": (
        "GetKeyRotationStatusResponse ImportState IncludeKeyMaterial IncludeKeyMaterialLike "
        "KeyMaterialState ListKeyRotationsResponse RotateKeyOnDemandResponse RotationType "
        "RotationsListEntry"
    ),
    "shared_secrets": (
        "DecapsulateResponse DeriveSharedSecretForRecipientResponse DeriveSharedSecretResponse EncapsulateResponse"
    ),
    "signing": (
        "GenerateMacResponse GetPublicKeyResponse MessageType MessageTypeLike SignResponse "
        "VerifyMacResponse VerifyResponse"
    ),
    "specs": (
        "CustomerMasterKeySpec CustomerMasterKeySpecLike EncapsulationAlgorithmSpec "
        "EncapsulationAlgorithmSpecLike EncryptionAlgorithmSpec EncryptionAlgorithmSpecLike "
        "ExpirationModelType ExpirationModelTypeLike KeyAgreementAlgorithmSpec "
        "KeyAgreementAlgorithmSpecLike KeySpec KeySpecLike KeyUsageType KeyUsageTypeLike "
        "MacAlgorithmSpec MacAlgorithmSpecLike OriginType OriginTypeLike SigningAlgorithmSpec "
        "SigningAlgorithmSpecLike"
    ),
    "tags": ("ListResourceTagsResponse Tag TagsLike"),
    "usage": ("GetKeyLastUsageResponse KeyLastUsageData KeyLastUsageTrackingOperation UsageVerdict"),
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


if not TYPE_CHECKING:  # type checkers have the names from the imports above
    __all__ = __dir__()  # noqa: PLE0605 - a list, and the same names
