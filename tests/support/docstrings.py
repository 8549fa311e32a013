"""Reads what the docstring of an operation's method declares: the one place where its errors are written."""

import inspect
import re
from typing import Any

from awskms_lite import CloudTrailClient, KMSClient
from awskms_lite.operations import Operation


def method_name(operation: Operation[Any, Any]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation.name).lower()


CLIENTS = {"kms": KMSClient, "cloudtrail": CloudTrailClient}


def docstring(operation: Operation[Any, Any]) -> str:
    return inspect.getdoc(getattr(CLIENTS[operation.service.name], method_name(operation))) or ""


def declared_errors(operation: Operation[Any, Any]) -> list[str]:
    """Return the names in the last paragraph, as "Raises `A` (why), `B`.", in order; it must be of that form."""
    last = " ".join(docstring(operation).rpartition("\n\n")[2].split())
    error = r"`\w+`( \([^()`]+\))?"
    assert re.fullmatch(rf"Raises {error}(, {error})*\.", last), f"{operation.name} ends in {last!r}"
    return re.findall(r"`(\w+)`", last)
