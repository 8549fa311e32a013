"""Permissions apart from key policies: IAM's denials, and the service control policies over accounts.

IAM allows every caller everything that no denial refuses.
"""

import json
import threading
from collections.abc import Mapping
from typing import TypeAlias

from ..errors import ApiError
from .denials import Denials
from .policies import Attempt, Statement, decide, parse_policy
from .principals import Caller

Policy: TypeAlias = str | Mapping[str, object]
"""A policy as JSON text, or as what that text says."""


class Permissions:
    """The denials and service control policies of a server, none at first. Thread-safe."""

    def __init__(self) -> None:
        self.denials = Denials()
        self._lock = threading.Lock()
        self._control_policies: dict[str, tuple[Statement, ...]] = {}

    def set_control_policy(self, account_id: str, policy: Policy | None) -> None:
        """Put a service control policy over an account in place of its present one; None removes that.

        Raises `ValueError` for an invalid policy.
        """
        statements = () if policy is None else _statements(policy)
        with self._lock:
            self._control_policies.pop(account_id, None)
            if statements:
                self._control_policies[account_id] = statements

    def is_controlled(self, caller: Caller) -> bool:
        """Return whether there is a service control policy over the caller's account."""
        return caller.account_id in self._control_policies

    def control_refuses(self, caller: Caller, attempt: Attempt) -> bool:
        """Return whether the service control policy over the caller's account denies the attempt.

        Only its Deny statements count, since AWS's FullAWSAccess stays beside it.
        """
        return decide(self._control_policies.get(caller.account_id, ()), attempt) is False

    def check(self, caller: Caller, service: str, operation: str) -> None:
        """Raise `ApiError`, AccessDeniedException, if an operation that is about no resource is refused."""
        action = f"{service}:{operation}"
        if self.denials.matches(operation, caller):
            raise ApiError(
                "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: {action} because no identity-based policy "
                f"allows the {action} action",
            )
        self.check_control(caller, action)

    def check_control(self, caller: Caller, action: str) -> None:
        """Raise `ApiError`, AccessDeniedException, if a service control policy denies an action on anything."""
        if self.control_refuses(caller, Attempt(action, "*", caller.principals, caller.condition_value)):
            raise ApiError("AccessDeniedException", control_denial(caller, action, "*"))


def control_denial(caller: Caller, action: str, resource: str) -> str:
    """Return the text for an action that a service control policy denies."""
    return _explicit_denial(caller, action, resource, "service control policy")


def policy_denial(caller: Caller, action: str, resource: str) -> str:
    """Return the text for an action that a key policy denies."""
    return _explicit_denial(caller, action, resource, "resource-based policy")


def missing_permission(caller: Caller, action: str, resource: str) -> str:
    """Return the text for an action that no key policy allows."""
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )


def _explicit_denial(caller: Caller, action: str, resource: str, policy: str) -> str:
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} "
        f"with an explicit deny in a {policy}"
    )


def _statements(policy: Policy) -> tuple[Statement, ...]:
    try:
        text = policy if isinstance(policy, str) else json.dumps(dict(policy))
        return parse_policy(text, with_principals=False)
    except (TypeError, ValueError):
        message = "it is not JSON"
    except ApiError as error:
        message = str(error.message)
    raise ValueError(f"the policy is invalid: {message}")
