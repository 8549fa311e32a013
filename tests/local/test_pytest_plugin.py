"""The pytest plugin, in runs of pytest of its own."""

import json
import subprocess
import sys

import pytest
from support.servers import KEY_ID

from awskms_lite import KMSClient, NotFoundException
from awskms_lite.local import LocalKMS

pytest_plugins = ["pytester"]

ALONE = ("-p", "awskms_lite", "-p", "no:cacheprovider")
"""Options of a run that loads no plugin but this, by the name that it is registered under: others take seconds."""


@pytest.fixture(autouse=True)
def _no_other_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run of its own load no installed plugin by itself."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_an_installed_package_brings_the_fixture(local_kms: LocalKMS) -> None:
    """`local_kms`, which this very run knows because the package is installed, listens and has no keys."""
    with KMSClient(environ=local_kms.environ) as client, pytest.raises(NotFoundException):
        client.get_key_last_usage(KEY_ID)
    assert local_kms.stats.answered == {"GetKeyLastUsage": 1}


def test_each_test_has_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    """A test that names `local_kms` gets one that no other test has, good for any client and closed after it."""
    pytester.makepyfile(
        """
        from awskms_lite import KMSClient
        from awskms_lite.local import LocalKMS

        seen = []

        def test_a_client_finds_its_keys(local_kms):
            assert isinstance(local_kms, LocalKMS)
            key = local_kms.add_key()
            with KMSClient(environ=local_kms.environ) as client:
                assert client.get_key_last_usage(key).verdict == "never_used"
            assert local_kms.stats.answered == {"GetKeyLastUsage": 1}
            seen.append(local_kms)

        def test_the_next_test_has_another(local_kms):
            assert local_kms.stats.answered == {}
            assert local_kms not in seen
            seen.append(local_kms)

        def test_none_outlives_its_test():
            import pytest
            for kms in seen:
                with pytest.raises(RuntimeError, match="closed"):
                    kms.start()
        """
    )
    pytester.runpytest_subprocess(*ALONE, "-W", "error").assert_outcomes(passed=3)


def test_the_fixture_is_described(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` lists `local_kms` with what it is."""
    run = pytester.runpytest_subprocess(*ALONE, "--fixtures")
    run.stdout.fnmatch_lines(["local_kms -- *pytest_plugin.py:*", "*embedded KMS for this test alone*"])


def test_loading_it_costs_nothing() -> None:
    """Beside pytest the plugin loads its package's front door, and nothing behind it."""
    code = """
import json, sys
import pytest
before = set(sys.modules)
import awskms_lite.pytest_plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(run.stdout) == ["awskms_lite", "awskms_lite.pytest_plugin"]
