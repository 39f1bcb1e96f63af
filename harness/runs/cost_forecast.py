"""Plan -> what its run will take: seconds, memory and disk, from a few timed texts and steps, and from earlier runs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.config.folds import read_fold
from harness.data.task import SPLITS
from harness.encoding.encoder import Encoder, Features, depth
from harness.encoding.pooling import AUTO
from harness.errors import HarnessError
from harness.executors.assignment import fit_context
from harness.executors.latency import LONGEST, MOST_TEXTS
from harness.features.cache import FeatureCache
from harness.results.records import Run, RunRecord, read_run
from harness.results.run_directory import RunDirectory
from harness.runs.cache_explanation import Explanation, explain_cache
from harness.runs.forecast import TimeForecast, trains_encoder
from harness.runs.memory import FLOAT32_BYTES, MemoryForecast, longest_text
from harness.runs.planning import Plan
from harness.runs.session import Session, Trial
from harness.strategies.random_search import RandomSearch
from harness.strategies.strategy import recorded_parameters, saves_encoder, uses_model, wanted_features
from harness.strategies.tags import FitForecast, forecast_of
from harness.strategies.timed_fit import few_rows
from harness.system.device import synchronized_clock

TIMED_TEXTS, MOST_TIMED_TEXTS = 128, 1024  # that are encoded: of more, those in a batch are more alike in length
TIMED_SECONDS = 2.0  # that encoding more of them may take
EARLIER_RUNS = 20  # the newest that are looked into


@dataclass(frozen=True)
class CostForecast:
    """What a run will take.

    Attributes:
        encode_seconds: Of encoding what the cache does not hold.
        trials: Name of a trial -> its seconds where it does not stop early, None where nothing tells them.
        slots: How many trials run at the same time.
        memory_bytes: What the largest trial is taken to hold.
        disk_bytes: Of features that are not cached yet, and of saved encoders.
        timed: Trainings whose seconds are those of a few of their steps: less where they stop early.
    """

    encode_seconds: float
    trials: dict[str, float | None]
    slots: int
    memory_bytes: int
    disk_bytes: int
    timed: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Of the run, as far as its trials' are known."""
        known = [seconds for seconds in self.trials.values() if seconds is not None]
        together = max([sum(known) / max(1, min(self.slots, len(known))), *known]) if known else 0.0
        return self.encode_seconds + together

    @property
    def unknown(self) -> list[str]:
        """Trials that nothing tells the seconds of."""
        return [name for name, seconds in self.trials.items() if seconds is None]


def forecast_costs(plan: Plan) -> CostForecast:
    """Return what a run will take.

    Encoding is timed on a few texts of train. What a strategy takes is what it took in the newest runs with the same
    data set, encoder and device in the output folder; without any, what it forecasts itself, from a few of its steps or
    rows.

    Raises:
        KeyboardInterrupt: Where the user stops it.
    """
    cached = explain_cache(plan)
    n_texts = _texts_to_encode(plan, cached)
    trials, timed = _seconds_of_trials(plan)
    memory = MemoryForecast(plan.encoder, lambda: 0, longest_text(plan.encoder, plan.task.train.texts))
    return CostForecast(
        _seconds_of_encoding(plan, plan.encoder, n_texts) if plan.encoder and n_texts else 0.0,
        trials,
        plan.executor.slots,
        max((memory.need(trial) for trial in plan.trials), default=0),
        _bytes_on_disk(plan, cached),
        tuple(timed),
    )


def _seconds_of_trials(plan: Plan) -> tuple[dict[str, float | None], list[str]]:
    """Return name of a trial -> its seconds, None where nothing tells them, and the names of trainings timed here."""
    known, n_predicted, timed = _earlier(plan), len(plan.task.validation) + len(plan.task.test), []
    trials = {trial.name: known.seconds(trial) for trial in plan.trials}
    unknown = {_key(trial): trial for trial in reversed(plan.trials) if trials[trial.name] is None}
    session = plan.session(_features_of_few(plan, unknown.values()))
    own = {key: _forecast_of(session, trial) for key, trial in unknown.items()}
    latency = _seconds_of_latency(plan)
    for trial in plan.trials:
        seconds = trials[trial.name]
        if seconds is None and (mine := own[_key(trial)]):
            seconds = mine.seconds + n_predicted * mine.seconds_a_text
            timed += [trial.name] if trains_encoder(trial) else []
        if seconds is not None and uses_model(trial.strategy) and plan.measures_latency(trial):
            seconds += latency
        trials[trial.name] = seconds
    return trials, timed


def _key(trial: Trial) -> tuple[str, int | None]:
    return trial.offer.name, trial.train_size


def _features_of_few(plan: Plan, trials: Iterable[Trial]) -> FeatureCache | None:
    """Return features of the rows on which fits are timed, of all states from one pass; None where nobody reads any."""
    if not plan.encoder:
        return None
    session, texts = plan.session(), dict[str, None]()
    for trial in trials:
        if wanted_features(trial.strategy, depth(plan.encoder)):
            task = session.task_of(trial)
            texts |= {text: None for rows in few_rows(task.train, task.validation) for text in rows.texts}
    features = FeatureCache(plan.encoder)
    if texts:
        features.fill([tuple(texts)], plan.wanted_features)
    return features


def _seconds_of_latency(plan: Plan) -> float:
    """Return what it takes a trial to time single texts that go through the encoder."""
    if not plan.encoder:
        return 0.0
    return min(LONGEST, MOST_TEXTS * _seconds_a_text(plan, plan.encoder, plan.task.train.texts[:1]))


def _texts_to_encode(plan: Plan, cached: Explanation) -> int:
    """Return how many texts are encoded: all states of a split come out of one pass."""
    if plan.cache is None and plan.wanted_features:
        return sum(len(getattr(plan.task, split)) for split in SPLITS)
    if plan.config.fold and read_fold(plan.config.fold) != read_fold(plan.config.fold).first:
        return 0  # the first fold encodes all rows
    left: dict[str, int] = {}
    for finding in cached.findings:
        if finding.verdict != "hit":
            left[finding.split] = max(left.get(finding.split, 0), finding.rows - finding.rows_done)
    return sum(left.values())


def _seconds_of_encoding(plan: Plan, encoder: Encoder, n_texts: int) -> float:
    """Return what encoding so many texts takes, by some of train: more of them where the encoder is fast."""
    texts, n_timed = plan.task.train.texts, TIMED_TEXTS
    seconds = _seconds_a_text(plan, encoder, texts[:: max(len(texts) // n_timed, 1)][:n_timed])
    if (more := min(int(TIMED_SECONDS / seconds), MOST_TIMED_TEXTS)) > n_timed:
        seconds = _seconds_a_text(plan, encoder, texts[:: max(len(texts) // more, 1)][:more])
    return seconds * n_texts


def _seconds_a_text(plan: Plan, encoder: Encoder, texts: Sequence[str]) -> float:
    """Return what each text takes where they are encoded together, once the encoder has seen some."""
    wanted = plan.wanted_features or [Features(layer=-1, pooling=AUTO)]
    encoder.encode(texts[:TIMED_TEXTS], wanted)  # loads weights and chooses kernels
    started = synchronized_clock(plan.device)
    encoder.encode(texts, wanted)
    return (synchronized_clock(plan.device) - started) / len(texts)


def _forecast_of(session: Session, trial: Trial) -> FitForecast | None:
    """Return what a strategy forecasts of its fit, None where it says nothing or fails at it."""
    assignment = session.assignment(trial)
    with suppress(Exception), fit_context(assignment) as context:
        return forecast_of(trial.strategy, assignment.train, assignment.validation, context)
    return None


def _earlier(plan: Plan) -> TimeForecast:
    """Return what trials of earlier runs like this one took."""
    known = TimeForecast(len(plan.task.train))
    by_name = {trial.offer.name: trial for trial in plan.trials}
    for run in _runs_like(plan):
        for record in run.records:
            trial = by_name.get(record.strategy)
            if (
                trial
                and not record.members
                and record.is_scored
                and record.fit_seconds is not None
                and _is_set_alike(trial, record)
            ):
                rows = record.train_size or run.task.n_rows("train")
                seconds = record.fit_seconds + (record.predict_seconds or 0.0)
                known.took(replace(trial, train_size=rows, per_class=None), seconds)
    return known


def _is_set_alike(trial: Trial, record: RunRecord) -> bool:
    """Return whether a record is of the settings of a trial, as far as they are no matter of a rule or a search."""
    if trial.blank_record("skipped").search != record.search:
        return False
    if isinstance(trial.strategy, RandomSearch) and trial.strategy.seconds is None:
        return len(trial.strategy.candidates) == len(record.history)
    chosen = {name: value for name, value in recorded_parameters(trial.strategy).items() if value != AUTO}
    return all(record.params.get(name) == value for name, value in chosen.items())


def _runs_like(plan: Plan) -> Iterator[Run]:
    """Yield the newest finished runs of the same data set, encoder and device."""
    folder = Path(plan.config.output_dir)
    newest = sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []
    wanted = plan.task.name, plan.encoder.name if plan.encoder else None, plan.device
    for path in [each for each in newest if (each / "run.json").is_file()][:EARLIER_RUNS]:
        with suppress(HarnessError):
            run = read_run(RunDirectory(path))
            model = run.model.name if run.model and plan.encoder else None
            if (run.task.name, model, run.environment.get("device")) == wanted:
                yield run


def _bytes_on_disk(plan: Plan, cached: Explanation) -> int:
    encoder = plan.encoder
    if encoder is None:
        return 0
    rows = sum(finding.rows for finding in cached.findings if finding.verdict != "hit")
    saved: Sequence[Trial] = plan.trials if plan.config.save_models else ()
    encoders = [trial for trial in saved if saves_encoder(trial.strategy)]
    return (rows * encoder.width + len(encoders) * encoder.n_parameters) * FLOAT32_BYTES
