"""A KMS client."""
