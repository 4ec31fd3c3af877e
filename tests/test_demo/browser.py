"""Chromium, driven by its own chromedriver over the W3C WebDriver protocol: no package needed."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
WITHOUT_BROWSER = None in (DRIVER, CHROMIUM)
HOW_TO_GET_IT = "there is no Chromium here (Debian's packages chromium and chromium-driver)"
PATIENCE = 60
"""Seconds that something may take to come about."""


class Browser:
    """One window of a headless Chromium."""

    def __init__(self, address: str, downloads: Path, arguments: tuple[str, ...] = ()) -> None:
        options = dict(
            binary=CHROMIUM,
            args=["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *arguments],
            prefs={"download.default_directory": str(downloads)},
        )
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self._session = address
        made = self._call("POST", "/session", capabilities=dict(alwaysMatch=wanted))
        self._session = f"{address}/session/{made['sessionId']}"

    def open(self, url: str) -> None:
        self._call("POST", "/url", url=url)

    def script(self, code: str, *arguments: Any) -> Any:
        """What `code`, the body of an asynchronous function, returns."""
        wrapped = f"return (async function () {{ {code} }}).apply(null, arguments)"
        return self._call("POST", "/execute/sync", script=wrapped, args=arguments)

    def wait_for(self, code: str) -> Any:
        """Wait until the expression `code` is true."""
        end = time.monotonic() + PATIENCE
        while not (value := self.script(f"return {code}")):
            assert time.monotonic() < end, f"{code} never came true; {self.errors()}"
            time.sleep(0.05)
        return value

    def type(self, selector: str, text: str) -> None:
        """Press keys on an element; a file input takes a path."""
        found = self._call("POST", "/element", using="css selector", value=selector)
        self._call("POST", f"/element/{found[ELEMENT]}/value", text=text)

    def click(self, selector: str) -> None:
        found = self._call("POST", "/element", using="css selector", value=selector)
        self._call("POST", f"/element/{found[ELEMENT]}/click")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one place of the window, move it to another, let go."""
        places = [start, [(a + b) / 2 for a, b in zip(start, end, strict=True)], end]
        moves = [dict(type="pointerMove", duration=20, x=round(x), y=round(y)) for x, y in places]
        actions = [moves[0], dict(type="pointerDown", button=0), *moves[1:]]
        mouse = dict(
            type="pointer",
            id="mouse",
            parameters=dict(pointerType="mouse"),
            actions=[*actions, dict(type="pointerUp", button=0)],
        )
        self._call("POST", "/actions", actions=[mouse])

    def emulate(self, command: str, **parameters: Any) -> None:
        """A command of the DevTools protocol."""
        self._call("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def resize(self, width: int, height: int, density: float = 1, scheme: str = "light") -> None:
        """Give the page a size in px, a preference of colours, and that of little motion."""
        self.emulate(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=density,
            mobile=False,
        )
        features = [
            dict(name="prefers-color-scheme", value=scheme),
            dict(name="prefers-reduced-motion", value="reduce"),
        ]
        self.emulate("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """A PNG of what is seen."""
        return base64.b64decode(self._call("GET", "/screenshot"))

    def errors(self) -> list[str]:
        """What went wrong in scripts and requests since the last call."""
        entries = self._call("POST", "/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def close(self) -> None:
        self._call("DELETE", "")

    def _call(self, method: str, path: str, **content: Any) -> Any:
        body = json.dumps(content).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = Request(self._session + path, body, headers, method=method)
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]


@contextmanager
def driver(folder: Path) -> Iterator[Callable[..., Browser]]:
    """Start chromedriver; gives what makes a Browser. Everything ends with the block."""
    log = folder / "driver.log"
    assert DRIVER is not None
    with log.open("w") as file:
        process = subprocess.Popen(
            [DRIVER, "--port=0"], stdout=file, stderr=file, env=os.environ | {"HOME": str(folder)}
        )
    browsers: list[Browser] = []
    try:
        end = time.monotonic() + PATIENCE
        while not (listening := re.search(r"successfully on port (\d+)", text := log.read_text())):
            assert time.monotonic() < end, text
            time.sleep(0.05)
        downloads = folder / "downloads"
        downloads.mkdir(exist_ok=True)

        def start(*arguments: str) -> Browser:
            browsers.append(Browser(f"http://127.0.0.1:{listening[1]}", downloads, arguments))
            return browsers[-1]

        yield start
    finally:
        for browser in browsers:
            browser.close()
        process.terminate()
        process.wait()
