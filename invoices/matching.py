"""Does a delivery note belong to an invoice? Identity first: numbers, supplier, place, day, goods. What differs in
quantity is judged afterwards, for the deliveries worth reporting are those that differ; equal quantities only tell
papers apart that nothing else does. Pure functions, no queries.

What is not tied by a number is weighed as evidence, in natural logarithms of likelihood ratios (Fellegi and Sunter,
"A theory for record linkage", 1969): how much likelier is this with the right note than with another one of the
supplier. The sum is a probability.
"""

import heapq
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import Levenshtein

from pims.numbers import normalise

CONFIRM_SCORE = 0.85  # from here on a pairing is confirmed by itself, where the runner-up is far enough behind
CONFIRM_MARGIN = 0.1
SUGGEST_SCORE = 0.6  # from here on it is shown to staff
RIVAL_SCORE = SUGGEST_SCORE - CONFIRM_MARGIN  # from here on it may cast doubt on another

LINKED, ORDERED = 0.9, 0.8  # what a number on both sides is worth before anything else supports it
DENIED = 0.8  # at most, where both print a number and the numbers differ: a person may find one misread
UNPROVEN = 0.8  # at most, where a number agrees and the supplier's name does not

# Evidence. What is equal in a right pair and in another one of the same supplier: measured on invoices with notes that
# belong elsewhere, where of the common articles 90 and 45 % had equal quantities.
PRIOR = -1.0  # a note of the same supplier, chosen blindly
SAME_QUANTITY, OTHER_QUANTITY, NO_QUANTITY = 0.7, -1.4, 0.4
WEIGHED = {2: 1.5, 3: 4.0}  # an equal quantity with so many decimals: what was weighed is seldom weighed so again
NOT_INVOICED = -1.4  # an article of the note that the invoice does not bill
MOST_GOODS, MOST_WEIGHED = 5.0, 6.0  # articles of one order are not independent of each other
DAYS_BEFORE = ((0, 3.5), (1, 2.5), (2, 2.0), (3, 1.5), (7, 0.0), (14, -2.0), (30, -4.0))  # note before invoice
DAYS_AFTER = ((0, 3.5), (1, 1.5), (2, 0.5), (4, -1.0), (7, -3.0), (14, -5.0))
SAME_PLACE, OTHER_PLACE = 0.5, -3.0
OTHER_NUMBER = -6.0
WITHOUT_GOODS = 0.3  # at most, where no article is on both: a supplier comes to the same place every day

SAME_NAME = 84  # of 100: likeness of two spellings of one supplier or place
SAME_GOODS = 80  # of 100: likeness of two wordings of one article
MISREAD_GOODS = 90  # of 100: the same, where the codes differ in one letter
LEAST_NUMBER = 4  # digits of a number that means something without its letters
LEGAL_FORMS = re.compile(
    r"\b(?:ltd|limited|llc|inc|incorporated|plc|co|company|corp|corporation|gmbh|ag|kg|ohg|ug|bv|nv|sa|sas|sarl|srl|"
    r"spa|pty|llp|the|and)\b"
)
MISREAD = str.maketrans("OILSBZG", "0115826")  # letters that are read for digits, and the other way round
DEPOSIT_WORDS = frozenset({"deposit", "deposits", "pfand", "statiegeld", "consigne"})
REPLACED = re.compile(
    r"\b(?:substitut|replac|instead|in lieu|ersatz|remplac|vervang|in plaats|sostitu|sustitu|sold out)\w*(?: \w+){1,4}"
)
WHOLESALE = re.compile(r"\b(\d{1,3}) ?x ?\d")  # "12x500ml": a case of 12


@dataclass(frozen=True, slots=True)
class Article:
    """A line of either side. quantity: invoiced or delivered, in `unit`."""

    sku: str
    description: str
    quantity: Decimal | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What an invoice or a delivery note tells about itself.

    number: its own. linked: numbers of the other kind that it prints. day: of delivery where it tells, else its own.
    supplier_id: of the supplier it was found to be from; two papers of one id are of one supplier, however spelled.
    """

    number: str
    supplier: str
    venue: str = ""
    order_number: str = ""
    day: date | None = None
    linked: frozenset[str] = frozenset()
    articles: tuple[Article, ...] = ()
    supplier_id: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """0..1, and why."""

    value: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variance:
    """An article whose invoiced and delivered quantities differ. is_one_sided: one side has no line of it at all."""

    sku: str
    description: str
    invoiced: Decimal
    delivered: Decimal
    is_one_sided: bool = field(default=False, compare=False)


# --- One invoice and one note ---------------------------------------------------------------------------------------


def score(invoice: Paper, note: Paper, least: float = 0.0) -> Score:
    """How surely the note belongs to the invoice. Never falls as goods, quantities, days or places grow alike.

    least: below it a score is of no use. One that cannot reach it, whatever the goods, is not worked out: it is 0."""
    tie = _tie(invoice, note)
    if tie.most == 0:
        return Score(0.0, tie.reasons)
    if tie.value(best_evidence(invoice, note)) < least:
        return Score(0.0, ())
    evidence, reasons = weigh(invoice, note)
    return Score(tie.value(evidence), (*tie.reasons, *reasons))


@dataclass(frozen=True, slots=True)
class _Tie:
    """What numbers and names tell of an invoice and a note: how evidence becomes a score between `base` and `most`."""

    base: float
    most: float
    shift: float = 0.0  # of the evidence
    reasons: tuple[str, ...] = ()

    def value(self, evidence: float) -> float:
        return self.base + (self.most - self.base) * probability(evidence + self.shift)


def _tie(invoice: Paper, note: Paper) -> _Tie:
    linked, same_order = is_linked(invoice, note), is_same_order(invoice, note)
    if not is_same_supplier(invoice, note):
        if not (linked or same_order):
            return _Tie(0.0, 0.0, reasons=("another supplier",))
        # One of the names may be misread; a number alone may be a coincidence.
        return _Tie(0.0, UNPROVEN, reasons=("a number, but another supplier's name",))
    if linked:
        return _Tie(LINKED, 1.0, reasons=("delivery note number",))
    names_others = bool(invoice.linked and note.number) and not _is_misreading(note.number, invoice.linked)
    if same_order and names_others:
        return _Tie(0.0, DENIED, reasons=("order number", "but it names another delivery note"))
    if same_order:
        return _Tie(ORDERED, 1.0, reasons=("order number",))
    if names_others:
        return _Tie(0.0, DENIED, OTHER_NUMBER, ("it names another delivery note",))
    if _are_other_orders(invoice, note):
        return _Tie(0.0, DENIED, OTHER_NUMBER, ("another order number",))
    return _Tie(0.0, 1.0)


def probability(evidence: float) -> float:
    return 1 / (1 + math.exp(-evidence))


def weigh(invoice: Paper, note: Paper) -> tuple[float, tuple[str, ...]]:
    """The evidence of goods, day and place, and in words which of them agree."""
    goods, share = weigh_goods(invoice.articles, note.articles)
    most = math.inf if share else WITHOUT_GOODS
    day = weigh_day(invoice.day, note.day)
    place = weigh_place(invoice.venue, note.venue)
    named = (("goods", share >= 0.7), ("day", day >= 1.5), ("place", place > 0))
    return min(PRIOR + goods + day + place, most), tuple(name for name, agrees in named if agrees)


def best_evidence(invoice: Paper, note: Paper) -> float:
    """What `weigh` can give at most; without comparing goods, which takes the time."""
    common = min(len(invoice.articles), len(note.articles))
    weighed = sum(
        WEIGHED.get(min(decimals(each.quantity), 3), 0.0) for each in note.articles if each.quantity is not None
    )
    goods = min(MOST_GOODS, SAME_QUANTITY * common) + min(MOST_WEIGHED, weighed)
    return PRIOR + goods + weigh_day(invoice.day, note.day) + weigh_place(invoice.venue, note.venue)


def weigh_goods(invoiced: Sequence[Article], delivered: Sequence[Article]) -> tuple[float, float]:
    """(evidence, share of the note's articles that the invoice bills)."""
    evidence, weighed, common = 0.0, 0.0, 0
    for billed, brought in assign(invoiced, delivered):
        if brought is None or is_deposit(brought):
            continue
        if billed is None:
            evidence += NOT_INVOICED
            continue
        common += 1
        if billed.quantity is None or brought.quantity is None:
            evidence += NO_QUANTITY
        elif is_same_quantity(billed, brought):
            evidence += SAME_QUANTITY
            weighed += WEIGHED.get(min(decimals(brought.quantity), 3), 0.0)
        else:
            evidence += OTHER_QUANTITY
    goods = max(-MOST_GOODS, min(MOST_GOODS, evidence)) + min(MOST_WEIGHED, weighed)
    return goods, common / max(len(delivered), 1)


@lru_cache(50_000)
def decimals(quantity: Decimal) -> int:
    """How many it is printed with, zeros at its end left out."""
    exponent = quantity.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def weigh_day(invoice: date | None, note: date | None) -> float:
    """Most on the same day, falling with the days between; nothing where one is not known."""
    if invoice is None or note is None:
        return 0.0
    days = (invoice - note).days
    points = DAYS_BEFORE if days >= 0 else DAYS_AFTER
    days = abs(days)
    for (near, more), (far, less) in pairwise(points):
        if days <= far:
            return more + (less - more) * (days - near) / (far - near)
    return points[-1][1]


def weigh_place(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    alike = likeness(one, other)
    if alike >= SAME_NAME:
        return SAME_PLACE
    return OTHER_PLACE + (SAME_PLACE - OTHER_PLACE) * max(0.0, alike - SAME_NAME / 2) / SAME_NAME


# --- Numbers and names ----------------------------------------------------------------------------------------------


@lru_cache(50_000)
def number_key(number: str) -> str:
    """Equal for two readings of one number, whichever letters were taken for digits."""
    return normalise(number).translate(MISREAD)


@lru_cache(50_000)
def digits_key(number: str) -> str:
    """The number without its letters: "54200" on one paper is "DN54200" on the other. Blank where that is too short."""
    found = re.sub(r"\D", "", number).lstrip("0")
    return found if len(found) >= LEAST_NUMBER else ""


def is_same_number(one: str, other: str) -> bool:
    if not one or not other:
        return False
    key, other_key = number_key(one), number_key(other)
    if not key or not other_key:
        return False
    if key == other_key:
        return True
    # Letters before the digits may be a label ("DN 0712"); letters on both sides are part of the numbers.
    return digits_key(one) == digits_key(other) != "" and (normalise(one).isdigit() or normalise(other).isdigit())


def is_linked(invoice: Paper, note: Paper) -> bool:
    """Whether either prints the other's number."""
    return any(is_same_number(number, note.number) for number in invoice.linked) or any(
        is_same_number(number, invoice.number) for number in note.linked
    )


def is_same_order(invoice: Paper, note: Paper) -> bool:
    return is_same_number(invoice.order_number, note.order_number)


def _are_other_orders(invoice: Paper, note: Paper) -> bool:
    """Whether both print an order number, and not the same one with a letter misread."""
    both = bool(number_key(invoice.order_number) and number_key(note.order_number))
    return both and not _is_misreading(note.order_number, (invoice.order_number,))


def _is_misreading(number: str, others: Iterable[str]) -> bool:
    """Whether one letter makes the difference to one of the others: then neither can be trusted."""
    key = number_key(number)
    return any(Levenshtein.distance(key, number_key(other), score_cutoff=1) <= 1 for other in others)


def is_same_supplier(invoice: Paper, note: Paper) -> bool:
    """Unknown is the same as any."""
    if invoice.supplier_id and invoice.supplier_id == note.supplier_id:
        return True
    return not invoice.supplier or not note.supplier or likeness(invoice.supplier, note.supplier) >= SAME_NAME


@lru_cache(50_000)
def plain_name(name: str) -> str:
    """Folded, without its legal form."""
    folded = utils.default_process(name)
    return " ".join(LEGAL_FORMS.sub(" ", folded).split()) or folded


@lru_cache(100_000)
def likeness(one: str, other: str) -> float:
    """0..100 of two names; 100 where one has all words of the other. A trade's words in common do not make one name."""
    left, right = plain_name(one), plain_name(other)
    alike = fuzz.token_sort_ratio(left, right)
    few, many = sorted((left.split(), right.split()), key=len)
    if few and all(max(fuzz.ratio(word, each) for each in many) >= SAME_NAME for word in few):
        alike = max(alike, 100.0 if len(few) > 1 or len(few[0]) > LEAST_NUMBER else alike)
    return max(alike, fuzz.ratio(left.replace(" ", ""), right.replace(" ", "")))


# --- Goods ----------------------------------------------------------------------------------------------------------


def assign(invoiced: Sequence[Article], delivered: Sequence[Article]) -> list[tuple[Article | None, Article | None]]:
    """One-to-one: by code, then by wording, most alike first. What has no partner stands alone."""
    pairs: dict[int, int] = {}
    for key in (normalise, number_key):
        _assign_by_code(invoiced, delivered, pairs, key)
    left = [i for i in range(len(invoiced)) if i not in pairs]
    taken = set(pairs.values())
    for i in left:
        j = next((j for j, each in enumerate(delivered) if j not in taken and has_code_of(invoiced[i], each)), None)
        if j is not None:
            pairs[i] = j
            taken.add(j)
    left = [i for i in left if i not in pairs]
    right = [j for j in range(len(delivered)) if j not in taken]
    for _, i, j in sorted(_alike(invoiced, delivered, left, right), key=lambda found: (-found[0], found[1], found[2])):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    matched = [(article, delivered[pairs[i]] if i in pairs else None) for i, article in enumerate(invoiced)]
    return [*matched, *((None, article) for j, article in enumerate(delivered) if j not in taken)]


def _assign_by_code(
    invoiced: Sequence[Article], delivered: Sequence[Article], pairs: dict[int, int], key: Callable[[str], str]
) -> None:
    taken = set(pairs.values())
    free: dict[str, list[int]] = {}
    for j, article in enumerate(delivered):
        if j not in taken and article.sku:
            free.setdefault(key(article.sku), []).append(j)
    for i, article in enumerate(invoiced):
        waiting = free.get(key(article.sku)) if article.sku and i not in pairs else None
        if waiting:
            pairs[i] = waiting.pop(0)


def has_code_of(one: Article, other: Article) -> bool:
    """Whether the wording of one holds the code of the other, where the columns were not told apart."""
    coded, bare = (one, other) if one.sku else (other, one)
    key = number_key(coded.sku)
    if bare.sku or len(key) < LEAST_NUMBER:
        return False
    return any(number_key(word) == key for word in wording(bare.description).split())


def _alike(
    invoiced: Sequence[Article], delivered: Sequence[Article], left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[float, int, int]]:
    """(likeness, invoiced, delivered) of articles that may be the same."""
    if not left or not right:
        return
    ours = [wording(invoiced[i].description) for i in left]
    theirs = [wording(delivered[j].description) for j in right]
    found = process.cdist(ours, theirs, scorer=fuzz.token_set_ratio, score_cutoff=SAME_GOODS)
    for row, i in enumerate(left):
        for column, j in enumerate(right):
            if found[row][column] and (alike := goods_likeness(invoiced[i], delivered[j])) >= SAME_GOODS:
                yield alike, i, j


def goods_likeness(one: Article, other: Article) -> float:
    """0..100. Two codes that differ by more than a misread letter are two articles, and so are two sizes of one."""
    left, right = wording(one.description), wording(other.description)
    alike = 0.8 * fuzz.token_set_ratio(left, right) + 0.2 * fuzz.ratio(left, right)
    if one.sku and other.sku:
        if Levenshtein.distance(number_key(one.sku), number_key(other.sku), score_cutoff=1) > 1:
            return 0.0
        return alike if fuzz.ratio(left, right) >= MISREAD_GOODS else 0.0
    sizes = [{word for word in text.split() if any(c.isdigit() for c in word)} for text in (left, right)]
    if sizes[0] and sizes[1] and not (sizes[0] <= sizes[1] or sizes[1] <= sizes[0]):
        alike -= 15
    return alike


@lru_cache(50_000)
def wording(description: str) -> str:
    return str(utils.default_process(description))


def is_same_quantity(billed: Article, brought: Article) -> bool:
    """Also where one counts cases and the other what is in them."""
    if billed.quantity is None or brought.quantity is None:
        return False
    out, came = abs(billed.quantity), abs(brought.quantity)
    if out == came:
        return True
    if not billed.unit or not brought.unit or billed.unit.casefold() == brought.unit.casefold():
        return False
    packs = {Decimal(n) for each in (billed, brought) for n in WHOLESALE.findall(each.description.casefold())}
    return any(out * pack == came or came * pack == out for pack in packs)


def beside_each_other(invoice: Paper, notes: Sequence[Paper]) -> list[tuple[Article | None, Article | None]]:
    """Each article as it was billed and as it came, over all lines and notes."""
    delivered: list[Article] = []
    for note in notes:
        delivered = _add(delivered, note.articles)
    return assign(_add([], invoice.articles), delivered)


def variances(invoice: Paper, notes: Sequence[Paper]) -> list[Variance]:
    """Articles of which another quantity was billed than delivered, over all notes. Container deposits are no goods.
    None where the lines of a note could not be read: nothing is missing for that."""
    if not notes or not all(is_legible(note) for note in notes):
        return []
    found = []
    for billed, brought in beside_each_other(invoice, notes):
        article = billed or brought
        assert article is not None
        if is_deposit(article) or (billed and brought and is_same_quantity(billed, brought)):
            continue
        out = billed.quantity if billed else Decimal(0)
        came = brought.quantity if brought else Decimal(0)
        if out is not None and came is not None and abs(out) != abs(came):
            sku = article.sku or (brought.sku if brought else "")
            is_one_sided = billed is None or brought is None
            found.append(Variance(sku, article.description, abs(out), abs(came), is_one_sided))
    return found


def is_legible(note: Paper) -> bool:
    """Whether most of its lines were read with their quantities."""
    known = sum(article.quantity is not None for article in note.articles)
    return known > len(note.articles) / 2


def is_printed(article: str, code: str, text: str) -> bool:
    """Whether a page's text has the article, though no line was read of it. text: as `wording` folds it. What another
    article came for ("substitute for FV1058") does not count."""
    text = REPLACED.sub(" ", text)
    if len(key := number_key(code)) >= LEAST_NUMBER:
        return any(Levenshtein.distance(number_key(word), key, score_cutoff=1) <= 1 for word in set(text.split()))
    return fuzz.partial_ratio(wording(article), text) >= MISREAD_GOODS


def _add(articles: Sequence[Article], more: Iterable[Article]) -> list[Article]:
    """The articles with more of them: the same code, or without one the same words, is the same article, and its
    quantities are summed."""
    summed = {_article_key(article): article for article in articles}
    for article in more:
        key = _article_key(article)
        known = summed.get(key)
        if known is None or known.quantity is None or article.quantity is None:
            summed[key] = article
        else:
            summed[key] = replace(known, quantity=known.quantity + article.quantity)
    return list(summed.values())


def _article_key(article: Article) -> tuple[str, str]:
    code = normalise(article.sku)
    return (code, "") if code else ("", wording(article.description))


def _remaining(invoiced: Sequence[Article], delivered: Sequence[Article]) -> tuple[Article, ...]:
    """What of the invoiced goods has not been delivered yet."""
    left = []
    for billed, brought in assign(invoiced, delivered):
        if billed is None:
            continue
        if brought is None:
            left.append(billed)
        elif billed.quantity is not None and brought.quantity is not None and 0 < brought.quantity < billed.quantity:
            left.append(replace(billed, quantity=billed.quantity - brought.quantity))
    return tuple(left)


@lru_cache(50_000)
def _has_deposit_word(description: str) -> bool:
    return bool(DEPOSIT_WORDS & set(wording(description).split()))


def is_deposit(article: Article) -> bool:
    return _has_deposit_word(article.description)


# --- Many invoices and notes ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A pairing worth keeping. is_sure: confirmed by itself; else it is a suggestion."""

    invoice: str
    note: str
    score: Score
    is_sure: bool


def choose(
    invoices: Mapping[str, Paper],
    notes: Mapping[str, Paper],
    refused: Collection[tuple[str, str]] = (),
    delivered: Mapping[str, Sequence[Paper]] | None = None,
) -> list[Choice]:
    """Each note with the invoice it belongs to, if there is one, best first. The order of input plays no part.

    Goods that a better note has delivered already are not delivered again: a note that no number ties to the invoice is
    weighed against what is left. refused: pairs (invoice, note) that a person has rejected. delivered: notes that a
    person has paired, by invoice.
    """
    scores = {
        (i, n): found
        for n, note in notes.items()
        for i, invoice in invoices.items()
        if (i, n) not in refused and (found := score(invoice, note, RIVAL_SCORE)).value >= RIVAL_SCORE
    }
    brought = {i: list((delivered or {}).get(i, ())) for i in invoices}

    def place(i: str, n: str, value: float, seen: int) -> tuple[float, str, str, str, str, int]:
        return -value, invoices[i].number, notes[n].number, i, n, seen

    waiting = [place(i, n, found.value, 0) for (i, n), found in scores.items() if found.value >= SUGGEST_SCORE]
    heapq.heapify(waiting)
    chosen: dict[str, Choice] = {}
    while waiting:
        value, _, _, i, n, seen = heapq.heappop(waiting)
        if n in chosen:
            continue
        if len(brought[i]) > seen and not is_named(invoices[i], notes[n]):
            found = scores[i, n] = score(_with_what_is_left(invoices[i], brought[i]), notes[n])
            if found.value >= SUGGEST_SCORE:
                heapq.heappush(waiting, place(i, n, min(found.value, -value), len(brought[i])))
            continue
        best = scores[i, n]
        runner_up = max((s.value for (other, m), s in scores.items() if m == n and other != i), default=0.0)
        is_sure = best.value >= CONFIRM_SCORE and best.value - runner_up >= CONFIRM_MARGIN
        chosen[n] = Choice(i, n, best, is_sure)
        brought[i].append(notes[n])
    return sorted(chosen.values(), key=lambda choice: (-choice.score.value, choice.invoice, choice.note))


def _with_what_is_left(invoice: Paper, notes: Sequence[Paper]) -> Paper:
    articles = invoice.articles
    for note in notes:
        articles = _remaining(articles, note.articles)
    if not articles and invoice.articles:
        articles = (Article("", "everything was delivered", None),)
    return replace(invoice, articles=articles)


def is_named(invoice: Paper, note: Paper) -> bool:
    """Whether a number ties the two together."""
    return is_linked(invoice, note) or is_same_order(invoice, note)
