"""Left and right, or neighbors, exchanged: each person against the others.

A person's labels are compared with the same labels, two or more of them exchanged. Every measure of
that changes its sign if the labels really are: how much more plausible the shape is
(`mmhg.data_check.shapes`), and how much more the picture's features look like the others'
(`mmhg.data_check.appearance`). The measures' mean and spread over all people give a logarithm of
odds. A measure that tells nothing, as the shape of people who are seen from both sides, has mean 0
and counts for nothing.

Shape shorthand in this module: N people, K keypoints, M measures, F features.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmhg.data_check.appearance import KNOWN, Looker, known_name, look_at
from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.margins import MOST, ShapeMargins, picture_margins
from mmhg.data_check.records import Person, Source, usable
from mmhg.data_check.shapes import Shapes, fit_shapes
from mmhg.utils.progress import with_progress

FEWEST = 12
"""People, of whom nothing is said if there are fewer."""

CERTAIN = 5.0
"""Logarithm of odds from which an exchange is reported: 150 to 1."""

CERTAIN_OF_NEIGHBORS = 6.5
"""The same for two keypoints that are no flip pair: there are many more of these to try."""

SHARPEST = 4.0
"""Of a measure's mean over its spread, that is believed."""

SUSPECTS = 100


@dataclass(frozen=True, eq=False)
class Exchange:
    """Labels that may have been exchanged.

    Args:
        pairs: Of keypoints.
        sides: Whether all are flip pairs.
        name: For messages.
    """

    pairs: tuple[tuple[int, int], ...]
    sides: bool
    name: str


def check_exchanged(sources: Sequence[Source]) -> tuple[list[Finding], list[Example]]:
    """Find people with exchanged labels.

    Returns:
        The findings, and the most suspicious people.
    """
    groups: dict[tuple[str, ...], list[Source]] = defaultdict(list)
    for source in sources:
        if source.names:
            groups[tuple(source.names)].append(source)
    sides: list[Example] = []
    neighbors: list[Example] = []
    suspects: list[Example] = []
    for names, own in groups.items():
        people = [one for one in usable(own, len(names)) if one.labeled.sum() >= min(3, len(names))]
        people = list({_key(one): one for one in people}.values())
        if len(people) < FEWEST:
            continue
        test = _Test(people, list(names), _pairs(own[0], len(names)), _links(own[0]))
        for person, exchange, odds in test.worst():
            example = person.example(f"{exchange.name}: {_shown(odds)}", score=odds)
            suspects.append(example)
            if odds < (CERTAIN if exchange.sides else CERTAIN_OF_NEIGHBORS):
                continue
            if exchange.sides:
                sides.append(example)
            if len(exchange.pairs) == 1:
                neighbors.append(example)
        neighbors += _between_people(people, test.shapes, list(names))
    findings = [
        Finding(kind=kind, examples=examples)
        for kind, examples in (("sides-exchanged", sides), ("points-exchanged", neighbors))
        if examples
    ]
    suspects.sort(key=lambda example: -example.score)
    return findings, [one for one in suspects if one.score > 0][:SUSPECTS]


def _shown(odds: float) -> str:
    if odds > np.log(1e6):
        return "more than a million to 1"
    return f"{np.exp(odds):,.0f} to 1" if odds > 0 else "not likely"


def _key(person: Person) -> tuple[str, str]:
    return person.source.file, str(person.id)


def _pairs(source: Source, count: int) -> list[tuple[int, int]]:
    indices = source.metainfo.get("flip_indices") or range(count)
    return [(a, int(b)) for a, b in enumerate(indices) if a < b and indices[b] == a]


def _links(source: Source) -> set[frozenset[int]]:
    return {frozenset(map(int, link)) for link in source.metainfo.get("skeleton_links", ())}


class _Test:
    """Measure all exchanges of some people with the same keypoints."""

    def __init__(
        self,
        people: Sequence[Person],
        names: list[str],
        pairs: list[tuple[int, int]],
        links: set[frozenset[int]],
    ) -> None:
        self.people, self.names = people, names
        points = np.stack([one.points for one in people if one.points is not None])
        flags = np.stack([one.flags for one in people if one.flags is not None])
        self.points = points[..., 0] + 1j * points[..., 1]
        self.labeled = np.isfinite(self.points)
        self.shapes = fit_shapes(self.points)
        partners = exchange_order(len(names), pairs)
        self.margins = ShapeMargins(self.points, np.minimum(flags, 2), self.shapes, partners)
        looked = look_at(people)
        self.features: np.ndarray | None = None if looked is None else looked[0]
        self.looker: Looker | None = None if looked is None else looked[1]
        self.exchanges = _exchanges(names, pairs, links, self.shapes.mean)

    def worst(self) -> list[tuple[Person, Exchange, float]]:
        """Return each person's most likely exchange, with the logarithm of its odds."""
        best = np.full(len(self.people), -np.inf)
        which = np.zeros(len(self.people), int)
        seen: dict[tuple[int, int], np.ndarray] = {}
        for number, exchange in with_progress(
            enumerate(self.exchanges), len(self.exchanges), "exchanges", delay=5.0
        ):
            for pair in exchange.pairs:
                if pair not in seen:
                    seen[pair] = self._in_pictures(pair)
            odds = self._odds(exchange, [seen[pair] for pair in exchange.pairs])
            better = odds > best
            best[better], which[better] = odds[better], number
        return [
            (person, self.exchanges[which[index]], float(best[index]))
            for index, person in enumerate(self.people)
            if np.isfinite(best[index])
        ]

    def _odds(self, exchange: Exchange, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return the logarithm of the odds (N,) that labels are exchanged; -inf without labels."""
        both = [self.labeled[:, a] & self.labeled[:, b] for a, b in exchange.pairs]
        members = np.flatnonzero(np.sum(both, axis=0) >= min(2, len(exchange.pairs)))
        odds = np.full(len(self.people), -np.inf)
        if len(members) < FEWEST:
            return odds
        order = exchange_order(len(self.names), exchange.pairs)
        most = MOST if exchange.sides else MOST // 3
        measures = [*self.margins.margins(order, members, most).T]
        measures += _summed(pictures, members)
        odds[members] = log_odds(np.stack(measures, axis=1))
        return odds

    def _in_pictures(self, pair: tuple[int, int]) -> np.ndarray:
        """Return by how much (N,) the pictures agree with the labels of two keypoints."""
        found = np.full(len(self.people), np.nan)
        if self.features is None:
            return found
        a, b = pair
        off = self.features[:, a] - self.features[:, b]
        known = np.flatnonzero(np.isfinite(off).all(axis=1))
        if len(known) >= FEWEST:
            found[known] = picture_margins(off[known], self._prior(pair, off[known]))
        return found

    def _prior(self, pair: tuple[int, int], off: np.ndarray) -> np.ndarray | None:
        """Return the network's own opinion (N,), None where it does not know the keypoints."""
        first, second = (known_name(self.names[k]) for k in pair)
        if self.looker is None or first not in KNOWN or second not in KNOWN or first == second:
            return None
        weights = self.looker.weights[KNOWN.index(first)] - self.looker.weights[KNOWN.index(second)]
        own: np.ndarray = off @ weights
        return own


def exchange_order(count: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return the order (K,) of keypoints of which pairs are exchanged."""
    order = np.arange(count)
    for a, b in pairs:
        order[[a, b]] = b, a
    return order


def _exchanges(
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    links: set[frozenset[int]],
    mean: np.ndarray,
) -> list[Exchange]:
    """List what is tried: all sides, some of them that are linked, and two keypoints.

    Two keypoints are neighbors if they are linked, follow each other in the list, or are among the
    nearest two in the mean shape.
    """
    found = [Exchange((pair,), True, _swap(names, pair)) for pair in pairs]
    if len(pairs) > 1:
        found.append(Exchange(tuple(pairs), True, "left and right exchanged"))
    for first, second in combinations(pairs, 2):
        if any(frozenset((a, b)) in links for a in first for b in second):
            text = f"{_swap(names, first)}, {_swap(names, second)}"
            found.append(Exchange((first, second), True, text))
    nearest = np.abs(mean[:, None] - mean[None]).argsort(axis=1)[:, 1:3]
    near = {frozenset((a, int(b))) for a in range(len(mean)) for b in nearest[a]}
    near |= links | {frozenset((a, a + 1)) for a in range(len(mean) - 1)}
    others = {(min(pair), max(pair)) for pair in near if len(pair) == 2}
    for pair in sorted(others - set(pairs)):
        found.append(Exchange((pair,), False, _swap(names, pair)))
    return found


def _swap(names: Sequence[str], pair: tuple[int, int]) -> str:
    return f"{names[pair[0]]} and {names[pair[1]]} exchanged"


def _summed(pictures: Sequence[np.ndarray], members: np.ndarray) -> list[np.ndarray]:
    """Return the sum of people's margins in the pictures, each in its spread; none if unknown."""
    scaled = []
    for margin in pictures:
        own = margin[members]
        known = own[np.isfinite(own)]
        if len(known) >= FEWEST:
            scaled.append(np.nan_to_num(own / max(_spread(known), 1e-9)))
    return [np.sum(scaled, axis=0)] if scaled else []


def _spread(values: np.ndarray) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def log_odds(measures: np.ndarray) -> np.ndarray:
    """Return the logarithm of the odds (N,) of an exchange by measures (N, M).

    Each measure changes its sign by an exchange. If it is normal with mean m and covariance C, the
    logarithm is -2 m C^-1 x. Means and covariances are of the middle 90 %, so that the exchanged
    ones count little.
    """
    centers = np.median(measures, axis=0)
    # People unlike all others have margins about 0, which prove nothing, however alike others are.
    spreads = np.maximum([_spread(one) for one in measures.T], np.abs(centers) / SHARPEST + 1e-6)
    scaled = (measures - centers) / spreads
    usual = np.abs(scaled).max(axis=1) < 3
    wide = scaled[usual] if usual.sum() > 3 * measures.shape[1] else scaled
    covariance = np.cov(wide.T).reshape(measures.shape[1], -1) * 1.5 + 0.3 * np.eye(
        measures.shape[1]
    )
    means = np.maximum(centers, 0) / spreads
    # A lone tail is no proof: no measure counts for more than it would if it were the mirror image.
    limited = np.clip(measures / spreads, -1.5 * means - 1, None)
    odds: np.ndarray = -2 * limited @ np.linalg.solve(covariance, means)
    return odds


def _between_people(
    people: Sequence[Person], shapes: Shapes, names: Sequence[str]
) -> list[Example]:
    """Find a keypoint that two people of an image have exchanged."""
    by_picture: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        if person.picture is not None:
            by_picture[person.picture].append(person)
    found = []
    for own in by_picture.values():
        for one, other in combinations(own, 2):
            found += _exchanged_with(one, other, shapes, names)
    return found


def _exchanged_with(
    one: Person, other: Person, shapes: Shapes, names: Sequence[str]
) -> list[Example]:
    assert one.points is not None and other.points is not None
    both = np.flatnonzero(one.labeled & other.labeled)
    if not both.size or min(one.labeled.sum(), other.labeled.sum()) < 4:
        return []
    given = np.stack([one.points, other.points])
    given = given[..., 0] + 1j * given[..., 1]
    tried = np.repeat(given[None], len(both), axis=0)
    for row, k in enumerate(both):
        tried[row, :, k] = given[::-1, k]
    gains = shapes.plausibility(tried.reshape(-1, len(names))).reshape(-1, 2)
    gains = gains - shapes.plausibility(given)
    sure = gains.min(axis=1)
    best = int(sure.argmax())
    if sure[best] < 3.0:
        return []
    k = both[best]
    score = float(CERTAIN + sure[best])
    return [
        person.example(f"{names[k]} exchanged with that of person {neighbor.id}", score=score)
        for person, neighbor in ((one, other), (other, one))
    ]
