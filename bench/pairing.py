"""How well delivery notes are paired with invoices, on papers made at random and with what scanning does to them.

    python -m bench.pairing [--worlds 40] [--seed 1] [--misses]

A world is a few weeks of a hotel group: suppliers of one trade with like names and one catalogue, venues, invoices that
print the notes' numbers, only the order's number, or neither; with two notes, without any, with notes of no invoice
days off, short and excess deliveries, substitutes, deposits; numbers, codes and names misread.

A table by kind of link and amount of noise: precision and recall of links (confirmed or suggested),
how many of the confirmed are right, and of the variances.
"""

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from invoices.matching import Article, Choice, Paper, choose, variances

PLACES = ("Ashby", "Brindle", "Corran", "Dunmore", "Elswick", "Fairholt", "Garrick", "Harlow", "Iverley", "Kestrel")
TRADES = {
    "Brewery": ("Pale Ale", "Best Bitter", "Dry Stout", "Lager", "Craft Cider", "Tonic Water", "Lemonade", "Porter"),
    "Foodservice": ("Plain Flour", "Chopped Tomatoes", "Basmati Rice", "Rapeseed Oil", "Sea Salt", "Butter Beans"),
    "Produce": ("Baby Spinach", "Cos Lettuce", "Roma Tomatoes", "Red Onions", "Strawberries", "Flat Parsley"),
    "Butchers": ("Ribeye Steak", "Chicken Thigh", "Pork Belly", "Lamb Shanks", "Ox Cheek", "Beef Brisket"),
}
FORMS = ("Ltd", "Limited", "Co.", "& Sons", "Company", "Group Ltd", "")
MAKES = ("", "Organic ", "Premium ", "House ", "Frozen ", "Smoked ")
PACKS = ("", " 12x500ml", " 24x330ml", " 6x2.5kg", " 5kg", " 10kg", " 30L Keg", " 50L Keg", " 1kg", " x 12")
INNS = ("Mill Race", "Royal Oak", "Station", "Harbour", "Abbey Court", "Packhorse", "Cross Keys", "Grand Pier")
CONFUSED = {"0": "O", "O": "0", "1": "I", "I": "1", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "6": "G"}
LINKS = ("number", "order", "lines")


@dataclass
class World:
    """Papers with the truth. links: (invoice, note). kinds: how an invoice is linked."""

    invoices: dict[str, Paper] = field(default_factory=dict)
    notes: dict[str, Paper] = field(default_factory=dict)
    links: set[tuple[str, str]] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    differing: set[tuple[str, str]] = field(default_factory=set)  # invoice, article's true code


def make_world(rng: random.Random, noise: float) -> World:
    """noise: probability that a value is misread in one place."""
    world = World()
    trade = rng.choice(list(TRADES))
    catalogue = make_catalogue(rng, trade)
    suppliers = [f"{place} {trade} {rng.choice(FORMS)}".strip() for place in rng.sample(PLACES, 3)]
    venues = [f"The {inn} {rng.choice(('Hotel', 'Inn', 'Restaurant'))}" for inn in rng.sample(INNS, 4)]
    style = {supplier: Style(rng) for supplier in suppliers}
    start = date(2025, rng.randint(1, 12), 1)
    for number in range(rng.randint(12, 24)):
        supplier, venue = rng.choice(suppliers), rng.choice(venues)
        add_delivery(world, rng, str(number), supplier, venue, style[supplier], catalogue, start)
    if noise:
        for papers in (world.invoices, world.notes):
            for key, paper in papers.items():
                papers[key] = misread(paper, rng, noise)
    return world


def make_catalogue(rng: random.Random, trade: str) -> list[Article]:
    names = [f"{make}{name}{pack}" for make in MAKES for name in TRADES[trade] for pack in rng.sample(PACKS, 2)]
    prefix = rng.choice(("HG", "", "FV", "B", "SKU-"))
    codes = rng.sample(range(100, 10_000), len(names))
    return [Article(f"{prefix}{code}", name, None) for code, name in zip(codes, names, strict=True)]


class Style:
    """How a supplier numbers its papers, and what it prints."""

    def __init__(self, rng: random.Random) -> None:
        self.invoice = rng.choice(("INV-{:07}", "SI{}", "{}", "T{}", "111-{}", "26/{}"))
        self.note = rng.choice(("DN{}", "D-{}", "{}", "DEL{}", "P1{}", "DN {:06}"))
        self.order = rng.choice(("PO{}", "{}/DA", "WEB{}", "{}"))
        self.next = rng.randint(700, 190_000)
        self.has_codes = rng.random() < 0.85
        self.dates_delivery = rng.random() < 0.4

    def number(self, rng: random.Random, form: str) -> str:
        self.next += rng.randint(1, 40)
        return form.format(self.next)


def add_delivery(
    world: World,
    rng: random.Random,
    key: str,
    supplier: str,
    venue: str,
    style: Style,
    catalogue: Sequence[Article],
    start: date,
) -> None:
    day = start + timedelta(days=rng.randint(0, 27))
    billed = [
        replace(article, quantity=Decimal(rng.choice((1, 1, 2, 2, 3, 4, 6, 12, 24))))
        for article in rng.sample(list(catalogue), rng.randint(2, 12))
    ]
    order = style.number(rng, style.order)
    link = rng.choice(LINKS)
    has_note, has_two = rng.random() < 0.7, rng.random() < 0.25 and len(billed) >= 4
    later = rng.choice((0, 0, 1, 2, 3))
    groups: list[list[Article]] = []
    if has_note:
        cut = len(billed) // 2
        groups = [list(billed[:cut]), list(billed[cut:])] if has_two else [list(billed)]
    changed = vary(rng, groups, catalogue) if rng.random() < 0.5 else set()
    numbers = []
    for position, goods in enumerate(groups):
        number = style.number(rng, style.note)
        numbers.append(number)
        came = day - timedelta(days=position * rng.randint(0, 2))
        shown = order if link == "order" or rng.random() < 0.6 else ""
        world.notes[f"n{key}.{position}"] = Paper(
            number, supplier, venue, shown, came, frozenset(), printed(rng, goods, style)
        )
        world.links.add((f"i{key}", f"n{key}.{position}"))
    invoice = f"i{key}"
    deposit = [Article("DEP30", "Container deposit", Decimal(rng.randint(1, 4)))] if rng.random() < 0.2 else []
    world.invoices[invoice] = Paper(
        number=style.number(rng, style.invoice),
        supplier=supplier,
        venue=venue,
        order_number=order if link == "order" or (link == "number" and rng.random() < 0.5) else "",
        day=day if style.dates_delivery else day + timedelta(days=later),
        linked=frozenset(numbers) if link == "number" else frozenset(),
        articles=printed(rng, [*billed, *deposit], style),
    )
    world.kinds[invoice] = (f"{link}, two notes" if has_two else link) if has_note else "no note"
    world.differing |= {(invoice, code) for code in changed}
    if rng.random() < 0.35:  # a note of no invoice, days off, with much the same goods
        alike = [replace(a, quantity=Decimal(rng.randint(1, 6))) for a in billed if rng.random() < 0.6]
        alike += [replace(a, quantity=Decimal(1)) for a in rng.sample(list(catalogue), 2)]
        off = rng.choice((-7, -5, -3, -2, -1, 1, 2, 3, 5, 7))
        shown = style.number(rng, style.order) if rng.random() < 0.6 else ""
        number = style.number(rng, style.note)
        world.notes[f"x{key}"] = Paper(
            number, supplier, venue, shown, day + timedelta(days=off), frozenset(), printed(rng, alike, style)
        )


def vary(rng: random.Random, groups: list[list[Article]], catalogue: Sequence[Article]) -> set[str]:
    """Changes what is delivered; the codes of what differs then."""
    group = rng.choice(groups) if groups else []
    if not group:
        return set()
    place = rng.randrange(len(group))
    article = group[place]
    assert article.quantity is not None
    how = rng.choice(("short", "over", "absent", "substituted", "unbilled"))
    known = {each.sku for goods in groups for each in goods}
    other = rng.choice([each for each in catalogue if each.sku not in known])
    if how == "short" and article.quantity > 1:
        group[place] = replace(article, quantity=article.quantity - 1)
        return {article.sku}
    if how in ("short", "over"):
        group[place] = replace(article, quantity=article.quantity + 1)
        return {article.sku}
    if how == "absent" and len(group) > 1:
        del group[place]
        return {article.sku}
    if how == "substituted":
        group[place] = replace(other, quantity=article.quantity)
        return {article.sku, other.sku}
    group.append(replace(other, quantity=Decimal(2)))
    return {other.sku}


def printed(rng: random.Random, goods: Sequence[Article], style: Style) -> tuple[Article, ...]:
    return tuple(article if style.has_codes else replace(article, sku="") for article in goods)


def misread(paper: Paper, rng: random.Random, noise: float) -> Paper:
    """What a scan may make of it: letters confused or lost, a date or a number not found."""

    def text(value: str) -> str:
        return spoil(value, rng) if value and rng.random() < noise else value

    def gone(value: str) -> str:
        return "" if rng.random() < noise / 3 else text(value)

    articles = [
        Article(gone(a.sku), text(a.description), None if rng.random() < noise / 5 else a.quantity)
        for a in paper.articles
        if rng.random() > noise / 5
    ]
    return replace(
        paper,
        number=gone(paper.number),
        supplier=text(paper.supplier).upper() if rng.random() < 0.3 else text(paper.supplier),
        venue=gone(paper.venue),
        order_number=gone(paper.order_number),
        day=None if rng.random() < noise / 4 else paper.day,
        linked=frozenset(text(number) for number in paper.linked if rng.random() > noise / 3),
        articles=tuple(articles),
    )


def spoil(value: str, rng: random.Random) -> str:
    place = rng.randrange(len(value))
    letter = value[place]
    how = rng.random()
    if how < 0.6:
        changed = CONFUSED.get(letter.upper(), rng.choice("0123456789") if letter.isdigit() else rng.choice("aeioncr"))
    else:
        changed = "" if how < 0.8 else letter + rng.choice(" .l")
    return value[:place] + changed + value[place + 1 :]


@dataclass
class Outcome:
    """What was right: counts of links by kind, of confirmed links, of variances."""

    right: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def add(self, name: str, found: set[tuple[str, str]], wanted: set[tuple[str, str]]) -> None:
        self.right[name] += len(found & wanted)
        self.found[name] += len(found)
        self.wanted[name] += len(wanted)

    def rows(self) -> Iterator[str]:
        for name in self.wanted:
            precision = self.right[name] / self.found[name] if self.found[name] else 1.0
            recall = self.right[name] / self.wanted[name] if self.wanted[name] else 1.0
            yield f"  {name:20} n {self.wanted[name]:5}   P {100 * precision:6.2f}   R {100 * recall:6.2f}"


def judge(world: World, chosen: Sequence[Choice], outcome: Outcome, is_clean: bool) -> None:
    found = {(choice.invoice, choice.note) for choice in chosen}
    outcome.add("links", found, world.links)
    outcome.add("confirmed", {(c.invoice, c.note) for c in chosen if c.is_sure}, world.links)
    for kind in {*world.kinds.values()} - {"no note"}:
        theirs = {invoice for invoice, name in world.kinds.items() if name == kind}
        outcome.add(
            kind, {link for link in found if link[0] in theirs}, {link for link in world.links if link[0] in theirs}
        )
    by_invoice = defaultdict(list)
    for invoice, note in found:
        by_invoice[invoice].append(world.notes[note])
    if is_clean:  # a misread code is a difference by itself
        told = set()
        for invoice, notes in by_invoice.items():
            told |= {(invoice, v.sku) for v in variances(world.invoices[invoice], notes) if v.sku}
        coded = {pair for pair in world.differing if any(a.sku for a in world.invoices[pair[0]].articles)}
        outcome.add("variances", told, {pair for pair in coded if pair[0] in by_invoice})
    for choice in chosen:
        if (choice.invoice, choice.note) not in world.links:
            shown = (str(choice.score), str(world.invoices[choice.invoice]), str(world.notes[choice.note]))
            outcome.misses.append("wrong " + "; ".join(shown))
    for invoice, note in world.links - found:
        outcome.misses.append(f"missed\n   {world.invoices[invoice]}\n   {world.notes[note]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.05, 0.15])
    parser.add_argument("--misses", action="store_true", help="show each wrong and missed link")
    options = parser.parse_args()
    for noise in options.noise:
        outcome = Outcome()
        for number in range(options.worlds):
            world = make_world(random.Random(f"{options.seed} {number} {noise}"), noise)
            judge(world, choose(world.invoices, world.notes), outcome, is_clean=not noise)
        print(f"noise {noise:.2f}, {options.worlds} worlds")
        print("\n".join(outcome.rows()))
        if options.misses:
            print("\n".join(outcome.misses))


if __name__ == "__main__":
    main()
