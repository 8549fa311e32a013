"""Findings for other tools: OCSF against its published schema, ASFF as far as its rules are no model's."""

import json
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from support.audit_data import ACCOUNT, NOW, days, facts, used
from support.report_data import OTHER, every_record, foreign_records, record, written

from awskms_lite.audit import KeyUsageRecord, KeyUses, judge
from awskms_lite.report.asff import ASFFWriter
from awskms_lite.report.ocsf import OCSFWriter

RECORDS = [*every_record(), *foreign_records()]


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    """Return a validator of the published schema."""
    classes = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.6.0"))
    found = classes.get_class_schema("compliance_finding", ["cloud"])
    return jsonschema.Draft202012Validator(found)


def ocsf(*records: KeyUsageRecord) -> list[dict[str, Any]]:
    text = written(OCSFWriter, records)
    assert text.replace("\n", "").isprintable()
    return [json.loads(line) for line in text.splitlines()]


def asff(*records: KeyUsageRecord) -> list[dict[str, Any]]:
    text = written(ASFFWriter, records)
    assert text.replace("\n", "").isprintable()
    found: list[dict[str, Any]] = json.loads(text)
    return found


class TestOCSF:
    """A Compliance Finding for each key."""

    def test_it_is_valid(self, schema: jsonschema.protocols.Validator) -> None:
        """Every verdict, and whatever others wrote; a name that the schema does not know would be refused."""
        findings = ocsf(*RECORDS)
        assert len(findings) == len(RECORDS)
        for each in findings:
            assert not list(schema.iter_errors(each)), each
        assert list(schema.iter_errors({**findings[0], "verdict": "idle"}))
        assert list(schema.iter_errors({**findings[0], "time": "now"}))

    @pytest.mark.parametrize(
        ("verdict", "status", "severity"),
        [
            ("in_use", "Pass", "Informational"),
            ("idle", "Fail", "Low"),
            ("never_used", "Fail", "Low"),
            ("no_record", "Warning", "Low"),
            ("too_new", "Pass", "Informational"),
            ("pending_deletion", "Warning", "Low"),
            ("aws_managed", "Pass", "Informational"),
            ("other_account", "Unknown", "Informational"),
            ("unreadable", "Unknown", "Low"),
        ],
    )
    def test_a_verdict_is_a_status(self, verdict: str, status: str, severity: str) -> None:
        """A key in use has passed; the numbers are those of the words."""
        (each,) = [found for found in ocsf(*every_record()) if found["unmapped"]["verdict"] == verdict]
        assert (each["compliance"]["status"], each["severity"]) == (status, severity)
        statuses = {"Pass": 1, "Warning": 2, "Fail": 3, "Unknown": 0}
        assert each["compliance"]["status_id"] == statuses[status]
        assert each["severity_id"] == {"Informational": 1, "Low": 2}[severity]
        assert (each["status_id"], each["status"]) == ((4, "Resolved") if status == "Pass" else (1, "New"))

    def test_a_key_that_was_used_and_is_disabled_is_a_warning(self) -> None:
        """Whoever needs it is refused now."""
        (each,) = ocsf(judge(facts(last_usage=used(days(3)), state="Disabled"), 90))
        assert (each["compliance"]["status"], each["severity"]) == ("Warning", "Medium")

    @pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
    def test_a_key_in_demand_is_severe(self, schema: jsonschema.protocols.Validator, state: str) -> None:
        """Somebody is refused now, whatever the verdict is; without a refused use it is as any other."""
        uses = KeyUses(count=2, since=NOW - days(9), last=NOW - days(1), users=("a",))
        key = judge(facts(state=state, last_usage=used(days(120)), failed_uses=uses), 90)
        (each,) = ocsf(key)
        assert not list(schema.iter_errors(each))
        assert (each["compliance"]["status"], each["severity_id"], each["severity"]) == ("Warning", 4, "High")
        assert each["message"].endswith(", in demand")
        assert asff(key)[0]["FindingProviderFields"]["Severity"]["Label"] == "HIGH"
        (each,) = ocsf(judge(facts(state=state, failed_uses=KeyUses(count=0, since=NOW)), 90))
        assert (each["severity"], "in demand" in each["message"]) == ("Low", False)

    def test_it_holds_what_is_known(self) -> None:
        """The key with its tags and its owner, when it was read, and what the schema has no place for."""
        first = every_record()[0]
        (each,) = ocsf(first)
        assert each["time"] == int(NOW.timestamp() * 1000)
        assert each["finding_info"]["uid"] == f"{first.arn}/awskms-lite/key-usage"
        assert each["cloud"] == {
            "provider": "AWS",
            "region": "us-east-2",
            "account": {"uid": ACCOUNT, "type_id": 10},
        }
        (resource,) = each["resources"]
        assert resource["owner"] == {"name": "shop", "account": {"uid": ACCOUNT, "type_id": 10}}
        assert resource["tags"] == [{"name": "team", "value": "shop"}, {"name": "empty", "value": ""}]
        assert resource["data"]["aliases"] == ["alias/orders", "alias/old"]
        assert each["unmapped"]["last_usage"]["operation"] == "Decrypt"

    def test_an_account_is_named_if_its_name_is_known(self, schema: Any) -> None:
        """The key's own; the audited account of a shared key is another one."""
        shared = judge(facts(shared=True, account_id=OTHER, audited_account_id=ACCOUNT, account_name="Shop"), 90)
        (each,) = ocsf(shared)
        assert not list(schema.iter_errors(each))
        assert each["resources"][0]["owner"]["account"] == {"uid": OTHER, "type_id": 10, "name": "Shop"}
        assert "name" not in each["cloud"]["account"]

    def test_the_account_is_the_one_that_was_audited(self) -> None:
        """A shared key is another account's; the finding is in the account where it was made."""
        (each,) = ocsf(judge(facts(shared=True, account_id=OTHER, audited_account_id=ACCOUNT), 90))
        assert each["cloud"]["account"]["uid"] == ACCOUNT
        assert each["resources"][0]["owner"]["account"]["uid"] == OTHER

    def test_a_later_finding_replaces_an_earlier_one(self) -> None:
        """Its id is that of the key and the check, whatever the verdict is."""
        one, two = ocsf(judge(facts(), 90), judge(facts(last_usage=used(days(3))), 90))
        assert one["finding_info"]["uid"] == two["finding_info"]["uid"]
        assert one["compliance"]["status"] != two["compliance"]["status"]


class TestASFF:
    """One array; the model of the service is held against it in the interop tests."""

    def test_it_is_one_array(self) -> None:
        """Of no key too."""
        assert asff() == []
        assert len(asff(*RECORDS)) == len(RECORDS)

    def test_no_text_is_blank_and_none_too_long(self) -> None:
        """Security Hub refuses the whole finding otherwise."""
        many = record(reasons=("x" * 2000,), advice="y" * 2000, key_id="z" * 300, description=" ", tags={"a": " "})
        findings = asff(*RECORDS, many)

        def texts(value: Any) -> list[str]:
            if isinstance(value, str):
                return [value]
            parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            return [text for part in parts for text in texts(part)]

        assert all(text.strip() for each in findings for text in texts(each))
        last = findings[-1]
        lengths = (last["Title"], last["Description"], last["Remediation"]["Recommendation"]["Text"])
        assert tuple(map(len, lengths)) == (256, 1024, 512)
        assert "Description" not in last["Resources"][0]["Details"]["AwsKmsKey"]
        assert "Tags" not in last["Resources"][0]

    def test_it_is_for_the_account_and_the_region(self) -> None:
        """The product is the account's own default, in the partition of the region."""
        china = facts(
            region="cn-north-1", arn=f"arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/1", last_usage=used(days(99))
        )
        (each,) = asff(judge(china, 90))
        assert each["ProductArn"] == f"arn:aws-cn:securityhub:cn-north-1:{ACCOUNT}:product/{ACCOUNT}/default"
        assert each["AwsAccountId"] == ACCOUNT
        assert each["Resources"][0]["Partition"] == "aws-cn"
        assert each["Compliance"] == {"Status": "FAILED"}
        assert each["FindingProviderFields"]["Severity"] == {"Label": "LOW"}
        assert each["ProductFields"]["awskms-lite/IdleDays"] == "99"
        assert not {"Region", "ProductName", "CompanyName", "Workflow", "Severity", "Types"} & set(each)
