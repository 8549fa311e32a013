"""The public names, and what touching them costs."""

import ast
import builtins
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from support.servers import TLS

import awskms_lite
from awskms_lite import errors, models
from awskms_lite.local import LocalKMS

HEAVY = {
    *(
        "httpx",
        "httpcore",
        "anyio",
        "attr",
        "attrs",
        "cattrs",
        "asyncio",
        "ssl",
        "json",
        "email",
        "argparse",
        "rich",
    )
}
NAMES = {
    *(
        "KMSClient",
        "AsyncKMSClient",
        "CloudTrailClient",
        "AsyncCloudTrailClient",
        "AssumeRole",
        "Credentials",
        "RetryPolicy",
        "Pacing",
    ),
    *("GetKeyLastUsageRequest", "to_dict", "to_wire", "from_wire", "__version__"),
}
MODULES = {"audit", "errors", "local", "models", "retirement"}
# The errors that KMS does not return, and the one that a star import would put in the place of the builtin one.
OF_OTHER_SERVICES = {
    *("AuthFailure", "IDPCommunicationError", "PriorRequestNotComplete", "RequestInTheFuture"),
    *("AWSOrganizationsNotInUseException", "InvalidInputException", "ServiceException"),
    *("RequestTimeTooSkewed", "RequestTimeoutException", "TransactionInProgressException", "TimeoutError"),
}


def is_another_name(error: type) -> bool:
    """Return whether an error is one that KMS returns, by the name of another service or protocol."""
    return errors.ServiceError in error.__mro__[2:]


ERRORS = {
    name
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception) and not is_another_name(value)
} - OF_OTHER_SERVICES


def loaded(code: str, *arguments: str) -> set[str]:
    """Return the modules that a process of its own has loaded after this code; its environment is empty."""
    code = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def declared(package: ModuleType = awskms_lite) -> Iterator[tuple[str, str]]:
    """Return the names that type checkers see in a package's root, and the module each one comes from."""
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    for block in (node for node in tree.body if isinstance(node, ast.If)):
        for node in (inner for inner in block.body if isinstance(inner, ast.ImportFrom)):
            if node.module is not None:  # else a module of the package
                yield from ((alias.name, f"awskms_lite.{node.module}") for alias in node.names)


def model_homes() -> dict[str, str]:
    """Return what every subject has for callers to pass or to get, and the module that each is in."""
    folder = Path(awskms_lite.__file__).parent / "models"
    homes = {}
    for path in folder.glob("[!_]*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            name = node.name if isinstance(node, ast.ClassDef) else ""
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
            if isinstance(node, ast.ClassDef) or name.endswith("Like"):
                homes[name] = f"awskms_lite.models.{path.stem}"
    return {
        name: home for name, home in homes.items() if not name.startswith("_") and not name.endswith("Request")
    }


def test_every_model_is_had_from_one_place() -> None:
    """Whatever callers pass or get comes from `awskms_lite.models`, and type checkers know where from."""
    homes = model_homes()
    del homes["Bounds"]
    assert set(dir(models)) == set(homes)
    for name, home in homes.items():
        assert getattr(models, name) is getattr(sys.modules[home], name)
    assert {name: home.replace("lite.", "lite.models.") for name, home in declared(models)} == homes
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        models.Nonsense  # noqa: B018


def test_models_can_be_imported_with_a_star() -> None:
    """A star import has all models, and nothing that hides a name of the builtins."""
    names: dict[str, object] = {}
    exec("from awskms_lite.models import *", names)  # a real import statement, which no linter likes
    del names["__builtins__"]
    assert names == {name: getattr(models, name) for name in dir(models)}
    assert not names.keys() & vars(builtins).keys()


def test_each_enum_has_the_literals_of_its_values() -> None:
    """What methods take for an enum is a member, a value of it, which editors complete, or any other string."""
    likes = [name for name in dir(models) if name.endswith("Like")]
    enums = [name for name in likes if name not in ("BytesLike", "GrantConstraintsLike", "TagsLike")]
    assert len(enums) > 20
    for name in enums:
        enum, literals, other = get_args(getattr(models, name))
        assert enum is getattr(models, name.removesuffix("Like"))
        assert list(get_args(literals)) == [member.value for member in enum]
        assert other is str


def test_the_public_names() -> None:
    """These are the public names: the models, KMS's errors, and few others. One more or one less is a decision."""
    classes = {name for name in dir(models) if not name.endswith("Like")}
    assert set(awskms_lite.__all__) == NAMES | ERRORS | classes
    assert len(awskms_lite.__all__) == len(set(awskms_lite.__all__))


@pytest.mark.parametrize(("name", "home"), sorted(declared()))
def test_type_checkers_see_what_there_is(name: str, home: str) -> None:
    """Each public name is, when it is touched, the very object that type checkers were told it is."""
    assert getattr(awskms_lite, name) is getattr(sys.modules[home], name)


def test_type_checkers_see_every_name() -> None:
    """No public name is missing for type checkers, and none is there for them alone."""
    seen = {name for name, _ in declared()} - {"TimeoutError"}
    assert seen == set(awskms_lite.__all__)


def test_dir_lists_the_public_names() -> None:
    """`dir` gives the public names and modules whether they have been touched or not, and no other module."""
    assert dir(awskms_lite) == sorted([*awskms_lite.__all__, *MODULES])


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_public_module_is_there_however_the_package_was_imported(name: str) -> None:
    """`import awskms_lite` is enough to reach the modules that are for users."""
    assert f"awskms_lite.{name}" in loaded(f"import awskms_lite\nawskms_lite.{name}")


def test_a_star_import_leaves_the_builtin_names_alone() -> None:
    """`from awskms_lite import *` brings all public names, and none of them is a builtin's."""
    names: dict[str, object] = {}
    exec("from awskms_lite import *", names)
    assert set(awskms_lite.__all__) <= set(names)
    assert not set(awskms_lite.__all__) & set(dir(builtins))
    assert awskms_lite.TimeoutError is errors.TimeoutError


@pytest.mark.parametrize(
    ("name", "caught_by"),
    [
        ("AccessDenied", "AccessDeniedException"),
        ("ExpiredToken", "ExpiredTokenException"),
        ("InternalError", "InternalFailure"),
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        ("ServiceUnavailableException", "ServiceUnavailable"),
        ("SignatureDoesNotMatch", "InvalidSignatureException"),
        ("SlowDown", "ThrottlingException"),
        ("Throttling", "ThrottlingException"),
        ("ValidationError", "ValidationException"),
    ],
)
def test_another_services_name_is_caught_by_kms_own(name: str, caught_by: str) -> None:
    """STS's name of an error is in `errors` alone, and `except` with KMS's name catches it."""
    assert issubclass(errors.error_class(name), getattr(awskms_lite, caught_by))
    assert not hasattr(awskms_lite, name)


@pytest.mark.parametrize("name", ["KMS", "Client", "errors_", "import_module", "__path"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """A name that does not exist fails as in any module, so that `hasattr` and tools can ask."""
    with pytest.raises(AttributeError, match=f"module 'awskms_lite' has no attribute '{name}'"):
        getattr(awskms_lite, name)


def test_an_unknown_name_cannot_be_imported() -> None:
    """A wrong import is an `ImportError`, like any other."""
    with pytest.raises(ImportError, match="cannot import name 'KMS'"):
        exec("from awskms_lite import KMS", {})  # a real import statement, which no linter likes


def test_a_touched_name_stays() -> None:
    """A name is looked up once, and is then an attribute like any other."""
    first = awskms_lite.KMSClient
    assert vars(awskms_lite)["KMSClient"] is first is awskms_lite.KMSClient


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """Return the modules that a bare Python has loaded here."""
    return loaded("")


def test_importing_the_package_loads_nothing(bare: set[str]) -> None:
    """`import awskms_lite` loads itself and what its one import, `typing`, needs."""
    modules = loaded("import awskms_lite")
    assert not HEAVY & (modules - bare)
    assert {name for name in modules if name.startswith("awskms_lite")} == {"awskms_lite"}
    assert modules - bare - {"awskms_lite"} <= loaded("import typing")


@pytest.mark.parametrize(
    ("names", "modules"),
    [
        ("__version__", {"_version"}),
        ("NotFoundException, KMSLiteError, TimeoutError", {"errors"}),
    ],
)
def test_a_light_name_loads_its_module_only(names: str, modules: set[str], bare: set[str]) -> None:
    """Who wants the version, or an error to catch, loads one module and none of the heavy ones."""
    after = loaded(f"from awskms_lite import {names}")
    assert not HEAVY & (after - bare)
    assert {name for name in after if name.startswith("awskms_lite.")} == {
        f"awskms_lite.{name}" for name in modules
    }


@pytest.mark.parametrize("name", ["Credentials", "RetryPolicy", "UsageVerdict", "to_wire"])
def test_a_model_loads_no_http(name: str, bare: set[str]) -> None:
    """Credentials, policies and models come without anything of the network."""
    after = loaded(f"from awskms_lite import {name}") - bare
    assert not after & {"httpx", "httpcore", "anyio", "asyncio", "ssl", "socket"}
    assert not after & {"awskms_lite.client", "awskms_lite.transport", "awskms_lite.call"}


@pytest.mark.parametrize("command", ["", "usage", "audit", "doctor", "local"])
@pytest.mark.parametrize("argument", ["--help", "--wrong"])
def test_the_help_of_a_command_loads_no_more_than_the_parser(command: str, argument: str, bare: set[str]) -> None:
    """What a command needs is loaded when it runs."""
    code = """
import contextlib, io
from awskms_lite.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        main([*filter(None, sys.argv[1:])])
"""
    after = loaded(code, command, argument) - bare
    assert "awskms_lite.cli.parser" in after
    assert not after & {"cattrs", "attrs", "anyio", "httpx", "httpcore", "asyncio", "ssl", "json"}
    assert not after & {f"awskms_lite.{name}" for name in ("audit", "client", "converter", "models", "settings")}


# Our modules that a first call loads, whichever client makes it.
OF_A_CALL = {
    *(
        "_version",
        "call",
        "config",
        "converter",
        "endpoints",
        "errors",
        "identity",
        "loading",
        "protocol",
        "quoting",
    ),
    *("retry", "service_clock", "settings", "steps", "system"),
    *("credentials", "credentials.cache", "credentials.chain", "credentials.environment", "credentials.source"),
    *("drivers", "drivers.attempt", "drivers.driver_base"),
    *("methods", "methods.aliases", "methods.binding", "methods.custom_key_stores", "methods.data_keys"),
    *("methods.encryption", "methods.grants", "methods.importing", "methods.keys", "methods.policies"),
    *("methods.replicas", "methods.rotation", "methods.shared_secrets", "methods.signing", "methods.tags"),
    "methods.usage",
    *("models", "models.members", "models.usage", "operations", "operations.usage"),
    *("sigv4", "sigv4.canonical", "sigv4.post", "sigv4.signature"),
    *("transport", "transport.connections", "transport.deadline", "transport.errors", "transport.guard"),
    *("transport.httpx_client", "transport.messages", "transport.pools", "transport.proxies"),
    *("transport.responses", "transport.tls"),
}
OF_A_SYNC_CALL = {"client", "drivers.synchronous"}
OF_AN_ASYNC_CALL = {"async_client", "drivers.asynchronous", "transport.asyncio_streams"}
# What no first call needs: httpx and what it brings along, programs, and what the standard library has for others.
NEEDLESS = {
    *("httpx", "h2", "hpack", "idna", "click", "rich", "pygments", "socksio", "zstandard", "brotli"),
    *("email", "http", "argparse", "html", "xml", "urllib.request", "uuid", "zoneinfo", "getpass", "mimetypes"),
}
NEEDLESS_FOR_SYNC = {"asyncio", "anyio._backends", "concurrent", "subprocess", "contextvars"}

SYNC_CALL = """
import ast
sys.modules["trio"] = None  # which httpcore loads if it is installed, as it is here
from awskms_lite import KMSClient
with KMSClient(environ=ast.literal_eval(sys.argv[1])) as kms:
    assert kms.get_key_last_usage(sys.argv[2]).verdict == "never_used"
"""
ASYNC_CALL = """
import ast, asyncio
sys.modules["trio"] = None
from awskms_lite import AsyncKMSClient
async def call():
    async with AsyncKMSClient(environ=ast.literal_eval(sys.argv[1])) as kms:
        assert (await kms.get_key_last_usage(sys.argv[2])).verdict == "never_used"
asyncio.run(call())
"""


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, str], str]]:
    """Return the environment that leads to a local KMS, and the id of a key there."""
    tls = TLS() if request.param == "https" else None
    trusted = {}
    if tls is not None:
        tls.write_root(str(tmp_path / "root.pem"))
        trusted["AWS_CA_BUNDLE"] = str(tmp_path / "root.pem")
    with LocalKMS(ssl_context=None if tls is None else tls.server) as local:
        yield {**local.environ, **trusted}, local.add_key().rpartition("/")[2]


@pytest.mark.parametrize(
    ("call", "expected", "needless"),
    [
        (SYNC_CALL, OF_A_CALL | OF_A_SYNC_CALL, NEEDLESS | NEEDLESS_FOR_SYNC),
        (ASYNC_CALL, OF_A_CALL | OF_AN_ASYNC_CALL, NEEDLESS),
    ],
    ids=["sync", "asyncio"],
)
def test_a_first_call_loads_what_it_needs(
    call: str, expected: set[str], needless: set[str], server: tuple[dict[str, str], str], bare: set[str]
) -> None:
    """A process that makes one call loads these modules and none of the others: one more is a decision."""
    environ, key_id = server
    after = loaded(call, repr(environ), key_id) - bare
    assert {name.removeprefix("awskms_lite.") for name in after if name.startswith("awskms_lite.")} == expected
    assert not [name for name in after if name in needless or name.partition(".")[0] in needless]
    assert {"httpcore", "cattrs"} <= after
