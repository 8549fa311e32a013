"""The blocks of Python in the README and in `docs`: what they show works.

Each block of `from-boto3.md` is run, and so is each block of another page that starts a LocalKMS. The others would
call AWS, or continue the block before: they are compiled, and what they import of the package is imported.
"""

import ast
import re
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
RUN = [where for where, block in BLOCKS.items() if where.startswith("from-boto3.md") or "LocalKMS(" in block]


@pytest.mark.parametrize("where", RUN)
def test_a_block_runs(where: str) -> None:
    """It raises nothing; its asserts hold."""
    exec(compile(BLOCKS[where], where, "exec"), {"__name__": "docs"})


@pytest.mark.parametrize("where", [where for where in BLOCKS if where not in RUN])
def test_a_block_imports_what_there_is(where: str) -> None:
    """It is valid Python, and has the package's names from where they are."""
    tree = compile(BLOCKS[where], where, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    imports: list[ast.stmt] = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    exec(compile(ast.Module(imports, []), where, "exec"), {})


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
