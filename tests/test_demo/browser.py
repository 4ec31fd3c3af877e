"""Drive a headless Chromium by selenium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
WITHOUT_BROWSER = None in (DRIVER, CHROMIUM)
HOW_TO_GET_IT = "there is no Chromium here (Debian's packages chromium and chromium-driver)"
PATIENCE = 60
"""Longest time in seconds that a test waits for something to happen."""


class Browser:
    """Control one window."""

    def __init__(self, chrome: webdriver.Chrome) -> None:
        self.chrome = chrome

    def open(self, url: str) -> None:
        self.chrome.get(url)

    def script(self, code: str, *arguments: Any) -> Any:
        """Run `code`, the body of an asynchronous function, and return its result."""
        wrapped = f"return (async function () {{ {code} }}).apply(null, arguments)"
        return self.chrome.execute_script(wrapped, *arguments)

    def wait_for(self, code: str) -> Any:
        """Wait until the expression `code` is true."""
        wait = WebDriverWait(self.chrome, PATIENCE, poll_frequency=0.05)
        return wait.until(lambda _: self.script(f"return {code}"), f"{code} never came true")

    def type(self, selector: str, text: str) -> None:
        """Press keys on an element; a file input takes a path."""
        self.chrome.find_element(By.CSS_SELECTOR, selector).send_keys(text)

    def click(self, selector: str) -> None:
        self.chrome.find_element(By.CSS_SELECTOR, selector).click()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one point of the window, move it to another, release it."""
        actions = ActionChains(self.chrome, duration=20)
        mouse = actions.w3c_actions.pointer_action
        places = [start, [(a + b) / 2 for a, b in zip(start, end, strict=True)], end]
        for number, (x, y) in enumerate(places):
            mouse.move_to_location(round(x), round(y))
            if number == 0:
                mouse.pointer_down()
        mouse.pointer_up()
        actions.perform()

    def resize(self, width: int, height: int, density: float = 1, scheme: str = "light") -> None:
        """Set the page's size in px, and the preferences for colors and for reduced motion."""
        size = dict(width=width, height=height, deviceScaleFactor=density, mobile=False)
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [
            dict(name="prefers-color-scheme", value=scheme),
            dict(name="prefers-reduced-motion", value="reduce"),
        ]
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", dict(features=features))

    def picture(self) -> bytes:
        """Take a PNG of the window."""
        return self.chrome.get_screenshot_as_png()

    def errors(self) -> list[str]:
        """List the errors of scripts and requests since the last call."""
        entries = self.chrome.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


@contextmanager
def chromium(folder: Path, *arguments: str) -> Iterator[Browser]:
    """Start a browser whose downloads go to the folder's `downloads`; it ends with the block."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *arguments):
        options.add_argument(argument)
    downloads = folder / "downloads"
    downloads.mkdir(exist_ok=True)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
