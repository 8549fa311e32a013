"""What is had of the machine itself: files, programs, and ids that nobody else has."""

import builtins
import os
from collections.abc import Mapping
from pathlib import Path

import anyio

from .errors import ConfigurationError, TimeoutError
from .steps import Output


def new_id() -> str:
    """Give a random UUID (RFC 9562, version 4): by hand, since the module `uuid` takes 8 ms to import."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def read_file(path: Path) -> bytes | None:
    """Give a file's bytes, None where there is none; raises `ConfigurationError` for one that cannot be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({getattr(error, 'strerror', error)}): check the path and its permissions."
        ) from error


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole or not at all, readable by its owner only; raises `ConfigurationError`."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as new:
            try:
                new.write(content)
                new.close()
                os.replace(new.name, path)  # noqa: PTH105 - the name is a string
            except OSError:
                os.unlink(new.name)  # noqa: PTH108
                raise
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}): check its directory and permissions."
        ) from error


def run_program(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Output:
    """Run a program without a shell or input; its standard error goes where ours goes."""
    import subprocess

    try:
        ended = subprocess.run(  # noqa: S603 - no shell, and the caller's own configuration
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=timeout,
            check=False,
            env=_variables(environ),
        )
        return Output(ended.returncode, ended.stdout)
    except subprocess.TimeoutExpired:
        pass
    except OSError as error:
        raise _unstartable(argv, error) from error
    raise _endless(argv, timeout)  # out here because the exception above holds the arguments


async def run_program_async(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Output:
    """Run a program without a shell or input; its standard error goes where ours goes."""
    import subprocess

    try:
        with anyio.fail_after(timeout):
            ended = await anyio.run_process(
                argv, stdin=subprocess.DEVNULL, stderr=None, check=False, env=_variables(environ)
            )
    except builtins.TimeoutError:
        raise _endless(argv, timeout) from None
    except OSError as error:
        raise _unstartable(argv, error) from error
    return Output(ended.returncode, ended.stdout)


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), **environ}


def _endless(argv: tuple[str, ...], timeout: float) -> TimeoutError:
    return TimeoutError(f"{argv[0]} did not end within {timeout:g} s and was ended: run it by hand to see why.")


def _unstartable(argv: tuple[str, ...], error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{argv[0]} cannot be started ({error.strerror}): check its path.")
