"""`awskms-lite local`: the embedded KMS in the foreground."""

import argparse
import shlex
import threading

from ..errors import ConfigurationError


def run(arguments: argparse.Namespace) -> int:
    """Serve until the process is interrupted."""
    from ..local import LocalKMS

    try:
        server = LocalKMS(region=arguments.region, port=arguments.port).start()
    except ValueError as error:
        raise ConfigurationError(f"--region: {error}.") from None
    except OSError as error:
        raise ConfigurationError(
            f"No KMS can listen on port {arguments.port} ({error.strerror}): pass another --port, or none."
        ) from error
    with server:
        for name, value in server.environ.items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# A local KMS listens on {server.endpoint_url}; end it with Ctrl-C.", flush=True)
        threading.Event().wait()
    return 0
