"""Columns of a table whose heading is missing or unknown, worked out from its numbers.

Numbers that stand below each other are a column; what they multiply and add up to tells which.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from statistics import median

from ocr.cells import TIMES_SIGNS, Kind, Token, is_code
from ocr.columns import Column, Columns, Role, roles_of, share_out
from ocr.tables import Sheet, cells, is_carried, label_words, names_a_sum
from ocr.types import DocumentKind

SAME_EDGE = 1.6  # word heights within which right (left) edges are one column
APART = 0.7  # word heights: a number that stands alone is a column's, not part of the name
BESIDE = 1.5  # word heights that an amount may stand beside its heading
COUNTED = (Role.DESCRIPTION, Role.QUANTITY)  # columns that are never the total's
FEWEST_ROWS = 2  # that show a column
SHARE = 0.5  # of the rows that a column must have a value in
PROVEN = 0.6  # of the rows in which an equation must hold
SLACK = Decimal("0.011")  # of a product of rounded values
LARGEST_QUANTITY = 1000
STRAY = 10  # one token in so many may stick out of its column, as a word of the small print does
CODED = 0.6  # of the words in a column of article numbers
TOUCHING = 0.3  # of the narrower column's width: columns of tilted paper may overlap by so much
LONGEST_TAX_MARK = 3  # letters behind a line's total: "SR", "ZRL"
NARROW_NAME = 3.0  # word heights between a name and the total

Numbers = Mapping[int, Decimal]  # row -> value


@dataclass(slots=True)
class Cluster:
    """Tokens below each other, and the rows they stand on."""

    tokens: list[Token] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def left(self) -> float:
        return sorted(token.left for token in self.tokens)[len(self.tokens) // STRAY]

    @property
    def right(self) -> float:
        return sorted(token.right for token in self.tokens)[-1 - len(self.tokens) // STRAY]

    @property
    def numbers(self) -> dict[int, Decimal]:
        return {i: t.number for i, t in zip(self.rows, self.tokens, strict=True) if t.number is not None}

    def column(self, role: Role) -> Column:
        return Column(role, "", self.left, self.right)


def infer_columns(sheet: Sheet, kind: DocumentKind) -> Columns | None:
    """The columns, or None where nothing looks like a table."""
    if not sheet.rows:
        return None
    height = median(row.height for row in sheet.rows)
    ways: list[Callable[[Sheet, float], Columns | None]] = [_priced, _counted]
    if kind is DocumentKind.DELIVERY_NOTE:
        ways.reverse()
    return next((found for way in ways if (found := way(sheet, height)) is not None), None)


def _priced(sheet: Sheet, height: float) -> Columns | None:
    """A column of amounts at the right, names to its left, and what stands aligned beside them."""
    totals = [
        max(cluster_tokens(block, height, by_right=True), key=lambda c: (len(c.tokens), c.right))
        for block in _amounts_between_sums(sheet)
    ]
    if not totals:
        return None
    total = next((cluster for cluster in totals if _stands_beside_names(sheet, cluster)), totals[0])
    columns = [total.column(Role.TOTAL), *_value_columns(sheet, total, height)]
    return _with_names(sheet, total.rows, columns, height)


def _amounts_between_sums(sheet: Sheet) -> list[list[tuple[int, Token]]]:
    """The amounts that end rows, parted at the rows that name a sum: what is due may stand above the table, too."""
    found: list[list[tuple[int, Token]]] = [[]]
    for i, tokens in enumerate(sheet.tokens):
        last = _last_amount(tokens)
        if found[-1] and opens_with_sum(tokens):
            found.append([])
        elif last is not None and not is_carried(tokens):
            found[-1].append((i, last))
    return [block for block in found if block]


def opens_with_sum(tokens: Sequence[Token]) -> bool:
    return any(names_a_sum(label_words(cell)) for cell in cells(tokens)[:1])


def _stands_beside_names(sheet: Sheet, amounts: Cluster) -> bool:
    return any(token.kind is Kind.TEXT for i in amounts.rows for token in sheet.tokens[i])


def _value_columns(sheet: Sheet, total: Cluster, height: float) -> list[Column]:
    """The columns to the left of the total's, told apart by kind and arithmetic."""
    rows = set(total.rows)
    taken = [total]
    columns = []
    for role, candidates in _marked(sheet, sorted(rows), height).items():
        cluster = _free_best(candidates, taken, len(rows))
        if cluster is not None:
            taken.append(cluster)
            columns.append(cluster.column(role))
    numbers = []
    for cluster in _number_clusters(sheet, sorted(rows), height, left_of=total.left):
        if len(cluster.rows) >= _needed(len(rows)) and not _overlaps(cluster, taken):
            taken.append(cluster)
            numbers.append(cluster)
    numbers.sort(key=lambda cluster: cluster.left)
    roles = roles_of_numbers([cluster.numbers for cluster in numbers], total.numbers)
    known = [cluster.column(role) for cluster, role in zip(numbers, roles, strict=True)]
    if Role.UNIT_PRICE not in roles:  # nothing proves that it is a table and not a till's roll
        known = [column for column in known if column.role is not Role.OTHER]
    return columns + known


def roles_of_numbers(columns: Sequence[Numbers], totals: Numbers) -> list[Role]:
    """What columns of numbers are, from left to right, given the lines' totals."""
    roles = [Role.OTHER] * len(columns)
    pairs = [
        (_share_of_products(columns[a], columns[b], totals), _wholeness(columns[a]), -a, a, b)
        for a in range(len(columns))
        for b in range(len(columns))
        if a != b and _may_be_quantity(columns[a])
    ]
    best = max(pairs, default=None)
    if best is not None and best[0] >= PROVEN:
        roles[best[3]], roles[best[4]] = Role.QUANTITY, Role.UNIT_PRICE
    for i, column in enumerate(columns):
        if roles[i] is not Role.OTHER:
            continue
        if i == 0 and _counts_up(column) and Role.POSITION not in roles:
            roles[i] = Role.POSITION
        elif Role.QUANTITY not in roles and _may_be_quantity(column) and Role.UNIT_PRICE not in roles:
            roles[i] = Role.QUANTITY
    return roles


def _share_of_products(first: Numbers, second: Numbers, totals: Numbers) -> float:
    """In which share of the rows that have all three numbers the first two multiply to the total; none if only those
    hold in which the first is 1, and others do not."""
    rows = [i for i in totals if i in first and i in second]
    if not rows or len(rows) < len(totals) * SHARE:
        return 0.0
    holding = [i for i in rows if abs(abs(first[i] * second[i]) - abs(totals[i])) <= SLACK]
    telling = [i for i in rows if abs(first[i]) != 1]
    return 0.0 if telling and not set(telling) & set(holding) else len(holding) / len(rows)


def _wholeness(column: Numbers) -> float:
    """The share of a column's numbers that are printed without decimals."""
    return sum(value.as_tuple().exponent == 0 for value in column.values()) / max(len(column), 1)


def _may_be_quantity(column: Numbers) -> bool:
    values = list(column.values())
    whole = sum(value == value.to_integral_value() for value in values)
    return bool(values) and all(abs(value) <= LARGEST_QUANTITY for value in values) and whole >= len(values) * SHARE


def _counts_up(column: Numbers) -> bool:
    values = [column[i] for i in sorted(column)]
    return len(values) > 1 and all(b - a == values[1] - values[0] > 0 for a, b in pairwise(values))


def _counted(sheet: Sheet, height: float) -> Columns | None:
    """Rows of quantity, unit, article number and name that begin alike below each other; prices may follow."""
    rows = [i for i, tokens in enumerate(sheet.tokens) if _is_counted(tokens)]
    if len(rows) < FEWEST_ROWS:
        return None
    columns: list[Column] = []
    taken: list[Cluster] = []
    for role, candidates in _marked(sheet, rows, height).items():
        cluster = _free_best(candidates, taken, len(rows))
        if cluster is not None:
            taken.append(cluster)
            columns.append(cluster.column(role))
    amounts = [(i, last) for i in rows if (last := _last_amount(sheet.tokens[i])) is not None]
    total = _free_best(cluster_tokens(amounts, height, by_right=True), taken, len(rows))
    numbers = [
        cluster
        for cluster in _number_clusters(sheet, rows, height, left_of=total.left if total else float("inf"))
        if len(cluster.rows) >= _needed(len(rows)) and not _overlaps(cluster, taken)
    ]
    numbers.sort(key=lambda cluster: cluster.left)
    if total is not None:
        columns.append(total.column(Role.TOTAL))
        roles = roles_of_numbers([cluster.numbers for cluster in numbers], total.numbers)
    else:
        roles = _roles_of_counts(numbers)
    columns += [cluster.column(role) for cluster, role in zip(numbers, roles, strict=True)]
    if not any(column.role is Role.QUANTITY for column in columns):
        return None
    kept = next(cluster.rows for cluster, role in zip(numbers, roles, strict=True) if role is Role.QUANTITY)
    return _with_names(sheet, kept, columns, height)


def _roles_of_counts(numbers: Sequence[Cluster]) -> list[Role]:
    """Of two counts without prices, the first was ordered and the last delivered."""
    roles = [Role.OTHER] * len(numbers)
    counts = [
        i for i, cluster in enumerate(numbers) if not (i == 0 and len(numbers) > 1 and _counts_up(cluster.numbers))
    ]
    if counts:
        roles[counts[-1]] = Role.QUANTITY
    if len(counts) > 1:
        roles[counts[0]] = Role.ORDERED
    return roles


def _is_counted(tokens: Sequence[Token]) -> bool:
    """A row that has a number standing apart, a unit or an article number, and a name."""
    if len(tokens) < 3 or not any(_is_apart(tokens, i) and _is_number(token) for i, token in enumerate(tokens)):
        return False
    marked = any(token.kind is Kind.UNIT or is_code(token) for token in tokens)
    return marked and any(token.kind is Kind.TEXT and len(token.text) > 2 for token in tokens)


def _marked(sheet: Sheet, rows: Sequence[int], height: float) -> dict[Role, list[Cluster]]:
    """Clusters of what its kind alone marks: article numbers, units, days, rates."""
    kinds: dict[Role, Callable[[Token], bool]] = {
        Role.SKU: is_code,
        Role.UNIT: lambda token: token.kind is Kind.UNIT,
        Role.DATE: lambda token: token.kind is Kind.DATE,
        Role.TAX: lambda token: token.kind is Kind.PERCENT,
    }
    found = {}
    for role, fits in kinds.items():
        candidates = [
            (i, t)
            for i in rows
            for n, t in enumerate(sheet.tokens[i])
            if fits(t) and (role is Role.UNIT or _leads(sheet.tokens[i], n))
        ]
        found[role] = cluster_tokens(candidates, height, by_right=role is Role.TAX)
    return found


def _leads(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token begins its row or stands apart from what is before it, or is only behind numbers and units."""
    return _is_apart(tokens, i) or all(t.kind in (Kind.NUMBER, Kind.UNIT, Kind.CODE) for t in tokens[:i])


def _number_clusters(sheet: Sheet, rows: Sequence[int], height: float, left_of: float) -> list[Cluster]:
    """Numbers that stand apart, by their right edges; the fullest first."""
    found = [
        (i, token)
        for i in rows
        for n, token in enumerate(sheet.tokens[i])
        if _is_number(token) and _is_apart(sheet.tokens[i], n) and token.right < left_of
        if not _is_factor(sheet.tokens[i], n)
    ]
    return sorted(cluster_tokens(found, height, by_right=True), key=lambda cluster: -len(cluster.rows))


def _is_number(token: Token) -> bool:
    return token.kind in (Kind.NUMBER, Kind.AMOUNT) and not is_code(token)


def _is_factor(tokens: Sequence[Token], i: int) -> bool:
    """Whether a number stands beside a multiplication sign."""
    beside = [*tokens[max(i - 1, 0) : i], *tokens[i + 1 : i + 2]]
    return any(token.text in TIMES_SIGNS for token in beside)


def _is_apart(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token is parted from the words on one of its sides by more than a space."""
    before = tokens[i].left - tokens[i - 1].right if i else float("inf")
    behind = tokens[i + 1].left - tokens[i].right if i + 1 < len(tokens) else float("inf")
    return max(before, behind) > APART * tokens[i].height


def _needed(rows: int) -> int:
    return max(FEWEST_ROWS if rows > 1 else 1, round(rows * SHARE))


def _free_best(clusters: Sequence[Cluster], taken: Sequence[Cluster], rows: int) -> Cluster | None:
    free = [cluster for cluster in clusters if len(cluster.rows) >= _needed(rows) and not _overlaps(cluster, taken)]
    return max(free, key=lambda cluster: len(cluster.tokens), default=None)


def _overlaps(cluster: Cluster, others: Iterable[Cluster]) -> bool:
    def shared(other: Cluster) -> float:
        return min(cluster.right, other.right) - max(cluster.left, other.left)

    return any(shared(o) > TOUCHING * min(cluster.right - cluster.left, o.right - o.left) for o in others)


def _with_names(sheet: Sheet, rows: Sequence[int], columns: list[Column], height: float) -> Columns:
    """The columns with that of the names: where most words stand that are in no other column, nor are tax marks."""
    total, end = max((column.left, column.right) for column in columns)
    loose = [
        token
        for i in rows
        for token in sheet.tokens[i]
        if token.kind is Kind.TEXT and not any(c.left - height < token.centre < c.right + height for c in columns)
        if token.left < end or not token.text.isalpha() or len(token.text) > LONGEST_TAX_MARK
    ]
    fixed = sorted(columns, key=lambda column: column.left)
    gaps: dict[int, list[Token]] = {}
    for token in loose:
        gaps.setdefault(sum(column.left < token.left for column in fixed), []).append(token)
    if gaps:
        words = max(gaps.values(), key=lambda tokens: sum(len(token.text) for token in tokens))
        left, right = min(token.left for token in words), max(token.right for token in words)
    else:
        left = min((sheet.tokens[i][0].left for i in rows), default=0.0)
        right = max(left + 1, total - NARROW_NAME * height)
    named = [*columns, Column(Role.DESCRIPTION, "", left, right)]
    return Columns(tuple(sorted(named, key=lambda column: column.left)), height, printed=False)


def _last_amount(tokens: Sequence[Token]) -> Token | None:
    """The amount that ends a row; a tax mark may follow."""
    for token in reversed(tokens[-3:]):
        if token.kind is Kind.AMOUNT:
            return token
        if len(token.text) > LONGEST_TAX_MARK:
            return None
    return None


def cluster_tokens(tokens: Sequence[tuple[int, Token]], height: float, *, by_right: bool) -> list[Cluster]:
    """Tokens whose right (left) edges are close, as columns."""
    found: list[Cluster] = []
    previous = float("-inf")
    for i, token in sorted(tokens, key=lambda it: it[1].right if by_right else it[1].left):
        edge = token.right if by_right else token.left
        if not found or edge - previous > SAME_EDGE * height:
            found.append(Cluster())
        found[-1].tokens.append(token)
        found[-1].rows.append(i)
        previous = edge
    return found


def complete_columns(model: Columns, sheet: Sheet, indices: Sequence[int], *, priced: bool) -> Columns:
    """A heading's columns with what it does not say or says in unknown words, settled by the rows below it.

    priced: whether the lines must have totals.
    """
    above = _above_sums(sheet, indices)
    rows = [i for i in above if _last_amount(sheet.tokens[i]) is not None] or above
    model = _with_fitting_roles(model, sheet, rows)
    if priced and not model.has(Role.TOTAL):
        model = _with_total(model, sheet, indices)
    model = _without_balance(model, sheet, rows)
    model = _with_price_among_totals(model, sheet, rows)
    model = _with_coded_names(model, sheet, rows)
    if not model.has(Role.DESCRIPTION) and not any(column.under for column in model.columns):
        model = _with_description(model, sheet, rows)
    if (
        model.has(Role.OTHER)
        and model.has(Role.TOTAL)
        and not (model.has(Role.QUANTITY) and model.has(Role.UNIT_PRICE))
    ):
        model = _with_factors(model, sheet, rows)
    return _with_proven_factors(model, sheet, rows)


def _above_sums(sheet: Sheet, indices: Sequence[int]) -> list[int]:
    """The rows before the first sum that has an amount."""
    found: list[int] = []
    for i in indices:
        tokens = sheet.tokens[i]
        if found and opens_with_sum(tokens) and _last_amount(tokens) is not None:
            break
        found.append(i)
    return found


def _with_fitting_roles(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """Columns whose heading says another thing than what stands below: amounts under "Unit", "Goods" or "Item"."""
    held = _contents(model, sheet, rows)
    for column in model.columns:
        tokens = held.get(column, [])
        numbers = sum(token.number is not None and token.kind is not Kind.PERCENT for token in tokens)
        if column.role not in (Role.UNIT, Role.DESCRIPTION) or numbers < max(FEWEST_ROWS, CODED * len(tokens)):
            continue
        role = _role_of_values(column, model, tokens)
        if role is not None:
            model = replace(model, columns=tuple(replace(c, role=role) if c is column else c for c in model.columns))
    return model


def _role_of_values(column: Column, model: Columns, tokens: Sequence[Token]) -> Role | None:
    """What numbers are that stand under a word for a unit or a name; None: the heading is right after all."""
    if column.role is Role.DESCRIPTION:
        if not any(c.role is Role.DESCRIPTION and c is not column for c in model.columns):
            return None
        return Role.OTHER if model.has(Role.TOTAL) else Role.TOTAL
    if not model.has(Role.QUANTITY) and model.has(Role.UNIT_PRICE):
        return Role.QUANTITY
    amounts = sum(token.kind is Kind.AMOUNT for token in tokens)
    if not model.has(Role.UNIT_PRICE) and amounts >= CODED * len(tokens):
        return Role.UNIT_PRICE if model.has(Role.QUANTITY) else Role.OTHER
    return None


def _contents(model: Columns, sheet: Sheet, rows: Sequence[int]) -> dict[Column, list[Token]]:
    """What stands below each column's heading, by its place alone."""
    held: dict[Column, list[Token]] = {}
    for i in rows:
        for token in sheet.tokens[i]:
            shared = {c: min(c.right, token.right) - max(c.left, token.left) for c in model.columns}
            column = max(shared, key=lambda c: shared[c])
            beside = BESIDE * model.height if token.kind is Kind.AMOUNT else 0.0
            if shared[column] > -beside:
                held.setdefault(column, []).append(token)
    return held


def _with_price_among_totals(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """Of several columns of amounts that the heading calls totals, the one that quantities multiply to the last one
    is the price ("Prijs excl.", "Totaal excl.")."""
    totals = model.of(Role.TOTAL)
    if len(totals) < 2 or not model.has(Role.QUANTITY) or model.has(Role.UNIT_PRICE):
        return model
    values = _numbers_by_column(model, sheet, rows)
    counts, last = values.get(model.of(Role.QUANTITY)[0], {}), values.get(totals[-1], {})
    for column in totals[:-1]:
        several = any(abs(counts.get(i, Decimal(1))) != 1 for i in values.get(column, {}))
        if several and _share_of_products(counts, values.get(column, {}), last) >= PROVEN:
            changed = tuple(replace(c, role=Role.UNIT_PRICE) if c is column else c for c in model.columns)
            return replace(model, columns=changed)
    return model


def _without_balance(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """A column of amounts that runs on with each amount of another is the account's balance, whatever its heading
    says; the other holds what is charged."""
    values = _numbers_by_column(model, sheet, rows)
    amounts = [column for column in values if column.role in (Role.TOTAL, Role.OTHER, Role.UNIT_PRICE)]
    for balance in amounts:
        charges = next((c for c in amounts if c is not balance and _runs_on(values[balance], values[c])), None)
        if charges is not None:
            settled = {balance: Role.OTHER, charges: Role.TOTAL}
            return replace(model, columns=tuple(replace(c, role=settled.get(c, c.role)) for c in model.columns))
    return model


def _runs_on(balance: Numbers, charges: Numbers) -> bool:
    """Whether a column goes up by the other's amount from row to row."""
    steps = [(balance[b] - balance[a], charges[b]) for a, b in pairwise(sorted(balance)) if b in charges]
    holding = sum(step == charge != 0 for step, charge in steps)
    return holding >= FEWEST_ROWS and holding >= len(steps) * PROVEN


def _with_total(model: Columns, sheet: Sheet, indices: Sequence[int]) -> Columns:
    """The rightmost column of amounts that are no quantities is the total's, whatever its heading says."""
    counts = model.of(Role.QUANTITY)
    paid = {
        i: [t for t in sheet.tokens[i] if not any(_stands_below(t, column) for column in counts)]
        for i in _above_sums(sheet, indices)
    }
    ends = [(i, last) for i, tokens in paid.items() if (last := _last_amount(tokens)) is not None]
    if not ends:
        return model
    total = max(cluster_tokens(ends, model.height, by_right=True), key=lambda cluster: len(cluster.rows))
    for column in reversed(model.columns):
        if _stands_below(total, column) and column.role not in COUNTED:
            changed = tuple(replace(c, role=Role.TOTAL) if c is column else c for c in model.columns)
            return replace(model, columns=changed)
    if total.left < max((column.left for column in model.columns if column not in counts), default=0.0):
        return model
    columns = sorted((*model.columns, total.column(Role.TOTAL)), key=lambda column: column.left)
    return replace(model, columns=tuple(columns))


def _stands_below(held: Token | Cluster, column: Column) -> bool:
    return column.left < held.right and held.left < column.right


def _with_coded_names(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """A column headed "Product" that holds nothing but codes is not that of the names, if another may be."""
    names = model.of(Role.DESCRIPTION)
    if len(names) != 1 or model.has(Role.SKU) or not model.has(Role.OTHER):
        return model
    held = [
        token
        for i in rows
        for token, column in zip(sheet.tokens[i], share_out(sheet.tokens[i], model), strict=True)
        if column is names[0]
    ]
    if not held or sum(is_code(token) for token in held) < CODED * len(held):
        return model
    changed = tuple(replace(c, role=Role.SKU) if c is names[0] else c for c in model.columns)
    return replace(model, columns=changed)


def _with_description(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """The names' column: the unknown one that holds most letters, else where most words have no column."""
    unknown = [column for column in model.columns if column.role is Role.OTHER and not roles_of(column.text)]
    letters = dict.fromkeys(unknown, 0)
    for i in rows:
        placed = share_out(sheet.tokens[i], model)
        for token, column in zip(sheet.tokens[i], placed, strict=True):
            if column in letters and token.kind is Kind.TEXT:
                letters[column] += len(token.text)
    if letters and max(letters.values()) > 0:
        best = max(letters, key=lambda column: letters[column])
        changed = tuple(replace(c, role=Role.DESCRIPTION) if c is best else c for c in model.columns)
        return replace(model, columns=changed)
    named = _with_names(sheet, rows, list(model.columns), model.height)
    return replace(model, columns=named.columns)


def _with_proven_factors(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """Quantity and price are the columns that multiply to the total, where those so called do not: weight instead of
    pieces, the price after discount instead of the list's."""
    counts, prices = model.of(Role.QUANTITY), model.of(Role.UNIT_PRICE)
    values = _numbers_by_column(model, sheet, rows)
    totals = next((values[column] for column in reversed(model.of(Role.TOTAL)) if column in values), {})
    if len(counts) != 1 or len(prices) > 1 or len(totals) < FEWEST_ROWS:
        return model
    count, price = counts[0], prices[0] if prices else None
    now = _share_of_products(values.get(count, {}), values.get(price, {}), totals) if price else 0.0
    others = [c for c in values if c.role in (Role.OTHER, Role.ORDERED, Role.UNIT, Role.POSITION)]
    ways = [(count, c) for c in others if price is None or c is not price]
    ways += [(c, price) for c in others if price is not None]
    if now >= SHARE:
        return model
    shares = {way: _share_of_products(values.get(way[0], {}), values.get(way[1], {}), totals) for way in ways}
    best = max(shares, key=lambda way: shares[way], default=None)
    if best is None or shares[best] < PROVEN or _all_ones(values[best[0]]):
        return model
    settled = {best[0]: Role.QUANTITY, best[1]: Role.UNIT_PRICE}
    freed = {count, *prices} - set(best)
    return replace(
        model,
        columns=tuple(replace(c, role=settled.get(c, Role.OTHER if c in freed else c.role)) for c in model.columns),
    )


def _all_ones(column: Numbers) -> bool:
    return all(abs(value) == 1 for value in column.values())


def _numbers_by_column(model: Columns, sheet: Sheet, rows: Sequence[int]) -> dict[Column, dict[int, Decimal]]:
    """The numbers of each column, by row."""
    values: dict[Column, dict[int, Decimal]] = {}
    for i in rows:
        for token, column in zip(sheet.tokens[i], share_out(sheet.tokens[i], model), strict=True):
            if column is not None and token.number is not None and token.kind is not Kind.PERCENT:
                values.setdefault(column, {})[i] = token.number
    return values


def _with_factors(model: Columns, sheet: Sheet, rows: Sequence[int]) -> Columns:
    """Quantity and price among the columns whose heading is not understood, by what they multiply to."""
    totals: dict[int, Decimal] = {}
    values: dict[Column, dict[int, Decimal]] = {}
    for i in rows:
        for token, column in zip(sheet.tokens[i], share_out(sheet.tokens[i], model), strict=True):
            if column is None or token.number is None or token.kind not in (Kind.NUMBER, Kind.AMOUNT):
                continue
            if column.role is Role.TOTAL:
                totals[i] = token.number
            elif column.role in (Role.OTHER, Role.QUANTITY, Role.UNIT_PRICE):
                values.setdefault(column, {})[i] = token.number
    open_columns = [column for column in model.columns if len(values.get(column, {})) >= _needed(len(totals))]
    roles = roles_of_numbers([values[column] for column in open_columns], totals)
    found = {
        column: role
        for column, role in zip(open_columns, roles, strict=True)
        if column.role is Role.OTHER and role is not Role.OTHER and not model.has(role)
    }
    settled = tuple(replace(column, role=found.get(column, column.role)) for column in model.columns)
    return replace(model, columns=settled)
