"""Which item a row of text without amounts belongs to: above, below, or none, as a heading."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ocr.cells import Kind, Token, is_code
from ocr.columns import NAMES, Columns, Role
from ocr.line_items.drafts import (
    TIMES,
    Draft,
    cells_of,
    cleaned,
    count_letters,
    factors_in,
    is_near,
    is_product,
    patient_in,
    patient_of,
    run_of,
    text_of,
    words_of,
)
from ocr.tables import TableRow

WRAP_SLACK = 0.6  # word heights by which a word may have fitted and still been wrapped
NARROW = 6.0  # word heights between the longest name and the next column, in a column that names fill
INDENT = 0.6  # word heights to the right of the names: text about an item, not a heading
SMALLER = 0.88  # of the names' height: small print under an item
CLOSER = 0.9  # a row nearer to the item above than to the one below belongs above
LONGEST_HEADING = 8  # words


@dataclass(slots=True)
class Groups:
    """The headings that the rows below stand under."""

    patient: str = ""
    category: str = ""
    names_above: bool | None = None  # whether names stand above their amounts; None: not seen yet
    codes_above: bool = False  # whether article numbers were seen to stand above their names
    names_above_codes: bool = False  # whether article numbers stand below their names, beside the amounts
    names_begin_above: bool = False  # whether a name was seen to begin above its amounts
    widest: float = 0.0  # right edge of the longest name in the table

    def take(self, tokens: Sequence[Token]) -> None:
        name = patient_in(tokens)
        if name:
            self.patient = name
        else:
            self.category = cleaned(text_of(tokens))


def settle_texts(
    above: Draft | None, below: Draft | None, texts: Sequence[TableRow], groups: Groups, model: Columns
) -> None:
    """Hands the text rows between two items to the one above, to the one below, or to the headings."""
    left = list(texts)
    if groups.names_above_codes and below is not None and left:
        below.code = below.in_role(*NAMES)
        below.name.append(left.pop().tokens)
    if above is not None:
        left = _take_named_below(above, _take_stacked(above, left), below, groups)
    if left and above is not None and (factors := _bare_factors(left[0])) and _multiplies(factors, above):
        above.factors = factors
        left = left[1:]
    if below is not None and left and (factors := _bare_factors(left[-1])):
        below.factors = factors
        left = left[:-1]
    stacked = any(column.under is Role.DESCRIPTION for column in model.columns)
    if groups.names_above is None and above is None and below is not None and not below.own_name and not left:
        groups.names_above = False
    if below is not None and not below.own_name and left and not stacked and groups.names_above is not False:
        if groups.names_above is None:
            groups.names_above = is_near(left[-1].row, below.rows[0].row)
        if groups.names_above:
            below.name.append(words_of(left.pop()))
    if above is not None:
        if not above.own_name and not above.name and left and is_near(above.last.row, left[0].row):
            above.name.append(words_of(left.pop(0)))
        left = _take_code_below(above, left)
        left = _take_wrapped(above, left, below, groups)
    if below is not None and left and not stacked:
        left = _take_begun(above, left, below, groups)
    for row in () if stacked else left:
        if _is_heading(row, above, below):
            groups.take(row.tokens)


def _bare_factors(placed: TableRow) -> tuple[Decimal, Decimal] | None:
    """The factors of a row that holds nothing but "2 x 1,15"."""
    text = text_of(placed.tokens)
    return None if count_letters(TIMES.sub(" ", f" {text} ")) else factors_in(text)


def _multiplies(factors: tuple[Decimal, Decimal], draft: Draft) -> bool:
    total = draft.value(Role.TOTAL)
    return total is not None and draft.factors is None and is_product(*factors, total.number, None)


def _take_stacked(draft: Draft, texts: list[TableRow]) -> list[TableRow]:
    """Names that the columns print one row lower."""
    if draft.own_name or not texts:
        return texts
    tokens = texts[0].under(Role.DESCRIPTION) + texts[0].in_role(Role.DESCRIPTION)
    if not tokens or not draft.model.of(Role.SKU):
        return texts
    if any(column.under is Role.DESCRIPTION for column in draft.model.columns):
        draft.name.append(run_of(texts[0], tokens))
        return texts[1:]
    return texts


def _take_wrapped(draft: Draft, texts: list[TableRow], below: Draft | None, groups: "Groups") -> list[TableRow]:
    """Rows that go on with the item's name: where the next word would not have fitted, or the text is plainly cut."""
    own = draft.name[-1] if draft.name else draft.own_name
    names = draft.model.of(Role.DESCRIPTION)
    if not own or not names:
        return texts
    room = draft.model.right_of(names[-1])
    after = draft.last.row
    for count, placed in enumerate(texts):
        tokens = placed.in_role(Role.DESCRIPTION)
        tokens = run_of(placed, tokens) if tokens else tokens
        over_page = count == 0 and own[-1].text.endswith("-") and placed.row.page == after.page + 1
        if _has_stray_amount(placed):  # a payment, a discount: no name goes on beside an amount
            return texts[count:]
        if not tokens or not (over_page or is_near(after, placed.row)):
            if not tokens and any(map(is_code, placed.in_role(Role.SKU))) and is_near(after, placed.row):
                continue  # a second article number beside the name
            return texts[count:]
        height = placed.row.height
        indented = tokens[0].left > own[0].left + INDENT * height
        width = tokens[0].right - tokens[0].left
        if max(groups.widest, names[-1].right) >= room - NARROW * height:
            fitted = own[-1].right + 0.3 * height + width <= groups.widest - WRAP_SLACK * height
        else:  # a wide column shows no edge to wrap at; then lines of one name stand closer than rows
            follower = texts[count + 1] if count + 1 < len(texts) else below.rows[0] if below else None
            same = follower is not None and follower.row.page == placed.row.page
            to_below = follower.row.y - placed.row.y if follower is not None and same else float("inf")
            fitted = placed.row.y - after.y >= CLOSER * to_below or own[-1].right + width < groups.widest
        outdented = tokens[0].left < own[0].left - INDENT * height
        cut = re.search(r"[-,&/+(\u0002]$", own[-1].text) is not None or tokens[0].text[:1].islower()
        labelled = any(":" in token.text for token in tokens[:3])
        smaller = height < SMALLER * draft.rows[0].row.height
        if labelled or smaller or outdented or (indented and not cut) or (fitted and not cut):
            return texts[count:]
        draft.name.append(tokens)
        own, after = tokens, placed.row
    return []


def _has_stray_amount(placed: TableRow) -> bool:
    """Whether an amount stands in a column that is neither the total's nor the names'."""
    return any(
        token.kind is Kind.AMOUNT and column is not None and column.role is Role.OTHER
        for token, column in cells_of(placed)
    )


def _take_named_below(draft: Draft, texts: list[TableRow], below: Draft | None, groups: "Groups") -> list[TableRow]:
    """The name below an article number that stands in the names' column by itself, as in the item below."""
    own = draft.own_name
    if (
        groups.names_above_codes
        or len(own) != 1
        or not texts
        or draft.in_role(Role.SKU)
        or not is_near(draft.last.row, texts[0].row)
    ):
        return texts
    tokens = texts[0].in_role(Role.DESCRIPTION)
    alike = below is None or len(below.own_name) == 1
    coded = (is_code(own[0]) and alike) or (groups.codes_above and own[0].text.isupper())
    if not coded or not tokens or count_letters(text_of(tokens)) < 2 or ":" in text_of(tokens[:3]):
        return texts
    groups.codes_above = True
    draft.code = own
    draft.name.append(run_of(texts[0], tokens))
    return texts[1:]


def _take_code_below(draft: Draft, texts: list[TableRow]) -> list[TableRow]:
    """An article number by itself under a name that stands above its quantity."""
    if not draft.name or draft.own_name or draft.in_role(Role.SKU) or not texts:
        return texts
    tokens = texts[0].tokens
    if len(tokens) != 1 or not is_code(tokens[0]) or not is_near(draft.last.row, texts[0].row):
        return texts
    draft.code = tokens
    return texts[1:]


def _take_begun(above: Draft | None, texts: list[TableRow], below: Draft, groups: "Groups") -> list[TableRow]:
    """Rows above an item in which its name begins, where amounts stand beside a name's last line: it plainly goes on
    ("Lamb shoulder," / "boned and rolled"), or stands as in an item that did so."""
    names = below.own_name
    left = list(texts)
    begun: list[tuple[Token, ...]] = []
    follower, first = below.rows[0].row, names
    while left and names:
        tokens = left[-1].in_role(Role.DESCRIPTION)
        row = left[-1].row
        if not tokens or not is_near(row, follower) or abs(tokens[0].left - names[0].left) > INDENT * row.height:
            break
        before = left[-2].row if len(left) > 1 else above.last.row if above else None
        apart = before is None or before.page != row.page or follower.y - row.y < CLOSER * (row.y - before.y)
        goes_on = re.search(r"[-,&/+(]$", tokens[-1].text) is not None or first[0].text[:1].islower()
        if not (goes_on or (groups.names_begin_above and apart)) or row.height < SMALLER * follower.height:
            break
        groups.names_begin_above |= goes_on
        begun.insert(0, tokens)
        follower, first = row, tokens
        left.pop()
    below.begun = begun
    return left


def _is_heading(placed: TableRow, above: Draft | None, below: Draft | None) -> bool:
    """Whether a text row between two items heads the ones below."""
    text = text_of(placed.tokens)
    if below is None or count_letters(text) < 2 or len(placed.tokens) > LONGEST_HEADING or not text[0].isalnum():
        return False
    if patient_of(text):
        return True
    if above is None:
        return below.model.printed and below.rows[0].row.page == placed.row.page
    names = above.own_name or (above.name[0] if above.name else ())
    row = placed.row
    if names and (row.left > names[0].left + INDENT * row.height or row.height < SMALLER * above.rows[0].row.height):
        return False
    if any(token.kind in (Kind.AMOUNT, Kind.DATE) for token in placed.tokens) or ":" in text or text[0].islower():
        return False
    to_above, to_below = row.y - above.last.row.y, below.rows[0].row.y - row.y
    return above.last.row.page != row.page or to_above >= CLOSER * to_below
