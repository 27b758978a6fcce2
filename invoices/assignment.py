"""One-to-one assignment of the greatest total worth."""

from collections.abc import Sequence

import numpy as np


def assign(worth: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column) whose summed worth is greatest; each row and column at most once, none for worth <= 0.

    worth: rows of equal length. O(n²m), n the smaller side. Source: shortest augmenting paths, Jonker and Volgenant
    (1987).
    """
    table = np.array(worth, dtype=float)
    if table.size == 0:
        return []
    if table.shape[0] > table.shape[1]:
        return sorted((i, j) for j, i in assign(table.T.tolist()))
    rows, columns = table.shape
    cost = -np.maximum(table, 0.0)
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, dtype=int)  # column 0 is where a row waits; rows count from 1
    for row in range(1, rows + 1):
        row_of[0] = row
        least, came_from = np.full(columns + 1, np.inf), np.zeros(columns + 1, dtype=int)
        done = np.zeros(columns + 1, dtype=bool)
        at = 0
        while row_of[at]:
            done[at] = True
            current = row_of[at]
            slack = cost[current - 1] - row_potential[current] - column_potential[1:]
            better = ~done[1:] & (slack < least[1:])
            least[1:][better], came_from[1:][better] = slack[better], at
            following = int(np.argmin(np.where(done, np.inf, least)))
            step = least[following]
            row_potential[row_of[done]] += step
            column_potential[done] -= step
            least[~done] -= step
            at = following
        while at:
            row_of[at] = row_of[came_from[at]]
            at = int(came_from[at])
    pairs = ((int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column])
    return sorted((i, j) for i, j in pairs if table[i, j] > 0)
