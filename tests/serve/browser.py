"""Debian's chromium, driven by selenium, and pictures for it and of it."""

import base64
import struct
import time
import zlib
from pathlib import Path
from typing import Callable, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

T = TypeVar("T")


def wait(what: str, of: Callable[[], T], seconds: float = 20) -> T:
    """What `of` returns as soon as that is true of it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = of()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} seconds, still not: {what}")


def start_chromium(chromium: str, driver: str) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    # No sandbox, as tests run as root in containers; the page is our own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(driver), options=options)


def show_as(browser: webdriver.Chrome, width: int, height: int, scheme: str) -> None:
    """A window of that size whose owner prefers `scheme`, light or dark."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def save_screenshot(browser: webdriver.Chrome, path: Path) -> bytes:
    """The whole page as PNG."""
    picture = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
    png = base64.b64decode(picture["data"])
    path.write_bytes(png)
    return png


def png_size(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", png[16:24])


def grey_png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
