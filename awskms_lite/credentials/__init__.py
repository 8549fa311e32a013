"""Where credentials come from: one module a source, each a flow; the chain over them, and the cache.

The chain asks the sources in order and stops at the first that has something to say. A source that is set up
and broken ends it with an error: to go on to the next would sign with an identity nobody meant.
"""
