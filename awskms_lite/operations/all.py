"""All operations. Importing this loads every model, so only tests and tools do."""

from typing import Any

from . import (
    Operation,
    aliases,
    custom_key_stores,
    data_keys,
    encryption,
    grants,
    importing,
    keys,
    policies,
    replicas,
    rotation,
    shared_secrets,
    signing,
    tags,
    usage,
)

ALL_OPERATIONS: tuple[Operation[Any, Any], ...] = tuple(
    operation
    for subject in (
        aliases,
        custom_key_stores,
        data_keys,
        encryption,
        grants,
        importing,
        keys,
        policies,
        replicas,
        rotation,
        shared_secrets,
        signing,
        tags,
        usage,
    )
    for name, operation in vars(subject).items()
    if name.isupper() and name != "KEY_ID"
)
