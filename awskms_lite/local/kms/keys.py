"""A KMS key as the embedded KMS holds it.

A multi-Region key is several keys, one in each Region, with the same key id, material and rotation: these shared
properties are one record, which a single-Region key has to itself. All times are whole milliseconds since 1970
UTC, as KMS keeps them, so that nothing is lost on the way to the wire and back.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, cast
from uuid import uuid4

from attrs import Factory, define, field, frozen

from ..arns import resource_arn
from .specs import ALGORITHMS, MATERIAL_BYTES

DAY = 86_400_000  # milliseconds
DELETION_WINDOW_DAYS = 30  # KMS's default between scheduling a deletion and the end
KEY_STATES = (
    "Creating", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion",
    "Unavailable", "Updating",
)  # fmt: skip
# The aliases that AWS predefines in every account and region; the key is created when one is first described.
PREDEFINED_ALIASES = tuple(
    f"alias/aws/{service}"
    for service in (
        "acm", "dynamodb", "ebs", "elasticfilesystem", "es", "glue", "kinesisvideo", "lambda", "rds", "redshift",
        "s3", "secretsmanager", "ssm", "xray",
    )
)  # fmt: skip
ORIGINS = ("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")


@frozen
class Usage:
    """The last successful cryptographic operation with a key, as `GetKeyLastUsage` returns it."""

    operation: str
    timestamp: int
    cloud_trail_event_id: str = field(factory=lambda: str(uuid4()))
    kms_request_id: str = field(factory=lambda: str(uuid4()))


@frozen
class Material:
    """One key material of a key, and the rotation that created it; the first one was created with the key."""

    secret: bytes = field(repr=False)
    id: str
    rotation_date: int | None = None
    rotation_type: str | None = None


@frozen
class Grant:
    """A grant: the operations that a principal may use the key for.

    Of each pair, `grantee` and `grantee_service`, and `retiring` and `retiring_service`, one at most is not None.
    `constraints` go by their wire names.
    """

    id: str
    key_arn: str
    created: int
    issuing_account: str
    operations: tuple[str, ...]
    constraints: Mapping[str, object]
    grantee: str | None
    grantee_service: str | None
    retiring: str | None
    retiring_service: str | None
    name: str | None
    sequence: int

    def context(self, constraint: str) -> Mapping[str, object] | None:
        """Return the encryption context of a constraint, None if the grant has no such constraint."""
        return cast("Mapping[str, object] | None", self.constraints.get(constraint))


@define(eq=False)
class SharedProperties:
    """The shared properties of the related multi-Region keys; a single-Region key has its own."""

    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    primary_region: str | None = None  # None: a key of one Region
    key_id: str = field(init=False)
    materials: list[Material] = field(init=False, factory=list[Material], repr=False)
    rotation_period_days: int | None = None  # None: no automatic rotation
    next_rotation: int | None = None

    def __attrs_post_init__(self) -> None:
        self.key_id = str(uuid4()) if self.primary_region is None else f"mrk-{uuid4().hex}"
        self.add_material(None, None)

    def add_material(self, rotation_date: int | None, rotation_type: str | None) -> None:
        """Create new key material and make it the current one; older ones stay, to decrypt what they encrypted."""
        name = f"key material id {len(self.materials)} {self.key_id}"  # the id reveals nothing of the material
        material_id = sha256(name.encode("ascii")).hexdigest()
        secret = secrets.token_bytes(MATERIAL_BYTES.get(self.spec, 0))
        self.materials.append(Material(secret, material_id, rotation_date, rotation_type))


@define(eq=False)
class Key:
    """One KMS key, in one account and region."""

    account_id: str
    region: str
    creation_date: int
    tracking_start_date: int
    shared: SharedProperties = Factory(SharedProperties)
    state: str = "Enabled"
    manager: str = "CUSTOMER"
    description: str = ""
    policy: str | None = None  # None: the default policy
    tags: dict[str, str] = field(factory=dict[str, str])
    has_material: bool = True  # False: waiting for an import
    deletion_window_days: int = DELETION_WINDOW_DAYS
    deletion_date: int | None = None
    last_usage: Usage | None = None
    shared_with: frozenset[str] = frozenset()  # account ids, by AWS RAM
    grants: dict[str, Grant] = field(init=False, factory=dict[str, Grant], repr=False)  # by id; kept by the store
    aliases: dict[str, "Alias"] = field(init=False, factory=dict[str, "Alias"], repr=False)  # kept by the store
    sequence: int = 0  # in the order in which keys were added

    @property
    def key_id(self) -> str:
        """The key id, without account and region."""
        return self.shared.key_id

    @property
    def arn(self) -> str:
        """The key ARN."""
        return resource_arn(self.region, self.account_id, f"key/{self.key_id}")

    @property
    def material(self) -> Material:
        """The material that the key encrypts with now."""
        return self.shared.materials[-1]

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that the key works with."""
        return ALGORITHMS[self.shared.spec][self.shared.usage]

    @property
    def is_multi_region(self) -> bool:
        """Whether the key is a primary or a replica."""
        return self.shared.primary_region is not None

    @property
    def is_replica(self) -> bool:
        """Whether the primary key is another one."""
        return self.shared.primary_region not in (None, self.region)


@define(eq=False)
class Alias:
    """A name of a key in its account and region."""

    name: str
    key: Key
    creation_date: int
    last_updated_date: int

    @property
    def arn(self) -> str:
        """The alias ARN."""
        return resource_arn(self.key.region, self.key.account_id, self.name)


class PredefinedAlias(NamedTuple):
    """A predefined alias whose AWS managed key has not been created yet."""

    name: str
    arn: str
