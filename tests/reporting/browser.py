"""A real browser without a window: what a reader of a report sees, and what the page tries to do."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


class Browser:
    """A browser that opens files and tells what happened."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, file: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file in a window of so many CSS pixels; what was logged before is forgotten."""
        window = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.console()
        self.requests()
        self._driver.get(file.as_uri())

    def console(self) -> list[str]:
        """Return what was logged since the last call; violations of the content policy are among it."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call, those of data: URIs left out."""
        messages = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("data:")]

    def run(self, script: str) -> Any:
        """Run a script from outside the page and return what it returns."""
        return self._driver.execute_script(script)

    def accessibility_tree(self) -> list[dict[str, Any]]:
        """Return the nodes that assistive technology is told of."""
        nodes: list[dict[str, Any]] = self._driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [node for node in nodes if not node.get("ignored")]

    def press(self, key: str) -> None:
        """Press a key."""
        webdriver.ActionChains(self._driver).send_keys(key).perform()

    def printed(self) -> bytes:
        """Return the page as a PDF."""
        return base64.b64decode(self._driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])


@contextmanager
def a_browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, or skip the test where there is none."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
