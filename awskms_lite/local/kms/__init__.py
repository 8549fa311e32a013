"""KMS itself: the keys, and the operations by subject."""
