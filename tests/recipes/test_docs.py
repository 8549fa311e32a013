"""The blocks of Python in the README and in `docs`: what they show works.

Each block of `from-boto3.md` and `local.md` is run, and so is each block of another page that starts a LocalKMS.
The others would call AWS, or continue the block before: they are compiled, and what they import of the package is
imported.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return each block of a page with where it is, after as many empty lines as stand before it in the page."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        (f"{page.name}:{line}", "\n" * line + block[1])
        for block in found
        if (line := text[: block.start(1)].count("\n"))
    ]


BLOCKS = {where: block for page in PAGES for where, block in blocks(page)}
RUN = [
    where
    for where, block in BLOCKS.items()
    if where.startswith(("from-boto3.md", "local.md")) or "LocalKMS(" in block
]


@pytest.mark.parametrize("where", RUN)
def test_a_block_runs(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises nothing; its asserts hold."""
    monkeypatch.setattr(sys, "stdin", StringIO("1\n"))
    exec(compile(BLOCKS[where], where, "exec"), {"__name__": "docs"})


@pytest.mark.parametrize("where", [where for where in BLOCKS if where not in RUN])
def test_a_block_imports_what_there_is(where: str) -> None:
    """It is valid Python, and has the package's names from where they are."""
    tree = compile(BLOCKS[where], where, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    imports: list[ast.stmt] = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    exec(compile(ast.Module(imports, []), where, "exec"), {})


def test_a_retirement_can_be_tried_from_the_command(tmp_path: Path) -> None:
    """With the server of `local.md` in one process, and the commands that the page has below it in others."""
    page = (ROOT / "docs" / "local.md").read_text(encoding="utf-8").split("## Try a retirement")[1]
    script, commands = re.findall(r"```(?:python|console)\n(.*?)```", page, re.DOTALL)[:2]
    lines = [shlex.split(line[2:], comments=True) for line in commands.splitlines()]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for line in iter(server.stdout.readline, ""):
            if line.startswith("#"):
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environ[name] = shlex.split(value)[0]
        found: list[str] = []
        for command, days in zip(lines, ("0", "6", "32", "0"), strict=True):
            words = [environ["KEY"] if word == "$KEY" else word for word in command[1:]]
            done = subprocess.run(
                [sys.executable, "-m", "awskms_lite", *words],
                capture_output=True,
                text=True,
                check=True,
                cwd=tmp_path,
                env=environ,
            )
            found.append(done.stdout.splitlines()[1].strip())
            print(days, file=server.stdin, flush=True)
            server.stdout.readline()
        server.stdin.close()
        assert server.wait(60) == 0
    assert [line.partition(":")[0] for line in found] == [
        *("usable (Enabled)", "disabled, watched (Disabled)", "deletion scheduled (PendingDeletion)"),
        "deleted, not recorded (Deleted)",
    ]


def test_every_page_is_read() -> None:
    """A fence that is written in another way would be passed over."""
    fences = sum(page.read_text(encoding="utf-8").count("```py") for page in PAGES)
    assert len(BLOCKS) == fences > len(RUN) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """The file is there, and so is the heading."""
    text = page.read_text(encoding="utf-8")
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)):
        there = page.parent / target if target else page
        assert there.exists(), target
        if not anchor:
            continue  # it may be a picture
        headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{target}#{anchor}"
