"""Does a delivery note belong to an invoice? Identity first (numbers, supplier, place, day, goods); quantities are
judged afterwards, for the deliveries worth reporting are those that differ. Pure functions, no queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rapidfuzz import fuzz, process, utils

from pims.numbers import normalise

CONFIRM_SCORE = 0.85  # from here on a pairing is confirmed by itself, where the runner-up is far enough behind
CONFIRM_MARGIN = 0.1
SUGGEST_SCORE = 0.6  # from here on it is shown to staff

SAME_NAME = 75  # of 100: likeness of two spellings of one supplier
SAME_GOODS = 80  # of 100: likeness of two wordings of one article
LINKED, ORDERED = 0.9, 0.8  # what a number on both sides is worth before anything else supports it
MISNAMED = 0.6  # of one order, but the invoice names other notes: for a person to look at
DENIED = 0.3  # at most, where both print a number and the numbers differ
FAR_DAYS = 21  # a note this long before its invoice (or a week after) says nothing for it any more
AFTER_DAYS = 7
GOODS_WEIGHT, DAY_WEIGHT, PLACE_WEIGHT = 0.5, 0.4, 0.1
MOST_COVERED = 0.5  # share of a note's articles that another note may have brought to the same invoice
DEPOSIT_WORDS = frozenset({"deposit", "deposits", "pfand", "statiegeld", "consigne"})


@dataclass(frozen=True, slots=True)
class Article:
    """A line of either side. quantity: invoiced or delivered."""

    sku: str
    description: str
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Paper:
    """What an invoice or a delivery note tells about itself.

    number: its own. linked: numbers of the other kind that it prints. day: of delivery where it tells, else its own.
    """

    number: str
    supplier: str
    venue: str = ""
    order_number: str = ""
    day: date | None = None
    linked: frozenset[str] = frozenset()
    articles: tuple[Article, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """0..1, and why."""

    value: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variance:
    """An article whose invoiced and delivered quantities differ."""

    sku: str
    description: str
    invoiced: Decimal
    delivered: Decimal


def score(invoice: Paper, note: Paper) -> Score:
    """How surely the note belongs to the invoice. Never falls when goods, days or places grow more alike."""
    if invoice.supplier and note.supplier and likeness(invoice.supplier, note.supplier) < SAME_NAME:
        return Score(0.0, ("another supplier",))
    support, reasons = _support(invoice, note)
    if is_linked(invoice, note):
        return Score(LINKED + (1 - LINKED) * support, ("delivery note number", *reasons))
    same_order = is_same_order(invoice, note)
    if invoice.linked and note.number:
        value = MISNAMED + (1 - ORDERED) * support if same_order else DENIED * support
        return Score(value, ("the invoice names another delivery note", *reasons))
    if same_order:
        return Score(ORDERED + (1 - ORDERED) * support, ("order number", *reasons))
    if invoice.order_number and note.order_number:
        return Score(DENIED * support, ("another order number", *reasons))
    return Score(support, reasons)


def is_linked(invoice: Paper, note: Paper) -> bool:
    """Whether either prints the other's number."""
    ours = {normalise(number) for number in invoice.linked}
    theirs = {normalise(number) for number in note.linked}
    return normalise(note.number) in ours - {""} or normalise(invoice.number) in theirs - {""}


def is_same_order(invoice: Paper, note: Paper) -> bool:
    ours = normalise(invoice.order_number)
    return bool(ours) and ours == normalise(note.order_number)


def _support(invoice: Paper, note: Paper) -> tuple[float, tuple[str, ...]]:
    """0..1: how well goods, day and place agree, and in words which do."""
    goods, day, place = goods_share(invoice.articles, note.articles), day_nearness(invoice.day, note.day), 0.5
    if invoice.venue and note.venue:
        place = likeness(invoice.venue, note.venue) / 100
    named = (("goods", goods, 0.7), ("day", day, 0.85), ("place", place, 0.75))
    # Without goods in common the rest means little: a supplier comes to the same place every day.
    value = (GOODS_WEIGHT * goods + DAY_WEIGHT * day + PLACE_WEIGHT * place) * min(1.0, 2 * goods)
    return value, tuple(name for name, share, least in named if share >= least)


def goods_share(invoiced: Sequence[Article], delivered: Sequence[Article]) -> float:
    """Share of the note's articles that the invoice bills, 0..1."""
    if not invoiced or not delivered:
        return 0.0
    return sum(1 for left, right in assign(invoiced, delivered) if left and right) / len(delivered)


def day_nearness(invoice: date | None, note: date | None) -> float:
    """1 on the same day, falling with the days between; 0.5 where one is not known."""
    if invoice is None or note is None:
        return 0.5
    days = (invoice - note).days
    reach = FAR_DAYS if days >= 0 else AFTER_DAYS
    return max(0.0, 1 - abs(days) / reach) ** 2


def likeness(one: str, other: str) -> float:
    """0..100, by words in any order; words that only one has count little."""
    return fuzz.token_set_ratio(one, other, processor=utils.default_process)


def assign(invoiced: Sequence[Article], delivered: Sequence[Article]) -> list[tuple[Article | None, Article | None]]:
    """One-to-one: by code, then by wording, most alike first. What has no partner stands alone."""
    pairs: dict[int, int] = {}
    free = list(range(len(delivered)))
    for i, article in enumerate(invoiced):
        code = normalise(article.sku)
        match = next((j for j in free if code and normalise(delivered[j].sku) == code), None)
        if match is not None:
            pairs[i] = match
            free.remove(match)
    for _, i, j in sorted(_alike(invoiced, delivered, pairs, free), key=lambda found: (-found[0], found[1], found[2])):
        if i not in pairs and j in free:
            pairs[i] = j
            free.remove(j)
    matched = [(article, delivered[pairs[i]] if i in pairs else None) for i, article in enumerate(invoiced)]
    return [*matched, *((None, delivered[j]) for j in free)]


def _alike(
    invoiced: Sequence[Article], delivered: Sequence[Article], pairs: dict[int, int], free: Iterable[int]
) -> Iterable[tuple[float, int, int]]:
    """(likeness, invoiced, delivered) of articles that may be the same; two different codes never are."""
    names = {j: delivered[j].description for j in free}
    for i, article in enumerate(invoiced):
        if i in pairs:
            continue
        found = process.extract(article.description, names, processor=utils.default_process, score_cutoff=SAME_GOODS)
        for _, alike, j in found:
            if not (article.sku and delivered[j].sku):
                yield alike, i, j


def variances(invoice: Paper, notes: Sequence[Paper]) -> list[Variance]:
    """Articles of which another quantity was billed than delivered, over all notes. Container deposits are no goods."""
    delivered: list[Article] = []
    for note in notes:
        delivered = _add(delivered, note.articles)
    found = []
    for billed, brought in assign(_add([], invoice.articles), delivered):
        article = billed or brought
        assert article is not None
        out = billed.quantity if billed else Decimal(0)
        came = brought.quantity if brought else Decimal(0)
        if out is not None and came is not None and abs(out) != abs(came) and not is_deposit(article):
            sku = article.sku or (brought.sku if brought else "")
            found.append(Variance(sku, article.description, abs(out), abs(came)))
    return found


def _add(articles: Sequence[Article], more: Iterable[Article]) -> list[Article]:
    """The articles with more of them: the same code is the same article, and its quantities are summed."""
    summed = {normalise(a.sku) or f"#{i}": a for i, a in enumerate(articles)}
    for number, article in enumerate(more, start=len(articles)):
        key = normalise(article.sku) or f"#{number}"
        known = summed.get(key)
        if known is None or known.quantity is None or article.quantity is None:
            summed[key] = article
        else:
            summed[key] = Article(known.sku, known.description, known.quantity + article.quantity)
    return list(summed.values())


def is_deposit(article: Article) -> bool:
    return bool(DEPOSIT_WORDS & set(utils.default_process(article.description).split()))


@dataclass(frozen=True, slots=True)
class Choice:
    """A pairing worth keeping. is_sure: confirmed by itself; else it is a suggestion."""

    invoice: str
    note: str
    score: Score
    is_sure: bool


def choose(
    invoices: Mapping[str, Paper], notes: Mapping[str, Paper], refused: Collection[tuple[str, str]] = ()
) -> list[Choice]:
    """Each note with the invoice it belongs to, if there is one. Best first: goods that a better note has delivered
    already are not delivered again by a note that nothing but its goods speaks for. The order of input plays no part.

    refused: pairs (invoice, note) that a person has rejected.
    """
    open_to = {key: {i: p for i, p in invoices.items() if (i, key) not in refused} for key in notes}
    best = (_best(key, note, open_to[key]) for key, note in notes.items())
    ranked = sorted((c for c in best if c is not None), key=lambda c: (-c.score.value, c.invoice, c.note))
    chosen: list[Choice] = []
    for choice in ranked:
        invoice, note = invoices[choice.invoice], notes[choice.note]
        before = [notes[other.note] for other in chosen if other.invoice == choice.invoice]
        if before and not is_named(invoice, note) and covered_share(note, before) > MOST_COVERED:
            continue
        chosen.append(choice)
    return chosen


def _best(key: str, note: Paper, invoices: Mapping[str, Paper]) -> Choice | None:
    found = [(score(invoice, note), name) for name, invoice in invoices.items()]
    ranked = sorted(found, key=lambda entry: (-entry[0].value, entry[1]))
    if not ranked or ranked[0][0].value < SUGGEST_SCORE:
        return None
    best, invoice = ranked[0]
    runner_up = ranked[1][0].value if len(ranked) > 1 else 0.0
    return Choice(invoice, key, best, best.value >= CONFIRM_SCORE and best.value - runner_up >= CONFIRM_MARGIN)


def is_named(invoice: Paper, note: Paper) -> bool:
    """Whether a number ties the two together."""
    return is_linked(invoice, note) or is_same_order(invoice, note)


def covered_share(note: Paper, others: Sequence[Paper]) -> float:
    """Share of the note's articles that other notes brought as well."""
    brought = [article for other in others for article in other.articles]
    return goods_share(brought, note.articles)
