"""Who calls the embedded KMS, and whether they may: signatures, accounts, roles, quotas, denials."""
