"""What an installed distribution comes to, with all that it needs: `python size.py NAME` prints it as JSON.

Kilobytes of its files without bytecode, and how many distributions. Extras are left out, and so is what a marker
leaves out here, since it is not installed.
"""

import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path


def with_needs(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """Add a distribution and all that it needs."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key not in found:
        try:
            found[key] = distribution(name)
        except PackageNotFoundError:
            return found
        for needed in found[key].requires or ():
            if "extra ==" not in needed:
                with_needs(re.split(r"[^\w.-]", needed, maxsplit=1)[0], found)
    return found


def size(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())


def files_of(each: Distribution) -> list[Path]:
    """Return the files of a distribution; those of an editable one are where its package is."""
    files = [Path(str(each.locate_file(file))) for file in each.files or ()]
    if any(file.name == "direct_url.json" for file in files):
        import awskms_lite

        files += Path(awskms_lite.__file__).parent.rglob("*")
    return files


found = with_needs(sys.argv[1], {})
told = {"size": sum(size(files_of(each)) for each in found.values()) / 1024, "distributions": len(found)}
json.dump({**told, "version": version(sys.argv[1])}, sys.stdout)
