"""Rows of train whose labels look wrong to strategies that did not see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.given import plugins_of, task_of
from harness.errors import UserError
from harness.results.records import at_largest_train_size

if TYPE_CHECKING:
    from harness.analysis.joint_errors import MissedByAll
    from harness.analysis.study import Studied
    from harness.api.result import RunResult
    from harness.config.run_config import RunConfig
    from harness.runs.reporter import Reporter


@dataclass(frozen=True)
class DoubtfulLabels:
    """Rows of train whose labels look wrong, the most doubtful first.

    Attributes:
        strategies: Those that were asked.
        n_rows: Rows of train that they were asked of.
        n_missed: How many of these none of them gets right.
        rows: The first of these.
        texts: The text of each.
        label_names: The k class names.
    """

    strategies: tuple[str, ...]
    n_rows: int
    n_missed: int
    rows: "tuple[MissedByAll, ...]"
    texts: tuple[str, ...]
    label_names: tuple[str, ...]

    def columns(self) -> dict[str, list[Any]]:
        """Return column -> cells, a cell a row; rows are counted from 0 in train as it was read."""
        return {
            "row": [each.row for each in self.rows],
            "text": list(self.texts),
            "label": [self.label_names[each.label] for each in self.rows],
            "answer": [self.label_names[each.answer] for each in self.rows],
            "agree": [each.n_agree for each in self.rows],
            "label_probability": [round(each.label_probability, 6) for each in self.rows],
        }


def find_doubtful(
    run: "RunResult",
    n: int,
    reporter: "Reporter",
    *,
    strategies: Sequence[str] = (),
    data: object = None,
    plugins: Iterable[Any] = (),
    device: str | None = None,
    cache: bool = True,
    cache_dir: str | Path | None = None,
    offline: bool = False,
) -> DoubtfulLabels:
    """Find them, for `RunResult.doubtful_labels`, which has the arguments, and the command line.

    Args:
        run: Whose strategies, with their parameters, and whose data.
        n: Rows to return at most.
        reporter: Told how far it is.
        strategies: Names.
        data: Where the data are, or they themselves.
        plugins: Plugins that the strategies need.
        device: Where to compute, as the run did by default.
        cache: Read frozen features that runs have computed, and keep new ones.
        cache_dir: Where they are.
        offline: Never touch the network.
    """
    from harness.analysis.joint_errors import likely_label_errors
    from harness.analysis.reproduction import refuse_other_data
    from harness.runs.opening import open_plan
    from harness.runs.out_of_fold import out_of_fold
    from harness.system.process import library_defaults

    chosen = [run.strategy(name) for name in strategies] or _quick(run)
    if combining := [each.name for each in chosen if each.first.members]:
        raise UserError(
            f"{combining[0]} predicts from other strategies of its run and is not fitted on train by itself, so nobody "
            "can ask it of rows it did not see. Name others: -s NAME."
        )
    named, objects, _ = plugins_of((*run.plugins, *plugins))
    task = task_of(data, run.run.config)
    given = {"device": device, "cache_dir": None if cache_dir is None else str(cache_dir)}
    asked = {name: value for name, value in given.items() if value is not None} | {"cache": cache, "offline": offline}
    dataset = task.name if task else None if data is None else str(data)
    config = _config(run, chosen, named, dataset).model_copy(update=asked)
    with library_defaults():
        plan = open_plan(config, objects, task=task)
        refuse_other_data(run.run, plan.task)
        found = out_of_fold(plan, reporter=reporter)
    missed = likely_label_errors(found)
    place = {int(row): i for i, row in enumerate(plan.task.train.rows_in_source())}
    texts = tuple(plan.task.train.texts[place[each.row]] for each in missed[:n])
    n_rows = len(next(iter(found.values())).rows)
    return DoubtfulLabels(tuple(found), n_rows, len(missed), missed[:n], texts, plan.task.label_names)


def _quick(run: "RunResult") -> "list[Studied]":
    """Return the best by validation of those that read frozen features, and of those that read the texts."""
    from harness.analysis.ranking import best_by_validation

    asked = [each for each in run.strategies if each.left_out is None and not each.first.members]
    of_kind = [[each for each in asked if each.kind == kind] for kind in ("frozen", "texts")]
    if not any(of_kind):
        raise UserError(
            "No strategy of this run reads frozen features or the texts alone, and training an encoder for each part "
            "of train takes long. Name one all the same: -s NAME."
        )
    return [best_by_validation(each) for each in of_kind if each]


def _config(run: "RunResult", chosen: "Sequence[Studied]", plugins: Sequence[str], dataset: str | None) -> "RunConfig":
    """Return the configuration that fits strategies of a run, with their parameters, on its data."""
    from harness.analysis.reproduction import config_to_reproduce

    names = {each.name for each in chosen}
    records = at_largest_train_size([record for record in run.run.records if record.strategy in names])
    config = config_to_reproduce(run.run.model_copy(update={"records": records}), dataset=dataset)
    return config.model_copy(
        update={
            "strategies": tuple(each.name for each in chosen),
            "seeds": config.seeds[:1],
            "train_sizes": ("all",),
            "per_class": None,
            "track": (),
            "on": "here",
            "share": None,
            "plugins": tuple(plugins) or config.plugins,
        }
    )
