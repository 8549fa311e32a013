"""Report which keys rotate, how often and when next, as lines of JSON."""

import json
from collections.abc import Iterator
from typing import Any

from awskms_lite import KMSClient, to_dict


def rotations(kms: KMSClient, max_days: int = 365) -> Iterator[dict[str, Any]]:
    """Yield a record for each key that could rotate; `ok` is False if it does so too rarely or not at all."""
    for entry in kms.iter_list_keys():
        key = kms.describe_key(entry.key_arn).key_metadata
        if (key.key_manager, key.key_spec, key.key_state) != ("CUSTOMER", "SYMMETRIC_DEFAULT", "Enabled"):
            continue
        status = kms.get_key_rotation_status(key.arn)
        days = status.rotation_period_in_days
        yield {
            **to_dict(status),
            "key_id": key.arn,
            "description": key.description,
            "rotations": sum(1 for _ in kms.iter_list_key_rotations(key.arn)),
            "ok": status.key_rotation_enabled and (days is None or days <= max_days),
        }


def report(kms: KMSClient) -> str:
    return "\n".join(map(json.dumps, rotations(kms)))
