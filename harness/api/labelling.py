"""What a finished run says of labels: how many more would buy a score, and which of train look wrong."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from harness.api.classifiers import RunClassifiers

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.analysis.label_forecast import LabelForecast
    from harness.analysis.study import Studied
    from harness.api.result import RunResult
    from harness.results.records import Run
    from harness.results.row_facts import RowFacts

ALL = "all"


class RunLabels(RunClassifiers, ABC):
    """Base of `RunResult`: what its learning curves say of more labels."""

    @cached_property
    @abstractmethod
    def run(self) -> "Run":
        """The content of run.json."""

    @cached_property
    @abstractmethod
    def strategies(self) -> "list[Studied]":
        """The scored strategies."""

    @cached_property
    @abstractmethod
    def facts(self) -> "RowFacts | None":
        """What the run kept of its test rows."""

    @abstractmethod
    def strategy(self, name: str | None = None) -> "Studied":
        """Return a scored strategy by its name, the best by validation by default."""

    def labels(
        self,
        target: float | None = None,
        strategies: str | Sequence[str] = (),
        *,
        metric: str | None = None,
        rows: Sequence[int] = (),
    ) -> "list[LabelForecast]":
        """Return how many more rows of train a test score takes, as `harness labels` tells it, with its band.

        Args:
            target: The score, in the metric's own values.
            strategies: A name or several, "all" for all that read the texts; the best by validation by default.
            metric: By which, the one that chooses by default.
            rows: Rows of train to tell the score of; twice and four times the most that were measured by default.

        Returns:
            A forecast for each strategy; its `verdict` says why where nothing can be told.

        Raises:
            UserError: For a strategy that was not scored, a metric that is not known here, a target that it cannot
                have, rows that are not more than were measured, and where predictions are missing.
        """
        from harness.analysis.label_forecast import (
            forecast,
            measured_curve,
            metric_named,
            refuse_few_rows,
            refuse_target,
        )

        named = [strategies] if isinstance(strategies, str) else list(strategies)
        if ALL in named:
            named = [each.name for each in self.strategies if not each.is_floor]
        chosen = [self.strategy(name) for name in named] or [self.strategy()]
        by = metric or chosen[0].chosen_by
        function = metric_named(by, self.run)
        refuse_target(target, by, function)
        refuse_few_rows(rows, self.run)
        return [
            forecast(
                each.name, by, measured_curve(self.run, self.directory, each.name, function, self.facts), target, rows
            )
            for each in chosen
        ]

    def doubtful_labels(
        self,
        n: int = 50,
        strategies: str | Sequence[str] = (),
        *,
        data: Any = None,
        plugins: Iterable[Any] = (),
        progress: bool = True,
        **options: Any,
    ) -> "DataFrame":
        """Return rows of train whose labels look wrong, as `harness labels --doubtful` finds them.

        Strategies are fitted on four fifths of train and predict the fifth that they did not see, five times. Rows that
        all of them miss are returned, those first whose label they hold least probable.

        Args:
            n: Rows to return at most.
            strategies: A name or several; by default the best on frozen features and the best on texts.
            data: The data of the run, where they are not to be loaded by its record: a name, a folder or a `Task`.
            plugins: Plugins that the strategies need, besides those that the run was made with in this process.
            progress: Show how far it is.
            options: `device`, `cache`, `cache_dir`, `offline` as of `harness.compare`.

        Returns:
            A row each: `row` in train as it was read, from 0, `text`, `label`, `answer` of most strategies, how many
            `agree`, and the mean `label_probability`.

        Raises:
            UserError: For a strategy that was not scored.
            DataError: For data that are not those of the run.
            StrategyError: Where a strategy fails.
        """
        import pandas as pd

        from harness.api.doubtful import find_doubtful
        from harness.api.progress import shown_progress

        named = [strategies] if isinstance(strategies, str) else list(strategies)
        with shown_progress(wanted=progress) as reporter:
            run = cast("RunResult", self)
            found = find_doubtful(run, n, reporter, strategies=named, data=data, plugins=plugins, **options)
        return pd.DataFrame(found.columns())
