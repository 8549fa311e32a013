"""Authentication and authorization: signatures, accounts, roles, quotas, denials."""
