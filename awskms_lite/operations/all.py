"""All operations of all services. Importing this loads every model, so only tests and tools do."""

from typing import Any, cast

from . import (
    Operation,
    aliases,
    custom_key_stores,
    data_keys,
    encryption,
    events,
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
        events,
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
    for operation in cast("dict[str, Operation[Any, Any]]", vars(subject)).values()
    if type(operation) is Operation
)
