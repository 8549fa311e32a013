"""Where credentials come from: one module a source, each a flow; the chain over them, and the cache.

The chain asks the sources in order and stops at the first that is configured. One that is configured and broken
ends the search with an error: to go on to the next would sign with an identity that nobody intended.
"""
