"""The two drivers: they run flows, and are the only places that wait.

A driver performs each step that a flow yields and sends the result in, or throws the error in.
`synchronous.Driver` does so with plain calls, `asynchronous.AsyncDriver` under asyncio and trio; a
`companion.CompanionDriver` is one of the second kind that shares what a `Driver` has, for an audit with a
synchronous client. All go down to the socket in the same stages:

    run            a flow and the time that it may take, resolved once into a deadline
    _drive         the steps of a flow, one by one
    _perform       a step
    _send          a request: who sends it, and the line in the log for it
    sender.send    one attempt, over a connection of ours or through a client of the caller's: see `transport`
"""
