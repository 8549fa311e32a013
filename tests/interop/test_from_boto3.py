"""The page for those who come from boto3 leaves nothing out, and names what there is."""

import re
from pathlib import Path

import pytest
from botocore import exceptions, parsers
from botocore.config import Config
from botocore.session import Session
from botocore.stub import Stubber

from awskms_lite import KMSClient, errors

PAGE = (Path(__file__).parent.parent.parent / "docs" / "from-boto3.md").read_text(encoding="utf-8")
ROWS = [row.split(" | ") for row in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)]
NAMED = {word for row in ROWS for code in re.findall(r"`([^`]+)`", row[0]) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("option", Config.OPTION_DEFAULTS)
def test_every_option_of_a_config_is_there(option: str) -> None:
    """A new one is added with the botocore that has it."""
    assert option in NAMED


def test_every_paginator_is_there() -> None:
    """And the client has an iterator in its place."""
    client = Session().create_client("kms", region_name="us-east-1")
    paginated = {name for name in client.meta.method_to_api_mapping if client.can_paginate(name)}
    assert "list_keys" in paginated
    assert paginated <= NAMED
    assert all(hasattr(KMSClient, f"iter_{name}") for name in paginated)


def test_every_method_of_a_stubber_is_there() -> None:
    """As are those of paginators that end in a result."""
    assert {name for name in dir(Stubber) if not name.startswith("_")} <= NAMED


def test_no_error_is_misspelt() -> None:
    """Those on the left are botocore's or KMS's, and the first on the right is ours."""
    table = [row for row in ROWS if re.fullmatch(r"(`\w+(Error|Exception|NotFound|Required)`(, )?)+", row[0])]
    assert len(table) == 11
    for theirs, ours in table:
        for name in re.findall(r"\w+", theirs):
            assert hasattr(exceptions, name) or hasattr(parsers, name), name
        assert issubclass(getattr(errors, re.findall(r"\w+", ours)[0]), errors.KMSLiteError), ours
