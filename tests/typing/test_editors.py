"""What editors show of a method of either client: names, defaults, the result and the docstring."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jedi
import pytest

ROOT = Path(__file__).parent.parent.parent
CODE = """from awskms_lite import AsyncKMSClient, KMSClient

def plain(kms: KMSClient) -> None:
    kms.describe_key("k")
    kms.iter_list_keys()

async def awaited(kms: AsyncKMSClient) -> None:
    await kms.describe_key("k")
    kms.iter_list_keys()

def overloaded(kms: KMSClient) -> None:
    kms.decrypt(b"c")

async def overloaded_async(kms: AsyncKMSClient) -> None:
    await kms.decrypt(b"c")

def completed(kms: KMSClient, other: AsyncKMSClient) -> None:
    kms.create_key(key_spec="")
    kms.generate_data_key("k", key_spec="")
    kms.create_grant("k", operations=[""])
    other.sign("k", b"m", signing_algorithm="")
"""
LINES = CODE.splitlines()
CALLS = [
    (number, line.index("("))
    for number, line in enumerate(LINES)
    if "kms.describe_key" in line or "kms.iter_list_keys" in line
]
"""The number of each line with a call, from 0, and the column of its bracket."""
OVERLOADED = [(number, line.index("(")) for number, line in enumerate(LINES) if "kms.decrypt" in line]
COMPLETED = [
    ('key_spec=""', "ML_KEM_1024"),
    ('"k", key_spec=""', "AES_256"),
    ('operations=[""', "GenerateDataKeyWithoutPlaintext"),
    ('signing_algorithm=""', "ED25519_PH_SHA_512"),
]
"""How a line goes on to a text that is completed, and one of the values that are offered for it."""

every_call = pytest.mark.parametrize("call", CALLS, ids=[LINES[number].strip() for number, _ in CALLS])


def documented(call: tuple[int, int]) -> tuple[str, str]:
    """Return a parameter with its default, and how the docstring begins, of what is called."""
    if "describe_key" in LINES[call[0]]:
        return "grant_tokens: Collection[str] | None = None", "Return the metadata of a key: its state, spec"
    return "page_size: int | None = None", "Return an iterator over all that `list_keys` lists"


# jedi, which IPython, Jupyter and many editors ask.


@every_call
def test_jedi_shows_the_signature(call: tuple[int, int]) -> None:
    """Within the brackets jedi shows each parameter with its default."""
    number, column = call
    (signature,) = jedi.Script(CODE).get_signatures(number + 1, column + 1)
    parameter, text = documented(call)
    assert parameter.replace(" = ", "=") in [shown.to_string() for shown in signature.params]
    assert text in signature.docstring()


@every_call
def test_jedi_shows_the_docstring(call: tuple[int, int]) -> None:
    """On the name jedi shows the docstring, and it leads to where the method is written."""
    number, column = call
    (name,) = jedi.Script(CODE).help(number + 1, column - 1)
    assert documented(call)[1] in name.docstring()
    (goal,) = jedi.Script(CODE).goto(number + 1, column - 1, follow_imports=True)
    assert Path(str(goal.module_path)) == ROOT / "awskms_lite" / "methods" / "keys.py"


# The language server of pyright, which is also in Pylance.


class LanguageServer:
    """A running server that has opened one document."""

    def __init__(self, process: "subprocess.Popen[bytes]", document: Path) -> None:
        self._process = process
        self._uri = document.as_uri()
        self._number = 0
        folder = document.parent.as_uri()
        workspace = [{"uri": folder, "name": "typing"}]
        capabilities = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
        self.ask(
            "initialize",
            {"processId": None, "rootUri": folder, "workspaceFolders": workspace, "capabilities": capabilities},
        )
        self._send({"method": "initialized", "params": {}})
        text = {"uri": self._uri, "languageId": "python", "version": 1, "text": CODE}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": text}})

    def at(self, method: str, line: int, column: int) -> Any:
        """Return what the server answers about a place of the document."""
        position = {"line": line, "character": column}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": self._uri}, "position": position})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:  # it asks us for its settings, of which there are none
                items: list[Any] = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None for _ in items]})
            elif message.get("id") == self._number:
                return message["result"]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (line := self._process.stdout.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        assert length, "the server ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    program = shutil.which("pyright-langserver", path=Path(sys.executable).parent)
    assert program, "the group lint brings it"
    command = [program, "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield LanguageServer(process, Path(__file__).with_name("opened.py"))
        finally:
            process.terminate()


@every_call
def test_pyright_shows_a_method_on_hover(server: LanguageServer, call: tuple[int, int]) -> None:
    """On the name the language server shows parameters, defaults, the result of this client, and the docstring."""
    number, column = call
    shown = server.at("hover", number, column - 1)["contents"]["value"]
    parameter, text = documented(call)
    assert parameter in shown
    assert text in shown
    is_async = number > LINES.index("async def awaited(kms: AsyncKMSClient) -> None:")
    if "describe_key" in LINES[number]:
        result = "CoroutineType[Any, Any, DescribeKeyResponse]" if is_async else "DescribeKeyResponse"
    else:
        result = "AsyncListing[KeyListEntry]" if is_async else "Listing[KeyListEntry]"
    assert f"-> {result}" in shown


@every_call
def test_pyright_helps_with_the_signature(server: LanguageServer, call: tuple[int, int]) -> None:
    """Within the brackets the language server shows each parameter with its default, and the docstring."""
    number, column = call
    (signature,) = server.at("signatureHelp", number, column + 1)["signatures"]
    parameter, text = documented(call)
    assert parameter in signature["label"]
    assert "self" not in signature["label"]
    documentation = signature["documentation"]
    assert text in (documentation if isinstance(documentation, str) else documentation["value"])


# Overloads, and texts that stand for an enum.


@pytest.mark.parametrize("call", OVERLOADED, ids=["sync", "asyncio"])
def test_an_overloaded_method_is_shown_as_it_is_on_its_client(
    server: LanguageServer, call: tuple[int, int]
) -> None:
    """Within the brackets each overload of this client is offered, and on the name the docstring of them all."""
    number, column = call
    labels = [shown["label"] for shown in server.at("signatureHelp", number, column + 1)["signatures"]]
    is_async = "await" in LINES[number]
    results = {label.rpartition(" -> ")[2] for label in labels}
    plain = {"DecryptResponse", "DecryptForRecipientResponse", "NoReturn"}
    assert results == ({f"Awaited[{name}]" for name in plain} if is_async else plain)
    assert all("encryption_context: Mapping[str, str] | None = None" in label for label in labels)
    hover = server.at("hover", number, column - 1)["contents"]["value"]
    assert "Decrypt what `encrypt` or a data key method returned" in hover


@pytest.mark.parametrize(("line", "value"), COMPLETED)
def test_pyright_completes_the_values_of_an_enum(server: LanguageServer, line: str, value: str) -> None:
    """Within the quotes of what stands for an enum, the language server offers its values."""
    number = next(number for number, text in enumerate(LINES) if line in text)
    column = LINES[number].index('""', LINES[number].index(line)) + 1
    completion = server.at("completion", number, column)
    items = completion["items"] if isinstance(completion, dict) else completion
    assert f'"{value}"' in [item["label"] for item in items] or value in [item["label"] for item in items]
