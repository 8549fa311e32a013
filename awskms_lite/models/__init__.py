"""Requests and responses as attrs classes, in modules by subject.

Members are named in Python's way; the wire name is the same in CamelCase. Requests check themselves when
they are made and raise `ParameterError`; responses take what KMS sends and check nothing, since a service may
grow. All are frozen.
"""
