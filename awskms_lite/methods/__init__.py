"""The operations as methods of both clients, each written once, in modules by subject like the models.

A method loads its record, and with it its models, when it is first called: so importing a client imports none.
"""
