"""The HTTP side of the embedded KMS: the sockets, the messages, and the faults injected between them."""
