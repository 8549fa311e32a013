"""CloudTrail: the events of the calls of KMS, and LookupEvents, which finds them."""
