"""Every operation of KMS, each defined once."""

from collections.abc import Mapping

from . import (
    aliases,
    custom_key_stores,
    encryption,
    grants,
    lifecycle,
    macs,
    management,
    policies,
    replicas,
    rotation,
    tagging,
)
from .call import Operation
from .states import CHANGEABLE, DELETABLE, ENABLED, GRANTABLE, PENDING_DELETION, SWITCHABLE, USABLE

_OPERATIONS = (
    # Creation, states and deletion
    Operation("CreateKey", management.create_key, key=""),
    Operation("EnableKey", lifecycle.enable_key, states=SWITCHABLE),
    Operation("DisableKey", lifecycle.disable_key, states=SWITCHABLE),
    Operation("ScheduleKeyDeletion", lifecycle.schedule_key_deletion, states=DELETABLE),
    Operation("CancelKeyDeletion", lifecycle.cancel_key_deletion, states=PENDING_DELETION),
    # Reading and describing
    Operation(
        "DescribeKey",
        management.describe_key,
        writes=False,
        takes_alias=True,
        cross_account=True,
        open_to_sharers=True,
    ),
    Operation("GetKeyLastUsage", management.get_key_last_usage, writes=False),
    Operation("ListKeys", management.list_keys, key="", writes=False),
    Operation("UpdateKeyDescription", management.update_key_description, states=CHANGEABLE),
    # Aliases, tags and policies
    Operation("CreateAlias", aliases.create_alias, key="TargetKeyId", states=CHANGEABLE),
    Operation("UpdateAlias", aliases.update_alias, key="TargetKeyId", states=CHANGEABLE),
    Operation("DeleteAlias", aliases.delete_alias, key="AliasName"),
    Operation("ListAliases", aliases.list_aliases, writes=False, by_key_policy=False),
    Operation("TagResource", tagging.tag_resource, states=CHANGEABLE),
    Operation("UntagResource", tagging.untag_resource, states=CHANGEABLE),
    Operation("ListResourceTags", tagging.list_resource_tags, writes=False),
    Operation("PutKeyPolicy", policies.put_key_policy),
    Operation("GetKeyPolicy", policies.get_key_policy, writes=False),
    Operation("ListKeyPolicies", policies.list_key_policies, writes=False),
    # Rotation and replicas
    Operation("EnableKeyRotation", rotation.enable_key_rotation, states=ENABLED),
    Operation("DisableKeyRotation", rotation.disable_key_rotation, states=ENABLED),
    Operation("GetKeyRotationStatus", rotation.get_key_rotation_status, writes=False, cross_account=True),
    Operation("ListKeyRotations", rotation.list_key_rotations, writes=False),
    Operation("RotateKeyOnDemand", rotation.rotate_key_on_demand, states=ENABLED),
    Operation("ReplicateKey", replicas.replicate_key, states=ENABLED),
    Operation("UpdatePrimaryRegion", replicas.update_primary_region, states=ENABLED),
    # Cryptography
    Operation("Encrypt", encryption.encrypt, states=USABLE, takes_alias=True, cross_account=True),
    Operation("Decrypt", encryption.decrypt, states=USABLE, takes_alias=True, cross_account=True),
    Operation(
        "ReEncrypt", encryption.re_encrypt, key="SourceKeyId", states=USABLE, takes_alias=True, cross_account=True
    ),
    Operation(
        "GenerateDataKey", encryption.generate_data_key, states=USABLE, takes_alias=True, cross_account=True
    ),
    Operation(
        "GenerateDataKeyWithoutPlaintext",
        encryption.generate_data_key_without_plaintext,
        states=USABLE,
        takes_alias=True,
        cross_account=True,
    ),
    Operation("GenerateMac", macs.generate_mac, states=USABLE, takes_alias=True, cross_account=True),
    Operation("VerifyMac", macs.verify_mac, states=USABLE, takes_alias=True, cross_account=True),
    Operation("GenerateRandom", encryption.generate_random, key=""),
    # Grants
    Operation("CreateGrant", grants.create_grant, states=GRANTABLE, cross_account=True),
    Operation("ListGrants", grants.list_grants, writes=False, cross_account=True),
    Operation("ListRetirableGrants", grants.list_retirable_grants, key="", writes=False),
    Operation("RetireGrant", grants.retire_grant, cross_account=True, by_key_policy=False),
    Operation("RevokeGrant", grants.revoke_grant, cross_account=True),
    # A list that is always empty here, and that tools read
    Operation("DescribeCustomKeyStores", custom_key_stores.describe_custom_key_stores, key="", writes=False),
    # What LocalKMS lacks: defined, so that it is told apart from a misspelt name, and can be denied and stubbed
    Operation("ConnectCustomKeyStore"),
    Operation("CreateCustomKeyStore"),
    Operation("Decapsulate"),
    Operation("DeleteCustomKeyStore"),
    Operation("DeleteImportedKeyMaterial"),
    Operation("DeriveSharedSecret"),
    Operation("DisconnectCustomKeyStore"),
    Operation("Encapsulate"),
    Operation("GenerateDataKeyPair"),
    Operation("GenerateDataKeyPairWithoutPlaintext"),
    Operation("GetParametersForImport"),
    Operation("GetPublicKey"),
    Operation("ImportKeyMaterial"),
    Operation("Sign"),
    Operation("UpdateCustomKeyStore"),
    Operation("Verify"),
)

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _OPERATIONS}
