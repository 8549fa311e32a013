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
"""
LINES = CODE.splitlines()
CALLS = [(number, line.index("(")) for number, line in enumerate(LINES) if "kms." in line]
"""The number of each line with a call, from 0, and the column of its bracket."""

every_call = pytest.mark.parametrize("call", CALLS, ids=[LINES[number].strip() for number, _ in CALLS])


def documented(call: tuple[int, int]) -> tuple[str, str]:
    """Return a parameter with its default, and how the docstring begins, of what is called."""
    if "describe_key" in LINES[call[0]]:
        return "grant_tokens: Sequence[str] | None = None", "what a key is: its state, spec, usage"
    return "limit: int | None = None", "Go through all that `list_keys` lists"


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
