"""A headless Chromium for the tests of the report's page, which `make browser` installs."""

import base64
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

BROWSER, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--lang=en-US",
)  # fmt: skip
READY_SECONDS = 120
"""For a page to be ready: a busy machine is not a failure."""


@contextmanager
def chromium() -> Iterator[Chrome]:
    """Run a browser with an empty profile, which notes what its pages request and complain about."""
    options = ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        driver = Chrome(options, Service(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


def show(
    driver: Chrome, page: Path, *, width: int = 1280, height: int = 900, scheme: str = "light", scale: float = 1
) -> None:
    """Open a report as a window of that size and colour scheme shows it, and wait until it is ready."""
    driver.get("about:blank")
    requests(driver), complaints(driver)  # those of whatever was shown before
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    driver.get(page.as_uri())
    WebDriverWait(driver, READY_SECONDS, 0.02).until(
        lambda _: driver.execute_script("return document.documentElement.dataset.ready === 'true'")
    )


def screenshot(driver: Chrome, *, whole: bool = False) -> bytes:
    """Return what is seen, or the whole page, as a PNG."""
    answer = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
    return base64.b64decode(answer["data"])


def pdf(driver: Chrome) -> bytes:
    """Return the page as it is printed."""
    answer = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    return base64.b64decode(answer["data"])


def requests(driver: Chrome) -> list[str]:
    """Return the URLs that were requested since the last look, in order."""
    messages = [json.loads(entry["message"])["message"] for entry in _log(driver, "performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def complaints(driver: Chrome) -> list[Any]:
    """Return what the console got since the last look: errors, warnings, and violations of the page's policy."""
    return _log(driver, "browser")


def _log(driver: Chrome, name: str) -> list[Any]:
    entries: list[Any] = driver.get_log(name)  # type: ignore[no-untyped-call]
    return entries
