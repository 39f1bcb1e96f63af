"""Plan -> what a run would find in the cache and, of what it would not find, why not; encodes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from harness.data.task import SPLITS
from harness.encoding.encoder import Encoder, Features, depth, resolved
from harness.encoding.tags import encoder_tags
from harness.features.cache import key_of
from harness.features.directory import CacheDirectory, StoredEntry, stored_in
from harness.features.entry import DamagedEntryError, open_entry
from harness.runs.planning import Plan
from harness.strategies.strategy import Strategy, uses_model, wanted_features

Verdict = Literal["hit", "unfinished", "damaged", "miss"]
Part = str | int | None


@dataclass(frozen=True)
class Difference:
    """A part of the key in which the nearest entry differs from what the run needs."""

    part: str
    cached: Part
    planned: Part


@dataclass(frozen=True)
class Finding:
    """What the cache holds of one frozen state of one split.

    Attributes:
        split: train, validation or test.
        rows: Its texts.
        features: The frozen state.
        verdict: A hit is read; an unfinished entry of a stopped run is resumed; the rest is computed.
        seconds: What a hit saves.
        rows_done: Texts of an unfinished entry that are done.
        damage: What is wrong with a damaged entry.
        nearest: For a miss, the entry most like it: of the same texts or the same weights; None without any.
        differences: In what it differs.
    """

    split: str
    rows: int
    features: Features
    verdict: Verdict
    seconds: float | None = None
    rows_done: int = 0
    damage: str | None = None
    nearest: StoredEntry | None = None
    differences: tuple[Difference, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the finding as JSON holds it."""
        return {
            "split": self.split,
            "rows": self.rows,
            "layer": self.features.layer,
            "pooling": self.features.pooling,
            "verdict": self.verdict,
            "seconds": self.seconds,
            "rows_done": self.rows_done,
            "damage": self.damage,
            "nearest": self.nearest and {"folder": str(self.nearest.folder), **self.nearest.about},
            "differences": {d.part: {"cached": d.cached, "planned": d.planned} for d in self.differences},
        }


@dataclass(frozen=True)
class Explanation:
    """What a run would find in the cache.

    Attributes:
        root: Folder of the cache, None where the run uses none.
        findings: One for each frozen state and split.
        readers: Frozen state -> names of the strategies that read it.
        unused: Why the run looks for nothing there, None where it does look.
    """

    root: Path | None
    findings: tuple[Finding, ...] = ()
    readers: Mapping[Features, tuple[str, ...]] | None = None
    unused: str | None = None

    @property
    def hits(self) -> int:
        """Number of findings that are hits."""
        return sum(finding.verdict == "hit" for finding in self.findings)

    @property
    def seconds(self) -> float:
        """What the hits save: the states of a split are computed together, so the slowest of them."""
        saved: dict[str, float] = {}
        for finding in self.findings:
            saved[finding.split] = max(saved.get(finding.split, 0.0), finding.seconds or 0.0)
        return sum(saved.values())

    def describe(self) -> dict[str, Any]:
        """Return the explanation as JSON holds it."""
        return {
            "folder": str(self.root) if self.root else None,
            "unused": self.unused,
            "findings": [
                {**finding.describe(), "strategies": list((self.readers or {}).get(finding.features, ()))}
                for finding in self.findings
            ],
        }


def explain_cache(plan: Plan) -> Explanation:
    """Look up, for everything a run would encode, whether the cache holds it.

    Args:
        plan: The run.

    Returns:
        The findings, by frozen state, then by split.
    """
    directory, encoder = plan.cache, plan.encoder
    root = directory.root if directory else None
    if directory is None:
        return Explanation(root, unused="The configuration of this run turns the cache off.")
    if encoder is None or not plan.wanted_features:
        return Explanation(root, unused="No selected strategy reads frozen features, so there is nothing to encode.")
    fingerprint = encoder_tags(encoder).fingerprint
    if fingerprint is None:
        unknown = f"The encoder {encoder.name} does not tell what its features depend on, so they are never kept."
        return Explanation(root, unused=unknown)
    findings = (
        _finding(directory, encoder, fingerprint, split, getattr(plan.task, split).texts, features)
        for features, split in product(plan.wanted_features, SPLITS)
    )
    return Explanation(root, tuple(findings), {features: _readers(plan, features) for features in plan.wanted_features})


def _readers(plan: Plan, features: Features) -> tuple[str, ...]:
    def reads(strategy: Strategy) -> bool:
        wanted = wanted_features(strategy, depth(plan.encoder)) if uses_model(strategy) else ()
        return features in {resolved(state, plan.encoder) for state in wanted}

    return tuple(offer.strategy.name for offer in plan.offers if reads(offer.strategy))


def _finding(
    directory: CacheDirectory,
    encoder: Encoder,
    fingerprint: Mapping[str, Any],
    split: str,
    texts: tuple[str, ...],
    features: Features,
) -> Finding:
    key = key_of(texts, features, encoder, fingerprint)
    try:
        if entry := open_entry(directory.folder(key), key):
            return Finding(split, len(texts), features, "hit", seconds=entry.seconds)
    except DamagedEntryError as error:
        return Finding(split, len(texts), features, "damaged", damage=str(error))
    if (begun := stored_in(directory.folder(key))) and begun.rows_done:
        return Finding(split, len(texts), features, "unfinished", rows_done=begun.rows_done)
    nearest, differences = _nearest(directory, key)
    return Finding(split, len(texts), features, "miss", nearest=nearest, differences=differences)


def _nearest(directory: CacheDirectory, key: dict[str, Any]) -> tuple[StoredEntry | None, tuple[Difference, ...]]:
    found = directory.nearest(key)
    if found is None or {"texts", "weights"} <= set(found[1]):
        return None, ()
    entry, names = found
    return entry, tuple(Difference(name, entry.key.get(name), key.get(name)) for name in names)
