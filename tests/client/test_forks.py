"""A fork in the middle of another thread's first call: the child can make the same call.

A module that is being imported as a process forks is never finished in the child, and whoever imports it there
waits for ever. So a first call is watched once for what it loads, and is then made again and again, each time with
a fork as one of these modules is being loaded. Those that another one loads in its turn are left out: a fork that
waits for the one waits for the others.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from awskms_lite.local import LocalKMS

SCRIPT = '''
import asyncio, os, select, signal, sys, threading
from awskms_lite import AsyncKMSClient, KMSClient

async_, key = sys.argv[1] == "async", sys.argv[2]
kms = (AsyncKMSClient if async_ else KMSClient)(timeout=20)


def call():
    if not async_:
        kms.get_key_last_usage(key)
        return

    async def ask():
        await kms.get_key_last_usage(key)

    asyncio.run(ask())


def within_another():
    """Return whether the module that is to be found is imported by one that is being executed itself."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "exec_module":
        frame = frame.f_back
    return frame is not None


class Watch:
    """Stands before all that finds modules, and says what another thread is about to load."""

    def __init__(self, wanted=None):
        self.seen, self.wanted = [], wanted
        self.begun, self.forked = threading.Event(), threading.Event()

    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread() and not within_another():
            self.seen.append(name)
            if name == self.wanted:
                self.begun.set()
                self.forked.wait(0.1)  # no longer: a fork that waits for the import would never come


def in_child(function, patience):
    """Run it in a fork; return what it says, and whether it came to its end in so many seconds."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        try:
            os.write(theirs, (function() or "").encode())
            os._exit(0)
        except BaseException as error:
            os.write(theirs, repr(error).encode())
            os._exit(1)
    os.close(theirs)
    said = b""
    while (came := bool(select.select([ours], [], [], patience)[0])) and (piece := os.read(ours, 65536)):
        said += piece
    os.close(ours)
    if not came:
        os.kill(pid, signal.SIGKILL)
    return said.decode(), os.waitpid(pid, 0)[1] == 0


def watched(wanted=None):
    watch = Watch(wanted)
    sys.meta_path.insert(0, watch)
    thread = threading.Thread(target=call)
    thread.start()
    return watch, thread


def loaded():
    watch, thread = watched()
    thread.join()
    return "\\\\n".join(watch.seen)


def forked(name):
    watch, thread = watched(name)
    assert watch.begun.wait(20), f"{name} was not loaded"
    said, came = in_child(call, 20)
    watch.forked.set()
    thread.join(20)
    assert came, f"hung: {said}"


names, came = in_child(loaded, 60)
assert came and names, names
names = list(dict.fromkeys(names.split("\\\\n")))
for name in names:
    said, came = in_child(lambda: forked(name), 60)
    print(name, "good" if came else f"bad: {said}", flush=True)
'''.replace("\\\\n", "\\n")


def outcomes(way: str, environ: Mapping[str, str], key: str) -> dict[str, str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT, way, key]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return dict(line.split(" ", 1) for line in ended.stdout.splitlines())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(("way", "source"), [("sync", "environment"), ("sync", "role"), ("async", "role")])
def test_a_child_makes_the_call_that_was_under_way(tmp_path: Path, way: str, source: str) -> None:
    """Whatever module of a first call is being loaded, ours or another's, a child that is forked then goes on."""
    with LocalKMS() as server:
        key = server.add_key()
        environ = {**os.environ, **server.environ}
        account = server.credentials
        if source != "environment":
            del environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
            environ["AWS_CONFIG_FILE"] = str(tmp_path / "config")
        printed = (
            f'{{"Version": 1, "AccessKeyId": "{account.access_key_id}", '
            f'"SecretAccessKey": "{account.secret_access_key}"}}'
        )
        (tmp_path / "keys.json").write_text(printed)
        (tmp_path / "config").write_text(
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/Reader\nsource_profile = base\n"
            f"[profile base]\ncredential_process = /bin/cat {tmp_path / 'keys.json'}\n"
        )
        found = outcomes(way, environ, key)
    assert "awskms_lite.operations.usage" in found
    assert {name: outcome for name, outcome in found.items() if outcome != "good"} == {}
