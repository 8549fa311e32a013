"""The layers of the package: which module may import which, and which may touch the outside world.

The rules are functions of a module's path and source, so that each can be shown to fail on a made-up module.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent / "awskms_lite"
SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}

LAYERS = {
    part: layer
    for layer, parts in enumerate(
        [
            ["steps", "identity", "errors", "layout", "loading", "quoting", "_version"],
            [
                "sigv4",
                "models",
                "config",
                "endpoints",
                "reference",
                "retry",
                "pacing",
                "service_clock",
                "verdicts",
            ],
            ["settings", "converter", "operations", "costs", "permissions"],
            ["protocol", "paging", "sts"],
            ["credentials"],
            ["call"],
            ["waiting"],
            ["system"],
            ["transport"],
            ["drivers"],
            ["methods"],
            ["client", "async_client"],
            ["audit", "retirement", "cloudtrail", "async_cloudtrail"],
            ["report", "guard"],
            ["cli", "pytest_plugin"],
        ]
    )
    for part in parts
}
ENTRY_POINTS = ("__init__", "__main__")  # above all layers
LAZY = ("__init__.py", "__main__.py", "models/__init__.py")  # import a name when it is first used
OUTERMOST = ("cli", "pytest_plugin")  # run by others, and imported by no module
APART = "local"
STUBS = "local/kms/stubs.py"  # what a stub answers may be given in the client's own types
STUB_TYPES = ("converter", "errors", "models")
PURE = 6  # the highest layer that reads no clock and touches nothing else outside
WORLD = re.compile(
    r"(time|random|secrets|socket|subprocess|tempfile)\b.*|os\.(environ|getenv|urandom|getcwd)|uuid\.uuid[14]"
    r"|.*\.(now|utcnow|today|read_text|read_bytes|write_text|write_bytes|open)"
)
BUILTINS = ("open", "input", "print")
OTHER_CLIENTS = re.compile(r"botocore|boto3|\bmoto\b", re.IGNORECASE)


def imported(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, wherever in it the import is."""
    package = ["awskms_lite", *PurePosixPath(path).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            yield from (".".join([*stem, *filter(None, [node.module]), alias.name]) for alias in node.names)


def touched(path: str, tree: ast.Module) -> Iterator[str]:
    """Yield what a module uses of the outside world: by import, by attribute or by a builtin function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
            yield node.func.id
    foreign = (name for name in imported(path, tree) if not name.startswith("awskms_lite."))
    names = {*foreign, *(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute))}
    yield from (name for name in names if WORLD.fullmatch(name))


def guarded(node: ast.stmt) -> bool:
    """Return whether a statement is for type checkers only."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def allowed(part: str, other: str) -> bool:
    """Return whether one part of the package may import another."""
    if part == "__init__" or other == part:
        return other not in OUTERMOST or other == part
    if part == "__main__":
        return True
    if part == APART:
        return other == "identity"
    if other == APART:
        return part in OUTERMOST
    return LAYERS.get(other, PURE + 100) < LAYERS[part]


def violations(path: str, source: str) -> list[str]:
    """Return which rules one module breaks."""
    tree, part = ast.parse(source), path.partition("/")[0].removesuffix(".py")
    if part not in (*LAYERS, *ENTRY_POINTS, APART):
        return ["is in no layer"]
    names = list(imported(path, tree))
    found = ["names another client"] if OTHER_CLIENTS.search(source) else []
    for name in names:
        top, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if top == "awskms_lite" and not allowed(part, other) and not (path == STUBS and other in STUB_TYPES):
            found.append(f"imports {name}")
        if top in ("httpx", "httpcore") and part != "transport":
            found.append("imports httpx")
        if top == "importlib" and not name.startswith("importlib.resources") and path not in LAZY:
            found.append("imports by name")
    if LAYERS.get(part, PURE + 1) <= PURE:
        found += [f"touches {name}" for name in touched(path, tree)]
    if part not in (*ENTRY_POINTS, *OUTERMOST, APART, "transport"):
        found += [f"loads without the lock: {statement}" for statement in unguarded(tree)]
    if path == "__init__.py":
        eager = [node for node in tree.body if not isinstance(node, ast.FunctionDef) and not guarded(node)]
        loaded = imported(path, ast.Module(eager, []))
        found += [f"loads {name}" for name in loaded if not name.startswith("typing.")]
    return found


def unguarded(tree: ast.Module) -> Iterator[str]:
    """Yield the imports in functions that a fork would not wait for: those outside `with loading:`."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        if inside and isinstance(node, ast.Import | ast.ImportFrom):
            yield ast.unparse(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = True
        elif isinstance(node, ast.With) and "loading" in [ast.unparse(item.context_expr) for item in node.items]:
            continue
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]


def cycle(sources: Mapping[str, str]) -> list[str]:
    """Return the modules of an import cycle, the first one again at the end; an empty list if there is none."""
    modules = {".".join(["awskms_lite", *PurePosixPath(path).with_suffix("").parts]): path for path in sources}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items() if path != "__init__.py"}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        targets = [(other, other.rpartition(".")[0]) for other in imported(path, ast.parse(sources[path]))]
        graph[name] = {next((target for target in pair if target in modules), name) for pair in targets} - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members
    return []


def documented_layers() -> dict[str, int]:
    """Return the table of docs/architecture.md: the layer of each part."""
    text = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|", text, re.MULTILINE)
    return {part: int(layer) for layer, parts in rows for part in re.findall(r"`(\w+)`", parts)}


def test_the_documentation_has_the_same_table() -> None:
    """What docs/architecture.md says of the layers is what holds."""
    assert documented_layers() == LAYERS


@pytest.mark.parametrize("path", sorted(SOURCES))
def test_every_module_keeps_to_the_table(path: str) -> None:
    """A module imports only from layers below its own, and none up to layer 6 touches the outside world."""
    assert violations(path, SOURCES[path]) == []


def test_there_is_no_import_cycle() -> None:
    """Whichever module is imported first, all can be: imports for type checkers included."""
    assert cycle(SOURCES) == []


@pytest.mark.parametrize(
    ("path", "source", "violation"),
    [
        ("errors.py", "from .steps import Request", "imports awskms_lite.steps.Request"),
        ("endpoints.py", "from . import retry", "imports awskms_lite.retry"),
        ("models/usage.py", "from ..endpoints import Partition", "imports awskms_lite.endpoints.Partition"),
        ("protocol.py", "import awskms_lite.call", "imports awskms_lite.call"),
        ("protocol.py", "from awskms_lite.call import call", "imports awskms_lite.call.call"),
        ("call.py", "def f():\n    from .transport import Client", "imports awskms_lite.transport.Client"),
        (
            "call.py",
            "if TYPE_CHECKING:\n    from .client import KMSClient",
            "imports awskms_lite.client.KMSClient",
        ),
        ("credentials/sso.py", "async def f():\n    from .. import drivers", "imports awskms_lite.drivers"),
        (
            "transport/pools.py",
            "from ..drivers.synchronous import Driver",
            "imports awskms_lite.drivers.synchronous.Driver",
        ),
        (
            "client.py",
            "from .async_client import AsyncKMSClient",
            "imports awskms_lite.async_client.AsyncKMSClient",
        ),
        ("client.py", "from . import KMSLiteError", "imports awskms_lite.KMSLiteError"),
        ("client.py", "import awskms_lite", "imports awskms_lite"),
        ("client.py", "from .local import LocalKMS", "imports awskms_lite.local.LocalKMS"),
        ("client.py", "from .cli import main", "imports awskms_lite.cli.main"),
        ("local/server.py", "from ..cli import main", "imports awskms_lite.cli.main"),
        (
            "local/kms/service.py",
            "def f():\n    from awskms_lite.converter import to_wire",
            "imports awskms_lite.converter.to_wire",
        ),
        (
            "local/kms/stubs.py",
            "from awskms_lite.protocol import decode_error",
            "imports awskms_lite.protocol.decode_error",
        ),
        (
            "local/server.py",
            "from awskms_lite.errors import KMSLiteError",
            "imports awskms_lite.errors.KMSLiteError",
        ),
        ("__init__.py", "def __getattr__(name):\n    from .cli import main", "imports awskms_lite.cli.main"),
        ("client.py", "from .pytest_plugin import local_kms", "imports awskms_lite.pytest_plugin.local_kms"),
        ("__init__.py", "from .errors import KMSLiteError", "loads awskms_lite.errors.KMSLiteError"),
        ("__init__.py", "try:\n    import json\nexcept ImportError:\n    pass", "loads json"),
        ("drivers/synchronous.py", "import httpx", "imports httpx"),
        ("client.py", "def f():\n    from httpx import Client", "imports httpx"),
        ("cli/usage.py", "import httpx._main", "imports httpx"),
        ("client.py", "from importlib import import_module", "imports by name"),
        ("common.py", "", "is in no layer"),
        ("call.py", "# as botocore does", "names another client"),
        ("cli/usage.py", "NAME = 'Boto3'", "names another client"),
        ("local/server.py", "def f():\n    import moto", "names another client"),
        ("call.py", "import time", "touches time"),
        ("retry.py", "from random import random", "touches random.random"),
        ("retry.py", "import random as dice", "touches random"),
        ("call.py", "import uuid\nuuid.uuid4()", "touches uuid.uuid4"),
        ("call.py", "from os import environ", "touches os.environ"),
        ("credentials/chain.py", "import os\nos.environ['HOME']", "touches os.environ"),
        ("config.py", "import os\nos.getenv('HOME')", "touches os.getenv"),
        ("config.py", "open('config')", "touches open"),
        ("config.py", "path.read_text()", "touches path.read_text"),
        ("config.py", "Path('config').open()", "touches Path('config').open"),
        ("sigv4/post.py", "from datetime import datetime as d\nd.now()", "touches d.now"),
        ("sigv4/post.py", "import datetime\ndatetime.datetime.utcnow()", "touches datetime.datetime.utcnow"),
        ("protocol.py", "print('here')", "touches print"),
        ("call.py", "def f():\n    import json", "loads without the lock: import json"),
        (
            "call.py",
            "def f():\n    if x:\n        from . import steps",
            "loads without the lock: from . import steps",
        ),
        ("call.py", "def f():\n    with lock:\n        import json", "loads without the lock: import json"),
    ],
)
def test_a_module_that_breaks_a_rule_is_found(path: str, source: str, violation: str) -> None:
    """Each rule fails on a module that breaks it, inside functions and type-checking blocks too."""
    assert violation in violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("retry.py", "from .errors import ServiceError\ndef delay(random):\n    return random()"),
        ("operations/usage.py", "from . import Operation\nfrom ..models.usage import GetKeyLastUsageRequest"),
        ("call.py", "from . import errors\nfrom .credentials.chain import find\nnow = session.clock()"),
        ("config.py", "import os\nfrom pathlib import Path\nPath(os.devnull)"),
        ("settings.py", "def resolve_settings(environ):\n    return environ.get('HOME')"),
        ("credentials/container.py", "from .files import read_text\nread_text('token')"),
        ("transport/pools.py", "import httpx\nimport time"),
        ("client.py", "import os, time, random\nos.environ"),
        ("local/server.py", "import time\nfrom .store import Store\nfrom awskms_lite.identity import Credentials"),
        (
            "local/kms/stubs.py",
            "def f():\n    from awskms_lite.converter import to_wire\n    from awskms_lite.errors import Error",
        ),
        ("cli/local.py", "from ..local import LocalKMS\nfrom . import text\nprint(1)"),
        ("pytest_plugin.py", "import pytest\nfrom .local import LocalKMS"),
        ("__main__.py", "from .cli import main"),
        ("__init__.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .client import KMSClient"),
        ("__init__.py", "def __getattr__(name):\n    from importlib import import_module"),
        ("report/html.py", "from importlib.resources import files"),
        ("errors.py", "MOTOR = 'a motor, and a promotor'"),
        ("call.py", "def f():\n    with loading:\n        import json\n        from . import steps"),
    ],
)
def test_a_module_that_keeps_the_rules_passes(path: str, source: str) -> None:
    """The rules refuse what they are meant to refuse, and nothing else."""
    assert violations(path, source) == []


@pytest.mark.parametrize(
    ("sources", "members"),
    [
        ({"call.py": "from .retry import delay", "retry.py": "from . import call"}, 3),
        (
            {
                "sigv4/a.py": "from .b import x",
                "sigv4/b.py": "def f():\n    from .c import y",
                "sigv4/c.py": "from . import a",
            },
            4,
        ),
        ({"sigv4/__init__.py": "from .a import x", "sigv4/a.py": "if TYPE_CHECKING:\n    from . import y"}, 3),
        (
            {
                "sigv4/__init__.py": "from .a import x",
                "sigv4/a.py": "from .b import y",
                "sigv4/b.py": "import json",
            },
            0,
        ),
        ({"operations/__init__.py": "", "operations/usage.py": "from . import Operation"}, 0),
    ],
)
def test_a_cycle_is_found(sources: dict[str, str], members: int) -> None:
    """A cycle is found within a package too, whichever way it is closed, and only where there is one."""
    assert len(cycle(sources)) == members
