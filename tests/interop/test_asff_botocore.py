"""ASFF against the model of Security Hub: what BatchImportFindings takes."""

import json

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from support.report_data import every_record, foreign_records, written

from awskms_lite.report.asff import ASFFWriter

FINDINGS = json.loads(written(ASFFWriter, [*every_record(), *foreign_records()]))
MODEL = Session().get_service_model("securityhub").operation_model("BatchImportFindings")


def errors(finding: dict[str, object]) -> str:
    report = ParamValidator().validate({"Findings": [finding]}, MODEL.input_shape)
    return report.generate_report() if report.has_errors() else ""


@pytest.mark.parametrize("finding", FINDINGS, ids=[finding["Title"] for finding in FINDINGS])
def test_security_hub_takes_it(finding: dict[str, object]) -> None:
    """Every name and type is one of the model's, and nothing that it requires is missing."""
    assert errors(finding) == ""


def test_the_model_would_refuse_another() -> None:
    """A name that it does not have, and a member that is missing."""
    assert "Unknown parameter" in errors({**FINDINGS[0], "Verdict": "idle"})
    assert "Missing required parameter" in errors({key: FINDINGS[0][key] for key in FINDINGS[0] if key != "Id"})
