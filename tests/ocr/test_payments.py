"""Payments that a page shows."""

from datetime import date
from decimal import Decimal

from ocr.payments import read_payments
from tests.ocr.sheets import make_page


def test_method_amount_and_day_of_one_row_are_a_payment() -> None:
    (payment,) = read_payments([make_page("Payment 04/11/2025  Visa Debit            -413.45")])
    assert (payment.amount, payment.payment_date) == (Decimal("413.45"), date(2025, 11, 4))
    assert payment.payment_method == "Visa Debit"


def test_the_day_may_stand_on_the_row_below() -> None:
    payments = read_payments(
        [make_page("Cash              $133.24\nPaid 25/09/25\nVisa               $99.93\nPaid 26/09/25")]
    )
    assert [(p.payment_method, p.payment_date) for p in payments] == [
        ("Cash", date(2025, 9, 25)),
        ("Visa", date(2025, 9, 26)),
    ]


def test_ambiguous_days_follow_the_document() -> None:
    page = make_page("Check 04/11/2025       20.00")
    assert read_payments([page], "mdy")[0].payment_date == date(2025, 4, 11)


def test_a_recheck_is_no_check() -> None:
    assert read_payments([make_page("Re-check Examination 04/11/2025     30.74")]) == ()


def test_what_is_still_due_is_no_payment() -> None:
    assert read_payments([make_page("Please pay by bank transfer, balance due 01/02/2025     99.00")]) == ()


def test_payments_beside_the_sums_are_told_from_them() -> None:
    text = """
Payments received                             Subtotal          $1044.21
08/03/24   Cash        $638.50                Add Tax             $19.96
08/04/24   Discover    $425.67                Invoice Total     $1064.17
"""
    payments = read_payments([make_page(text)], "mdy")
    assert [(p.payment_method, p.amount) for p in payments] == [
        ("Cash", Decimal("638.50")),
        ("Discover", Decimal("425.67")),
    ]


def test_a_balance_that_runs_on_behind_a_payment_is_not_what_was_paid() -> None:
    text = (
        "20/11/24   Recheck Examination     73.30             1,326.60\n"
        "20/11/24   Receipt EFTPOS                    425.54    901.06\n"
    )
    (payment,) = read_payments([make_page(text)])
    assert (payment.amount, payment.payment_date) == (Decimal("425.54"), date(2024, 11, 20))


def test_a_payment_told_again_at_the_foot_is_one() -> None:
    text = "$49.00 paid on April 3, 2026\n\nAmount paid          $49.00\n\nIN-0007 - $49.00 paid on April 3, 2026"
    assert [payment.amount for payment in read_payments([make_page(text)])] == [Decimal("49.00")]
