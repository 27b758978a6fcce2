"""Prints pages of HTML with headless Chromium: a PDF, and the marks of what stands on it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
HARVEST = """() => {
  const seen = [];
  for (const element of document.querySelectorAll('[data-f],[data-x],[data-l],[data-pay]')) {
    const style = getComputedStyle(element);
    if (!element.getClientRects().length || style.visibility === 'hidden' || style.opacity === '0') continue;
    seen.push({...element.dataset, text: element.innerText ?? ''});
  }
  const roll = document.querySelector('[data-roll]');
  const box = roll ? roll.getBoundingClientRect() : null;
  return {marks: seen, text: document.body.innerText, roll: box ? {width: box.width, height: box.bottom + 8} : null};
}"""


@dataclass(frozen=True, slots=True)
class Print:
    """A printed document: its PDF, the marks of its values, and all its text."""

    pdf: bytes
    marks: list[dict[str, Any]]
    text: str


class Printer:
    """A page of a running browser."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def print(self, html: str) -> Print:
        self.page.set_content(html)
        found = self.page.evaluate(HARVEST)
        roll = found["roll"]
        size = (
            {"width": f"{roll['width']}px", "height": f"{roll['height']}px"} if roll else {"prefer_css_page_size": True}
        )
        return Print(self.page.pdf(print_background=True, **size), found["marks"], found["text"])


@contextmanager
def printer() -> Iterator[Printer]:
    """A browser for as long as it is needed. Raises RuntimeError where there is no Chromium."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        raise RuntimeError("No Chromium: install it (scripts/setup.sh --browser), or name it in CHROMIUM.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"])
        page = browser.new_page(java_script_enabled=True, viewport={"width": 900, "height": 1200})
        page.emulate_media(media="print")
        yield Printer(page)
        browser.close()
