"""compare, open_run, load_classifier: make a run, open one, and use one of its classifiers."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.given import parted, plugins_of, refuse_unheeded, task_of
from harness.api.result import RunResult
from harness.api.running import run_config
from harness.config.run_config import RunConfig, build_config
from harness.data.task import Task
from harness.results.run_directory import find_run

if TYPE_CHECKING:
    from harness.analysis.study import Study
    from harness.runs.text_classifier import TextClassifier
    from harness.strategies.strategy import Strategy

DataName = str | Path
Device = Literal["auto", "cpu", "cuda", "mps"]


def compare(
    data: "DataName | Task | Any" = None,
    *,
    model: str | Path | None = None,
    strategies: "str | Strategy | Iterable[str | Strategy] | None" = None,
    seeds: int | Sequence[int] | None = None,
    train_sizes: int | Sequence[int | Literal["all"]] | None = None,
    per_class: int | None = None,
    set: Mapping[str, Mapping[str, Any]] | None = None,
    limit: int | None = None,
    budget: int | str | None = None,
    fold: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    label_names: Sequence[str] | None = None,
    normalise_labels: bool | None = None,
    header: bool | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
    quoting: Literal["auto", "yes", "no"] | None = None,
    test_size: float | None = None,
    split_seed: int | None = None,
    revision: str | None = None,
    prompt: str | None = None,
    max_length: int | None = None,
    device: Device | None = None,
    dtype: Literal["auto", "float32", "bfloat16"] | None = None,
    engine: Literal["auto", "torch", "openvino", "openvino-int8"] | None = None,
    batch_tokens: int | Literal["auto"] | None = None,
    cache: bool | None = None,
    cache_dir: str | Path | None = None,
    output_dir: str | Path | None = None,
    plugins: Iterable[Any] = (),
    config: str | Path | None = None,
    offline: bool | None = None,
    margin: float | None = None,
    metrics: str | Sequence[str] | None = None,
    select_by: str | None = None,
    costs: str | Path | None = None,
    max_latency: str | float | None = None,
    fail_fast: bool | None = None,
    on: str | None = None,
    share: str | Path | None = None,
    track: str | Sequence[str] | None = None,
    time_limit: str | float | None = None,
    memory_limit: str | int | None = None,
    sandbox: bool | None = None,
    save_models: bool | None = None,
    save_texts: bool | None = None,
    fresh: bool = False,
    retry_failed: bool = False,
    progress: bool = True,
) -> RunResult:
    """Run strategies on one data set under one protocol, as `harness run` does.

    The options are those of `harness run`; what is left out is taken from `config`, else from its defaults. The run is
    saved in a folder of its own. A strategy that fails is a row of the result and stops nothing. A run of the same call
    that was stopped or killed is resumed: what it finished is not run again.

    Args:
        data: A name or path as `--dataset` takes it, a `datasets.DatasetDict` or `datasets.Dataset`, of which a fifth
            is set aside as test where there is none and `test_size` says no other share, or a `Task`, which takes none
            of the options on columns, labels and test rows below.
        model: Encoder: a folder or a hub id.
        strategies: Names, groups and variants as `--strategies` takes them, strategies, or several of both.
        seeds: One seed or several.
        train_sizes: Rows of train to fit on, several for learning curves.
        per_class: Fit on so many rows of each class of train, other ones with each seed.
        set: Strategy -> parameter -> value, such as `{"logreg_probe": {"C": 0.1}}`.
        limit: At most so many rows of each split, stratified.
        budget: Search each strategy in the space that it declares: so many configurations, or a time such as `10m`.
        fold: A fold of a cross-validation, such as `2/5`: of all rows it tests, the next one validates, the others
            train. `harness run --folds` runs all of them and puts them together.
        text_column: Column of the texts, guessed from usual names by default.
        label_column: Column of the labels, guessed from usual names by default.
        label_names: Names of label ids 0, 1, ...
        normalise_labels: Take label names for one that differ only in case, spaces, Unicode form or a final .0.
        header: Whether the first row of csv, tsv and txt files names the columns, by its look by default.
        columns: Names of the columns of such files without a header, in order.
        encoding: Encoding of files of text, such as `cp1252`, by their look by default.
        quoting: Whether quotation marks enclose cells of csv, tsv and txt files.
        test_size: Share of train, 0-1, that is set aside as test, where no test is labelled.
        split_seed: Seed of the rows of `test_size`.
        revision: Branch, tag or commit of the model on the hub.
        prompt: What is put before each text that the frozen encoder reads, "" for nothing, by default what the
            checkpoint declares.
        max_length: Tokens that texts are cut at, by default what the encoder reads.
        device: Where to compute.
        dtype: Number format.
        engine: What computes frozen features: `torch`, or on CPUs `openvino` or `openvino-int8`, extras of these
            names, or the faster of the first two, `auto`.
        batch_tokens: Tokens in one batch of the encoder.
        cache: Keep frozen features for later runs.
        cache_dir: Where they are kept.
        output_dir: Where the run's folder goes, `reports` by default.
        plugins: Plugins that are not installed: .py files, names of modules, modules or objects with hooks.
        config: A TOML file with these options.
        offline: Never touch the network.
        margin: How far behind in a score, 0-1, is as good.
        metrics: Metrics to score by besides those of every table, such as `mcc`, `roc_auc_ovr` or `log_loss`.
        select_by: The metric that chooses: epochs and parameters on validation, the order of the table, the answer;
            f1_macro, and among epochs f1_weighted, by default.
        costs: A CSV file of what each mistake costs: `expected_cost` is then a metric, and may be what chooses.
        max_latency: What a text that comes alone may take, such as `5ms`, or in seconds: the answer names the best of
            what answers 95 of 100 within it.
        fail_fast: Stop at the first strategy that fails.
        on: Where trials run: `local`, in processes of their own, `local:N` for N at a time, `here` for this process.
        share: Folder or fsspec URL by which files reach machines of a pool that do not see this one's disk.
        track: Trackers to tell how the run goes, such as `mlflow`.
        time_limit: What a trial may take, such as `10m`, or in seconds; one that takes longer is a failed row.
        memory_limit: What memory a trial may hold, such as `8GB`, or in bytes; one that holds more is a failed row.
        sandbox: Keep trials from all files but their own, and from the network, by bubblewrap (Linux).
        save_models: Keep the fitted classifiers.
        save_texts: Keep the test texts in the run's folder.
        fresh: Begin anew even where an unfinished run of the same call lies in `output_dir`.
        retry_failed: Run again what failed in the last run of the same call, and keep the rest of it.
        progress: Show how far the run is.

    Returns:
        The finished run.

    Raises:
        HarnessError: For anything wrong with options, data or encoder, before anything is trained.
        KeyboardInterrupt: Where the user stops the run; what was finished is saved, and the interrupt says where.
    """
    options = {name: value for name, value in locals().items() if name in RunConfig.model_fields and value is not None}
    names, offers = parted("all" if strategies is None else strategies)
    named_plugins, objects, _ = plugins_of(plugins)
    flags = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    flags |= {"set": _assignments(set or {}), "plugins": tuple(named_plugins)}
    if strategies is not None:
        flags["strategies"] = [*names, *(offer.name for offer in offers)]
    if isinstance(data, str | Path):
        flags["dataset"] = str(data)
    made = build_config(flags, Path(config) if config is not None else None)
    if (task := task_of(data, made)) is not None:
        refuse_unheeded(data, made)
        made = made.model_copy(update={"dataset": task.name})
    return run_config(made, objects, task, offers, fresh=fresh, retry_failed=retry_failed, progress=progress)


def _assignments(overrides: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Write strategy -> parameter -> value as `--set` takes it."""
    return [f"{strategy}.{field}={value}" for strategy, fields in overrides.items() for field, value in fields.items()]


def open_run(run: str | Path = "latest", output_dir: str | Path = "reports") -> RunResult:
    """Open a finished run.

    Args:
        run: `latest`, its folder, or its folder's name below `output_dir`.
        output_dir: Where runs are looked for.

    Raises:
        UserError: Where there is no such run, or it cannot be read.
    """
    return RunResult(find_run(str(run), Path(output_dir)))


def open_runs(runs: Iterable[str | Path], output_dir: str | Path = "reports", *, force: bool = False) -> "Study":
    """Open finished runs to look at their strategies together.

    Args:
        runs: As `open_run` takes one.
        output_dir: Where runs are looked for.
        force: Open runs that cannot be compared, too; the study then says so.

    Raises:
        UserError: As of `open_run`, and where the runs cannot be compared.
    """
    from harness.analysis.study import open_study

    return open_study([find_run(str(run), Path(output_dir)) for run in runs], force=force)


def load_classifier(
    folder: str | Path,
    *,
    model: str | Path | None = None,
    plugins: Iterable[Any] = (),
    device: Device = "auto",
    cache: bool = True,
    cache_dir: str | Path | None = None,
    offline: bool = False,
) -> "TextClassifier":
    """Load a classifier that a run saved; it predicts as it did in the run.

    One that reads frozen features finds the encoder that it was fitted on, with the layer, pooling and token limit of
    the run, and refuses any other; texts that the run encoded are read from its cache.

    Args:
        folder: Its folder, such as `models/logreg_probe-seed0` in the folder of a run.
        model: Folder or hub id of that encoder, where it is not where it was.
        plugins: Where the strategy is not installed: .py files, names of modules, modules or objects with hooks, or the
            strategy itself.
        device: Where to compute.
        cache: Read frozen features that runs have computed, and keep those of many texts.
        cache_dir: Where they are kept.
        offline: Never touch the network.

    Raises:
        ModelError: Where the folder holds no saved classifier, or the encoder is another one.
        PluginError: Where the strategy's plugin is not there.
        UnavailableError: Where the encoder is not there.
    """
    classifier = loaded(
        Path(folder),
        model=model,
        plugins=plugins,
        device=device,
        cache=RunConfig(cache=cache, cache_dir=None if cache_dir is None else str(cache_dir)),
        offline=offline,
    )
    for note in classifier.notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    return classifier


def loaded(
    folder: Path,
    *,
    model: str | Path | None,
    plugins: Iterable[Any],
    device: Device,
    cache: RunConfig,
    offline: bool,
    keep: bool = True,
    known: Sequence[str] = (),
) -> "TextClassifier":
    """Load a classifier, for `load_classifier` and for what predicts on files.

    Args:
        folder: As of `load_classifier`, as are `model`, `plugins`, `device`, `offline` and the errors.
        model: Encoder.
        plugins: Plugins that are not installed.
        device: Where to compute.
        cache: What says whether and where frozen features are kept.
        offline: Never touch the network.
        keep: Write features to the cache, too.
        known: Texts whose features a run left there.
    """
    from harness.features.directory import cache_directory
    from harness.runs.opening import open_plugins
    from harness.runs.saved_classifier import load_saved_classifier
    from harness.system.process import library_defaults

    named, objects, strategies = plugins_of(plugins)
    with library_defaults():
        return load_saved_classifier(
            folder,
            open_plugins(named, objects),
            given=strategies,
            model=None if model is None else str(model),
            device=device,
            cache=cache_directory(cache),
            offline=offline,
            keep=keep,
            known=known,
        )
