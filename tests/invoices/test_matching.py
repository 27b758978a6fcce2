from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.matching import (
    CONFIRM_SCORE,
    SUGGEST_SCORE,
    Article,
    Paper,
    Variance,
    assign,
    choose,
    is_printed,
    is_same_number,
    score,
    variances,
)

GOODS = tuple(Article(f"GR{n}", f"Article number {n}", Decimal(n)) for n in range(1, 6))
INVOICE = Paper("INV-7", "Wrenfield Provisions Ltd", "The Mill House", "PO-8812", date(2026, 2, 18), frozenset(), GOODS)
NOTE = Paper("DN-3", "Wrenfield Provisions", "Mill House", "PO-8812", date(2026, 2, 17), frozenset(), GOODS)


def test_a_number_on_the_invoice_ties_the_two_together() -> None:
    found = score(replace(INVOICE, linked=frozenset({"dn 3"}), order_number=""), NOTE)
    assert found.value > 0.95 and found.reasons[0] == "delivery note number"


def test_an_invoice_that_names_another_note_does_not_take_this_one() -> None:
    other = replace(INVOICE, linked=frozenset({"DN-99"}))
    assert score(replace(other, order_number=""), NOTE).value < SUGGEST_SCORE
    assert SUGGEST_SCORE <= score(other, NOTE).value < CONFIRM_SCORE


def test_another_supplier_is_no_pair_whatever_else_agrees() -> None:
    assert score(replace(INVOICE, order_number=""), replace(NOTE, supplier="Oakley Linen Hire")).value == 0


def test_a_supplier_of_another_name_is_left_to_a_person_where_a_number_agrees() -> None:
    misread = replace(NOTE, supplier="Oakley Linen Hire")
    assert SUGGEST_SCORE <= score(INVOICE, misread).value < CONFIRM_SCORE
    assert score(INVOICE, replace(misread, articles=())).value < SUGGEST_SCORE
    assert score(INVOICE, replace(misread, supplier_id="p1")) == score(replace(INVOICE, supplier_id="p2"), misread)
    same = score(replace(INVOICE, supplier_id="p1"), replace(misread, supplier_id="p1"))
    assert same.value > CONFIRM_SCORE


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Silverbeck Ales", "SILVERBECK ALES LTD.", True),
        ("J. Thackray & Sons Family Butchers", "J Thackray and Sons", True),
        ("Kilmora Brewing Company", "Kilm0ra Brewing Co", True),
        ("Kilmora Brewing Company", "Fairholt Brewing Company", False),
        ("Danesway Foodservice Ltd", "Lakehead Foodservice Ltd", False),
    ],
)
def test_suppliers_of_one_trade_are_told_apart(one: str, other: str, is_same: bool) -> None:
    papers = replace(INVOICE, supplier=one, order_number=""), replace(NOTE, supplier=other, order_number="")
    assert (score(*papers).value > CONFIRM_SCORE) is is_same


@pytest.mark.parametrize(
    ("printed", "number", "is_same"),
    [
        ("DN 0712", "dn-0712", True),
        ("54200", "DN54200", True),
        ("DNS42O0", "DN54200", True),  # letters read for digits
        ("DN54200", "DN54201", False),
        ("INV54200", "DN54200", False),
        ("712", "DN712", False),  # too short to mean anything alone
    ],
)
def test_numbers_are_compared_as_scans_give_them(printed: str, number: str, is_same: bool) -> None:
    assert is_same_number(printed, number) is is_same is is_same_number(number, printed)


def test_a_number_that_one_letter_spoils_says_nothing_for_or_against() -> None:
    neutral = score(replace(INVOICE, order_number=""), NOTE)
    assert score(replace(INVOICE, order_number="PO-8813"), NOTE).value == neutral.value


def test_another_order_number_is_no_pair() -> None:
    assert score(INVOICE, replace(NOTE, order_number="PO-1")).value < SUGGEST_SCORE


def test_goods_day_and_place_are_enough_without_numbers() -> None:
    bare = replace(INVOICE, order_number="")
    assert score(bare, replace(NOTE, order_number="")).value > CONFIRM_SCORE
    assert score(bare, replace(NOTE, order_number="", day=date(2026, 2, 4))).value < CONFIRM_SCORE
    assert score(bare, replace(NOTE, order_number="", articles=())).value < SUGGEST_SCORE


def test_the_same_weights_outweigh_a_number_that_may_be_misread() -> None:
    weighed = tuple(replace(article, quantity=article.quantity + Decimal("0.431")) for article in GOODS[:4])
    invoice = replace(INVOICE, order_number="", linked=frozenset({"DN-99"}), articles=weighed)
    note = replace(NOTE, order_number="", day=INVOICE.day, articles=weighed)
    assert SUGGEST_SCORE <= score(invoice, note).value < CONFIRM_SCORE
    counted = [replace(paper, articles=GOODS[:4]) for paper in (invoice, note)]
    assert score(*counted).value < SUGGEST_SCORE


@given(shared=st.integers(0, 4), days=st.integers(0, 25), linked=st.booleans(), ordered=st.booleans())
def test_the_score_never_falls_when_more_agrees(shared: int, days: int, linked: bool, ordered: bool) -> None:
    invoice = replace(INVOICE, linked=frozenset({"DN-3"} if linked else ()), order_number="PO-8812" if ordered else "")
    strange = tuple(Article(f"XX{n}", f"Something else {n * 7919}", Decimal(1)) for n in range(5))

    def note(goods: int, apart: int) -> Paper:
        return replace(NOTE, day=invoice.day - timedelta(days=apart), articles=GOODS[:goods] + strange[goods:])  # type: ignore[operator]

    value = score(invoice, note(shared, days)).value
    assert 0 <= value <= score(invoice, note(shared + 1, days)).value <= 1
    assert value <= score(invoice, note(shared, max(days - 1, 0))).value


@given(
    shared=st.integers(0, 5), days=st.integers(-20, 25), order=st.sampled_from(["", "PO-8812", "PO-1"]),
    decimals=st.integers(0, 3), least=st.floats(0, 1),
)  # fmt: skip
def test_a_score_is_left_out_only_where_it_cannot_reach_what_is_asked(
    shared: int, days: int, order: str, decimals: int, least: float
) -> None:
    weighed = tuple(replace(article, quantity=Decimal("1.237").quantize(Decimal(10) ** -decimals)) for article in GOODS)
    invoice = replace(INVOICE, articles=weighed)
    note = replace(NOTE, order_number=order, day=invoice.day - timedelta(days=days), articles=weighed[:shared])  # type: ignore[operator]
    asked, whole = score(invoice, note, least), score(invoice, note)
    assert asked == whole or (asked.value == 0 and whole.value < least)


@given(st.permutations(range(6)))
def test_the_order_of_input_plays_no_part(order: list[int]) -> None:
    invoices = {f"i{n}": replace(INVOICE, number=f"INV-{n}", day=date(2026, 2, 3 * n + 1)) for n in range(6)}
    notes = {f"n{n}": replace(NOTE, number=f"DN-{n}", order_number="", day=date(2026, 2, 3 * n + 1)) for n in range(6)}
    shuffled = choose({f"i{n}": invoices[f"i{n}"] for n in order}, {f"n{n}": notes[f"n{n}"] for n in order})
    assert shuffled == choose(invoices, notes)


def test_two_notes_that_bring_different_goods_both_belong() -> None:
    invoice = replace(INVOICE, order_number="")
    halves = {
        "first": replace(NOTE, order_number="", articles=GOODS[:3]),
        "second": replace(NOTE, order_number="", number="DN-4", articles=GOODS[3:]),
    }
    assert {choice.note for choice in choose({"i": invoice}, halves)} == {"first", "second"}


def test_the_same_goods_are_not_delivered_twice() -> None:
    invoice = replace(INVOICE, order_number="")
    notes = {
        "right": replace(NOTE, order_number="", day=date(2026, 2, 18)),
        "near": replace(NOTE, order_number="", number="DN-4", day=date(2026, 2, 16)),
    }
    assert [choice.note for choice in choose({"i": invoice}, notes)] == ["right"]


def test_two_invoices_that_fit_as_well_leave_the_choice_to_a_person() -> None:
    twins = {"a": replace(INVOICE, order_number=""), "b": replace(INVOICE, order_number="", number="INV-8")}
    (choice,) = choose(twins, {"n": replace(NOTE, order_number="")})
    assert not choice.is_sure


def test_what_a_person_refused_is_not_chosen() -> None:
    assert choose({"i": INVOICE}, {"n": NOTE}, refused={("i", "n")}) == []


def test_articles_are_assigned_by_code_then_by_wording_one_to_one() -> None:
    left = [Article("A1", "Flour", None), Article("", "Olive oil extra virgin", None), Article("", "Salt", None)]
    right = [Article("", "Extra Virgin Olive Oil", None), Article("A1", "Plain flour 16 kg", None)]
    assert assign(left, right) == [(left[0], right[1]), (left[1], right[0]), (left[2], None)]


def test_quantities_are_compared_over_all_notes() -> None:
    first = replace(NOTE, articles=(Article("GR2", "Article number 2", Decimal(1)), GOODS[0]))
    second = replace(NOTE, articles=(Article("GR2", "Article number 2", Decimal(1)), GOODS[2], GOODS[3]))
    found = variances(INVOICE, [first, second])
    assert found == [Variance("GR5", "Article number 5", Decimal(5), Decimal(0))]


def test_a_substitute_makes_two_variances_and_a_deposit_none() -> None:
    invoice = replace(INVOICE, articles=(GOODS[0], Article("DEP", "Container Deposit", Decimal(3))))
    note = replace(NOTE, articles=(Article("ZZ9", "Quite another thing", Decimal(1)),))
    assert [(v.sku, int(v.invoiced), int(v.delivered)) for v in variances(invoice, [note])] == [
        ("GR1", 1, 0),
        ("ZZ9", 0, 1),
    ]


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("2 bag fv1058 baby spinach 1 5kg", True),
        ("2 bag fv1o58 baby spinach", True),  # misread
        ("fv1003 tomatoes roma substitute for fv1058 kg", False),
        ("fv1003 tomatoes roma", False),
    ],
)
def test_an_article_that_a_page_shows_was_misread_and_is_not_missing(text: str, is_there: bool) -> None:
    assert is_printed("Baby Spinach 1.5kg", "FV1058", text) is is_there


def test_nothing_is_missing_for_a_note_whose_lines_were_not_read() -> None:
    assert variances(INVOICE, [replace(NOTE, articles=())]) == []
    unread = tuple(replace(article, quantity=None) for article in GOODS[:3])
    assert variances(INVOICE, [replace(NOTE, articles=unread)]) == []


def test_cases_and_what_is_in_them_are_the_same_quantity() -> None:
    case = Article("HG1", "Tonic 24x200ml", Decimal(2), "case")
    assert (
        variances(
            replace(INVOICE, articles=(case,)),
            [replace(NOTE, articles=(replace(case, quantity=Decimal(48), unit="each"),))],
        )
        == []
    )
    assert variances(
        replace(INVOICE, articles=(case,)), [replace(NOTE, articles=(replace(case, quantity=Decimal(48)),))]
    )


@pytest.mark.parametrize("missing", ["invoiced", "delivered"])
def test_an_unknown_quantity_is_no_variance(missing: str) -> None:
    unknown = (Article("GR1", "Article number 1", None),)
    known = (Article("GR1", "Article number 1", Decimal(1)),)
    billed, brought = (unknown, known) if missing == "invoiced" else (known, unknown)
    assert variances(replace(INVOICE, articles=billed), [replace(NOTE, articles=brought)]) == []
