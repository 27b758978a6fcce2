"""The review desk in a real browser: by keyboard, by pointing, and when things go wrong."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from invoices.models import Correction, Invoice, InvoiceLine
from invoices.services import processing
from invoices.services.reconciling import keep_record
from pims.lookup import find_invoice
from tests.admin.desk import make_flagged_invoice
from tests.documents import INVOICE_LINES, make_pdf
from tests.factories import make_mga, make_pims_record

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: scripts/setup.sh --browser installs it"),
]
expect.set_options(timeout=15_000)
COUNT_INPUT = """() => {
    window.pressed = 0;
    window.addEventListener("keydown", () => { window.pressed += 1; }, true);
    window.addEventListener("click", (e) => { if (e.detail) window.pressed += 1; }, true);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # The driver runs an event loop in this thread, in which Django otherwise refuses the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer) -> Iterator["Desk"]:
    opened = Desk(browser, live_server.url)
    yield opened
    opened.close()


class Desk:
    """A signed-in reviewer's browser; what the console says of errors fails the test."""

    def __init__(self, browser: Browser, url: str, name: str = "ada", **options: Any) -> None:
        self.url = url
        self.user = get_user_model().objects.create_superuser(name)
        client = Client()
        client.force_login(self.user)
        self.context = browser.new_context(
            **({"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options)
        )
        cookie = client.cookies["sessionid"].value
        self.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(10_000)

    def open(self, invoice: Invoice) -> Page:
        self.page.goto(self.url + reverse("admin:invoices_invoice_review", args=[invoice.pk]))
        expect(self.page.locator("[data-name=invoice_number]")).to_be_focused()
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.errors == []


def top_of_pages(page: Page) -> None:
    page.locator("#sheet").evaluate("sheet => { sheet.scrollTop = 0; }")


def word_at(page: Page, text: str) -> tuple[float, float, float, float]:
    """Where a word stands on the screen: left, top, right, bottom in pixels."""
    words = page.request.get(f"{page.url}words/1/").json()["words"]
    (_, left, top, right, bottom), *_ = [word for word in words if word[0] == text]
    box = page.locator(".page").first.bounding_box()
    assert box is not None
    across, down = box["width"], box["height"]
    return box["x"] + left * across, box["y"] + top * down, box["x"] + right * across, box["y"] + bottom * down


def test_two_doubtful_values_are_confirmed_and_approved_in_three_strokes(desk: Desk) -> None:
    mga = make_mga()
    first, second = make_flagged_invoice(mga), make_flagged_invoice(mga)
    page = desk.open(first)
    page.evaluate(COUNT_INPUT)
    page.keyboard.press("Enter")
    expect(page.locator("[data-name=gross_total]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#approve")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{second.pk}/review/")
    expect(page.locator("[data-name=invoice_number]")).to_be_focused()
    assert page.evaluate("window.pressed") <= 6
    first.refresh_from_db()
    assert first.approved_at is not None and first.reviewed_by == desk.user
    assert first.corrected.keys() >= {"invoice_number", "gross_total"}


def test_from_upload_to_approval_by_keyboard_alone(desk: Desk, tmp_path: Path) -> None:
    mga = make_mga()
    file = tmp_path / "invoice.pdf"
    file.write_bytes(make_pdf([line.replace("48.00", "49.00") for line in INVOICE_LINES]))
    page = desk.page
    page.goto(f"{desk.url}{reverse('admin:invoices_document_add')}")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("received, being read").wait_for()
    assert processing.run_next()
    invoice = Invoice.objects.get()
    assert invoice.mga == mga and invoice.open_findings  # the lines do not add up
    for name in ("invoice_number", "gross_total"):
        invoice.reading[name]["confidence"] = 0.5
    invoice.save()
    waiting = make_flagged_invoice(mga)

    page.goto(f"{desk.url}{reverse('admin:invoices_invoice_queue')}?sort=age")
    page.get_by_role("link", name="Start reviewing").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-name=invoice_number]")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.type("INV-2000")
    page.keyboard.press("Enter")
    expect(page.locator("[data-name=gross_total]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("110")
    expect(page.locator("#sum")).to_contain_text("less than the total")

    page.keyboard.press("Alt+a")  # through all fields
    tab_to(page, "order_number")
    page.keyboard.press("Alt+w")  # from the top of the page: the supplier's name, and the word beside it
    expect(page.locator("#picked")).to_contain_text("Harbour")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#picked")).to_contain_text("Harbour Vets")
    page.keyboard.press("Enter")
    expect(page.locator("[data-name=order_number]")).to_have_value("Harbour Vets")
    expect(page.locator("[data-name=order_number]")).to_be_focused()

    tab_to(page, "lines.2.unit_price")
    page.keyboard.press("Control+a")
    page.keyboard.type("25")
    tab_to(page, "lines.2.net_amount")
    page.keyboard.press("Control+a")
    page.keyboard.type("50")
    expect(page.locator("#sum")).to_contain_text("110.00, the total")
    page.keyboard.press("Control+Enter")
    page.locator("#blocked").or_(page.locator("#heading", has_text="INV-1042")).first.wait_for()
    if page.locator("#blocked").is_visible():
        page.keyboard.press("Enter")
    page.wait_for_url(f"**/{waiting.pk}/review/?sort=age")
    expect(page.locator("#notice")).to_contain_text("INV-2000 approved")
    invoice.refresh_from_db()
    assert invoice.approved_at is not None and invoice.reviewed_by == desk.user
    assert (invoice.invoice_number, str(invoice.gross_total), invoice.order_number) == (
        "INV-2000",
        "110.00",
        "Harbour Vets",
    )
    assert invoice.corrected["order_number"]["page"] == 1 and invoice.corrected["order_number"]["box"]
    assert [str(line.net_amount) for line in invoice.lines.all()] == ["60.00", "50.00"]

    page.keyboard.press("Alt+z")  # nothing done here yet: the approval is taken back
    page.wait_for_url(f"**/{invoice.pk}/review/?sort=age")
    expect(page.locator("#approve")).to_be_enabled()
    invoice.refresh_from_db()
    assert invoice.approved_at is None and invoice.invoice_number == "INV-2000"


def tab_to(page: Page, name: str, most: int = 60) -> None:
    for _ in range(most):
        if page.evaluate("document.activeElement.dataset.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name}")


def test_values_are_typed_drawn_and_clicked_and_a_line_edited(desk: Desk) -> None:
    invoice = make_flagged_invoice(make_mga())
    page = desk.open(invoice)
    page.keyboard.press("Control+a")
    page.keyboard.type("INV-2000")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("118.00")
    expect(page.locator("#sum")).to_contain_text("10.00 less than the total")

    page.locator("[data-name=venue]").click()
    top_of_pages(page)
    left, top, _, bottom = word_at(page, "Quay")
    right = word_at(page, "Street,")[2]
    page.mouse.move(left - 3, top - 3)
    page.mouse.down()
    page.mouse.move(right, bottom)
    page.mouse.move(right + 3, bottom + 3)
    page.mouse.up()
    expect(page.locator("[data-name=venue]")).to_have_value("Quay Street,")

    page.locator("[data-name=order_number]").click()
    left, top, right, bottom = word_at(page, "04101")
    page.mouse.click((left + right) / 2, (top + bottom) / 2)
    expect(page.locator("[data-name=order_number]")).to_have_value("04101")

    page.locator("[data-name='lines.2.net_amount']").fill("58.00")
    expect(page.locator("#sum")).to_contain_text("118.00, the total")
    page.locator("[data-name='lines.2.quantity']").fill("2")
    page.keyboard.press("Control+Enter")
    page.locator("#blocked").or_(page.locator(".queue")).first.wait_for()
    page.wait_for_url("**/queue/")
    invoice.refresh_from_db()
    assert (invoice.invoice_number, str(invoice.gross_total), invoice.order_number) == ("INV-2000", "118.00", "04101")
    assert invoice.approved_at is not None
    shown = Correction.objects.filter(page=1, box__isnull=False).values_list("field", flat=True)
    assert {"venue", "order_number"} <= set(shown)
    assert [str(n) for n in InvoiceLine.objects.values_list("net_amount", flat=True)] == ["60.00", "58.00"]


def test_rows_are_pasted_added_and_removed_and_undone(desk: Desk) -> None:
    page = desk.open(make_flagged_invoice(make_mga()))
    page.locator("#add-line").click()
    cell = page.locator("[data-name='lines.3.description']")
    expect(cell).to_be_focused()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "Bandage\\t1\\t5.00\\t5.00\\nCollar\\t2\\t4.00\\t8.00\\n");
            const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
            document.activeElement.dispatchEvent(paste);
        }"""
    )
    expect(page.locator("[data-name='lines.4.net_amount']")).to_have_value("8.00")
    expect(page.locator("#sum")).to_contain_text("121.00")
    page.locator("[data-tool=remove][data-row='0']").click()
    expect(page.locator("#lines tbody tr")).to_have_count(3)
    page.keyboard.press("Alt+z")
    expect(page.locator("#lines tbody tr")).to_have_count(4)


def test_a_second_reviewer_sees_who_is_at_it_and_can_take_over(desk: Desk, browser: Browser) -> None:
    invoice = make_flagged_invoice(make_mga())
    first = desk.open(invoice)
    expect(first.locator("#notice")).to_be_hidden()
    other = Desk(browser, desk.url, "bob")
    other.page.goto(first.url)
    expect(other.page.locator("#notice")).to_contain_text("ada is reviewing")
    expect(other.page.locator("#approve")).to_be_disabled()
    other.page.get_by_role("button", name="Take over").click()
    expect(other.page.locator("#approve")).to_be_enabled()
    first.keyboard.press("Control+Enter")
    expect(first.locator("#notice")).to_contain_text("bob is reviewing")
    other.close()
    invoice.refresh_from_db()
    assert invoice.approved_at is None


def test_a_lost_session_loses_nothing(desk: Desk) -> None:
    invoice = make_flagged_invoice(make_mga())
    page = desk.open(invoice)
    page.keyboard.press("Control+a")
    page.keyboard.type("INV-77")
    Session.objects.all().delete()
    page.keyboard.press("Control+s")
    expect(page.locator("#notice")).to_contain_text("signed out")
    client = Client()
    client.force_login(desk.user)
    desk.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": desk.url}])
    page.keyboard.press("Control+s")  # signed in again in another tab: the page goes on as if nothing had been
    expect(page.locator("#notice")).to_contain_text("Saved")
    page.locator("[data-name=invoice_number]").fill("INV-78")
    page.reload()
    expect(page.locator("#notice")).to_contain_text("Your unsaved changes are here again")
    expect(page.locator("[data-name=invoice_number]")).to_have_value("INV-78")
    page.keyboard.press("Control+s")
    expect(page.locator("#notice")).to_contain_text("Saved")
    invoice.refresh_from_db()
    assert invoice.invoice_number == "INV-78"


def test_pages_are_split_and_joined_by_keyboard_and_taken_back(desk: Desk) -> None:
    second = [line.replace("INV-1042", "INV-1043") for line in INVOICE_LINES]
    first = make_flagged_invoice(make_mga(), more=(["Terms of payment"], second))
    assert [row.page_numbers for row in first.document.invoices.order_by("part")] == [[1, 2], [3]]
    page = desk.open(first)
    page.keyboard.press("Alt+s")
    expect(page.locator("#cut-told")).to_have_text("2 documents: pages 1-2, page 3")
    expect(page.locator("[data-begins='2']")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#cut-told")).to_have_text("One document: pages 1-3")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("The file is cut so")
    expect(page.locator(".page")).to_have_count(3)
    assert [row.page_numbers for row in first.document.invoices.all()] == [[1, 2, 3]]
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("#notice")).to_contain_text("as before")
    expect(page.locator(".page")).to_have_count(2)
    assert [row.page_numbers for row in first.document.invoices.order_by("part")] == [[1, 2], [3]]


def test_a_document_of_thirty_pages_opens_with_its_first_page_only(desk: Desk) -> None:
    invoice = make_flagged_invoice(make_mga(), pages=30)
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    page = desk.open(invoice)
    expect(page.locator(".page")).to_have_count(30)
    expect(page.locator(".page img").first).to_have_js_property("complete", True)
    pictures = {url for url in asked if re.search(r"/pages/\d+/$", url)}
    assert f"{desk.url}/admin/invoices/document/{invoice.document_id}/pages/1/" in pictures
    assert len(pictures) <= 5
    assert page.locator("#thumbs button").first.get_attribute("aria-current") == "true"
    page.locator("#thumbs button").nth(29).click()
    expect(page.locator(".page[data-page='30'] img")).not_to_have_js_property("naturalWidth", 0)


RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
DESK, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
OWN_PAGES = ("index", "invoices_invoice_queue", "invoices_invoice_dashboard", "invoices_job_operations", "two_factor")
OTHER_PAGES = (
    "invoices_document_add",
    "invoices_document_changelist",
    "invoices_invoice_changelist",
    "invoices_mailbox_add",
    "invoices_suppliertemplate_changelist",
    "invoices_calibration_changelist",
    "invoicedata_mga_add",
    "login",
)


@pytest.mark.parametrize(("scheme", "viewport", "names"), [("light", DESK, OTHER_PAGES), ("dark", PHONE, OWN_PAGES)])
def test_axe_finds_nothing(
    browser: Browser, live_server: LiveServer, scheme: str, viewport: dict[str, int], names: tuple[str, ...]
) -> None:
    mga = make_mga()
    make_pims_record(mga)
    invoice = make_flagged_invoice(mga, pages=2)
    found = find_invoice(mga, invoice.invoice_number, customer_id="C-1001")
    assert found.invoice is not None
    keep_record(invoice, found.invoice, found.connection)
    invoice.save()
    desk = Desk(browser, live_server.url, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page = desk.open(invoice)
    require_accessible(page)
    page.locator("#cut-open").click()
    require_accessible(page)
    own = [("invoice_comparison", invoice), ("invoice_deliveries", invoice), ("invoice_change", invoice)]
    own.append(("document_cut", invoice.document))
    addresses = [reverse(f"admin:invoices_{name}", args=[row.pk]) for name, row in own]
    addresses += [reverse(f"admin:{name}") for name in names]
    for address in addresses:
        if "login" in address:
            desk.context.clear_cookies()
        page.goto(live_server.url + address)
        page.wait_for_load_state("load")
        require_accessible(page)
    desk.close()


def require_accessible(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    told = [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in found.response["violations"]]
    assert told == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{page.url} is cut off"
