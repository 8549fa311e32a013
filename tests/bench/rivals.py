"""Where the contenders run: each rival in an environment of its own, because its presence changes what others do.

botocore uses awscrt where it can be imported, and aiobotocore wants a botocore of its own. Only the standard
library is imported here and by what starts processes, since a child's peak memory begins with that of its parent.
"""

import os
import sys
from pathlib import Path
from typing import TypeAlias

HERE = Path(__file__).parent
Samples: TypeAlias = dict[str, dict[str, list[float]]]
"""Contender, then what was measured, then the samples in the order they were taken."""


def python_of(rival: str | None) -> str:
    """Return the Python with a rival; without one, that of awskms_lite and botocore."""
    return sys.executable if rival is None else f"{sys.prefix}-{rival}/bin/python"


def is_installed(rival: str | None) -> bool:
    return rival is None or Path(f"{sys.prefix}-{rival}", ".installed").exists()


def surroundings() -> dict[str, str]:
    """Return the environment of every process here: nothing of the caller's but where things are."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
