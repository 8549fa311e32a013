"""The operations as methods of both clients, each written once, in modules by subject like the models.

A method loads its operation, and with it the models, when it is first called: importing a client imports none.
"""
