"""What ends an audit and is neither AWS's doing nor a mistake in its use: no descriptors, threads or memory."""

MACHINE_ERRORS = (OSError, MemoryError)


def broken_off(error: BaseException) -> str:
    """Return what to say of such an error, with its cause and what to do."""
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the audit broke off: {cause}. Mend that (ulimit -a shows limits) and run the same command again."
