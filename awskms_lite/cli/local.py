"""`awskms-lite local`: the embedded KMS in the foreground."""

import argparse
import shlex
import threading
from typing import Any

from ..errors import ConfigurationError


def add_command(commands: Any) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "local",
        help="run a local KMS to test against",
        description="Run a KMS on loopback until interrupted, and print the variables that point a client at it. "
        "It answers GetKeyLastUsage and verifies signatures, and it is not for production: keys live in memory.",
        epilog="The variables are printed as shell commands, for another shell to read. It starts without keys: "
        "create some with CreateKey, from the AWS CLI or any SDK.",
    )
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument("--region", default="us-east-1", help="default: us-east-1")
    parser.set_defaults(run=run)


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


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: pass a number from 0 (any free one) to 65535.")
    return int(text)
