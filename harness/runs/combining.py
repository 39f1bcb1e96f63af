"""Trials that combine others: when they begin, whose predictions they are given, and what they cost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.encoding.encoder import depth
from harness.errors import UserError
from harness.executors.executor import Finished
from harness.executors.outcome import failed_outcome
from harness.plugin_system.offers import Offer
from harness.results.latency import Latency
from harness.results.predictions import read_probabilities
from harness.results.records import RunRecord
from harness.runs.session import Session, Trial
from harness.strategies.member import KnownAnswers, Member
from harness.strategies.strategy import uses_model, wanted_features
from harness.strategies.tags import tags_of

FEWEST = 2  # members of which there is something to choose
FLOORS = "floors"

T = TypeVar("T", int, float)


def combines(trial: Trial) -> bool:
    """Return whether a trial combines others."""
    return tags_of(trial.strategy).combines


def others_of(trial: Trial, trials: Iterable[Trial]) -> list[Trial]:
    """Return what a trial that combines others may combine: those of its seed and rows of train, floors apart."""
    return [
        each
        for each in trials
        if (each.seed, each.train_size) == (trial.seed, trial.train_size)
        and not combines(each)
        and FLOORS not in each.offer.groups
    ]


def refuse_too_few(offers: Sequence[Offer]) -> None:
    """Refuse a strategy that combines others in a run that has fewer than two of them.

    Raises:
        UserError: Naming it and what there is.
    """
    combining = [offer for offer in offers if tags_of(offer.strategy).combines]
    members = [offer.name for offer in combining_with_members(offers) if offer not in combining]
    if combining and len(members) < FEWEST:
        raise UserError(
            f"Strategy {combining[0].name!r} combines the other strategies of its run, floors apart, and this one has "
            f"{', '.join(members) or 'none'}. Name two or more besides, such as -s tfidf_logreg,logreg_probe,"
            f"{combining[0].base}."
        )


def combining_with_members(offers: Sequence[Offer]) -> list[Offer]:
    """Return the strategies that combine others with those that they may combine, none where none combines."""
    combining = [offer for offer in offers if tags_of(offer.strategy).combines]
    return [offer for offer in offers if offer in combining or FLOORS not in offer.groups] if combining else []


def reads_encoder(offer: Offer, offers: Sequence[Offer]) -> bool:
    """Return whether a strategy reads the encoder, itself or through one of its run that it may combine."""
    parts = combining_with_members(offers) if tags_of(offer.strategy).combines else [offer]
    return any(uses_model(each.strategy) for each in parts)


@dataclass(frozen=True)
class Combined:
    """What a trial combines.

    Attributes:
        trials: Trial and record of each that it can.
        left_out: Name -> why, of those that it cannot.
    """

    trials: Sequence[tuple[Trial, RunRecord]]
    left_out: Mapping[str, str]

    def given_to(self, session: Session) -> tuple[Session, Finished | None]:
        """Return what the trial is run with, and its failure where there are too few or their predictions are bad."""
        if len(self.trials) < FEWEST:
            usable = ", ".join(record.strategy for _, record in self.trials) or "none"
            why = "; ".join(f"{name} {reason}" for name, reason in self.left_out.items())
            told = f"two strategies or more are needed to combine, and what there is of them is {usable}: {why}."
            return session, Finished(failed_outcome("fit", told))
        try:
            return replace(session, members=self._members(session)), None
        except UserError as error:
            return session, Finished(failed_outcome("fit", str(error)))

    def _members(self, session: Session) -> tuple[Member, ...]:
        if (directory := session.directory) is None:
            raise UserError("What combines other strategies reads what they predicted from the folder of the run.")
        task = session.task
        found = []
        for _, record in self.trials:
            tables = read_probabilities(directory, record, task.label_names)
            known = ((task.validation.texts, tables["validation"]), (task.test.texts, tables["test"]))
            found.append(Member(record.strategy, KnownAnswers(known), record.optimism or 0.0))
        return tuple(found)

    def counted_in(self, record: RunRecord, session: Session) -> RunRecord:
        """Return the record of the trial with the costs of what it combines among its own.

        All that it chose among had to be fitted; to predict takes what it chose.
        """
        told = [f"{name} was left out: it {reason}" for name, reason in self.left_out.items()]
        record = record.model_copy(update={"degradations": [*record.degradations, *told]})
        if not record.is_scored:
            return record
        every = [other for _, other in self.trials]
        used = [other for other in every if other.strategy in record.members]
        return record.model_copy(
            update={
                "fit_seconds": _sum(record.fit_seconds, every, lambda r: r.fit_seconds),
                "predict_seconds": _sum(record.predict_seconds, used, lambda r: r.predict_seconds),
                "encode_seconds": self._encode_seconds(session),
                "trainable_parameters": _sum(record.trainable_parameters, used, lambda r: r.trainable_parameters),
                "total_parameters": self._total_parameters(session, record),
                "model_bytes": _sum(record.model_bytes, used, lambda r: r.model_bytes),
                "encoder_bytes": max((r.encoder_bytes or 0 for r in used), default=0) if record.model_bytes else None,
                "peak_memory_bytes": max(r.peak_memory_bytes or 0 for r in (record, *every)),
                "spent": sum(paid) if (paid := [r.spent for r in every if r.spent is not None]) else None,
                "latency": _latency(used),
                "deterministic": record.deterministic and all(r.deterministic for r in every),
            }
        )

    def _encode_seconds(self, session: Session) -> float | None:
        """Return what encoding took for all that they read: they share one pass."""
        of_each = (wanted_features(trial.strategy, depth(session.encoder)) for trial, _ in self.trials)
        wanted = list(dict.fromkeys(state for states in of_each for state in states))
        cost = session.features.cost(wanted) if session.features and wanted else None
        return cost.seconds if cost else None

    def _total_parameters(self, session: Session, record: RunRecord) -> int | None:
        """Return the weights that predicting needs, those of an encoder that several read counted once."""
        frozen = session.encoder.n_parameters if session.encoder else 0
        used = [(trial, other) for trial, other in self.trials if other.strategy in record.members]
        reads = [other for trial, other in used if wanted_features(trial.strategy)]
        whole: int | None = _sum(record.total_parameters, [other for _, other in used], lambda r: r.total_parameters)
        return None if whole is None else whole - frozen * max(len(reads) - 1, 0)


def combined_by(trial: Trial, trials: Iterable[Trial], records: Mapping[str, RunRecord]) -> Combined:
    """Return what a trial combines.

    Args:
        trial: The trial.
        trials: Those of its run.
        records: Name of a trial that is over -> its record.
    """
    found, left_out = [], {}
    for other in others_of(trial, trials):
        record = records[other.name]
        if record.is_scored and not record.undertrained:
            found.append((other, record))
        else:
            left_out[record.strategy] = "had learnt next to nothing" if record.is_scored else "failed"
    return Combined(found, left_out)


def _sum(own: T | None, records: Sequence[RunRecord], of: Callable[[RunRecord], T | None]) -> T | None:
    """Return a cost with that of others, None where one is not known."""
    total = own
    for record in records:
        more = of(record)
        total = None if total is None or more is None else total + more
    return total


def _latency(used: Sequence[RunRecord]) -> Latency | None:
    """Return what a text takes that all of them read one after the other, None where one was not timed."""
    known = [record.latency for record in used if record.latency]
    if not known or len(known) < len(used):
        return None
    if problem := next((each.problem for each in known if each.problem), None):
        return Latency(problem=problem)
    p50, p95 = ([getattr(each, name) or 0.0 for each in known] for name in ("p50_seconds", "p95_seconds"))
    return Latency(p50_seconds=sum(p50), p95_seconds=sum(p95), n_texts=min(each.n_texts for each in known))
