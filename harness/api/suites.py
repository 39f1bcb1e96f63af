"""open_suite: a suite opened again, from Python."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.result import WIDTH, RunResult
from harness.errors import UserError
from harness.results.suite_record import SuiteDirectory, find_suite
from harness.wording.languages import language_of_locale

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.analysis.suite_study import SuiteStudy


class SuiteResult:
    """A suite; a notebook shows its table.

    Attributes:
        path: Its folder.
    """

    def __init__(self, directory: SuiteDirectory) -> None:
        self._directory = directory
        self.path: Path = directory.path

    @cached_property
    def study(self) -> "SuiteStudy":
        """The scored cells, and what they say of strategies and encoders.

        Raises:
            UserError: Where a file of the suite is damaged, and where nothing was scored.
        """
        from harness.analysis.suite_study import open_suite_study

        return open_suite_study(self._directory)

    @property
    def runs(self) -> list[RunResult]:
        """The runs of its finished cells, in the order that they ran."""
        return [RunResult(run) for _, run in self._directory.finished_runs()]

    def to_pandas(self) -> "DataFrame":
        """Return a row for each trial of each cell: its data set and encoder, scores with intervals, what it cost."""
        import pandas as pd

        tables = []
        for cell in self.study.cells:
            table = RunResult(cell.study.directories[0]).to_pandas()
            names = {"data_set": cell.data_set, "encoder": cell.encoder or None}
            tables.append(pd.DataFrame({name: [value] * len(table) for name, value in names.items()}).join(table))
        return pd.concat(tables, ignore_index=True)

    def ranking(self) -> "DataFrame":
        """Return the mean rank of each ranked strategy over the data sets with its interval, the best first."""
        import pandas as pd

        found = self.study.ranking
        rows = [(name, rank.value, rank.low, rank.high) for name, rank in zip(found.names, found.ranks, strict=True)]
        return pd.DataFrame(rows, columns=["strategy", "mean_rank", "low", "high"])

    def combinations(self) -> "DataFrame":
        """Return each strategy with each encoder, ranked together over the data sets, the best first.

        Columns: `strategy`, `encoder` (None where it reads none), `mean_rank` with `low` and `high` of its 95 %
        interval, and `tied`: whether it cannot be told from the first, None with too few data sets. Empty with fewer
        than two encoders.
        """
        import pandas as pd

        from harness.analysis.encoder_study import EncoderStudy

        study, rows = EncoderStudy(self.study), []
        ranked = zip(study.combinations, study.combined.ranks, strict=True) if study.ranking.names else ()
        for each, rank in ranked:
            tied = (
                None
                if study.combined.difference is None
                else not study.combined.is_above(study.combinations[0].name, each.name)
            )
            rows.append((each.strategy, each.of, rank.value, rank.low, rank.high, tied))
        return pd.DataFrame(rows, columns=["strategy", "encoder", "mean_rank", "low", "high", "tied"])

    def folds(self) -> "DataFrame":
        """Return the strategies of a cross-validation, the best by validation first, with mean test scores over folds.

        Columns: `validation`, the test score by the name of its metric with `low` and `high` of its 95 % interval;
        `behind` is the difference to the first and `p` its chance, by Holm; `f1_macro_all` and `accuracy_all` are of
        the predictions for all rows together.

        Raises:
            UserError: Where its cells are no folds.
        """
        import pandas as pd

        from harness.analysis.fold_study import FoldStudy

        if not self.study.record.has_folds:
            raise UserError(f"{self.path} is no cross-validation: its cells are data sets and encoders, not folds.")
        rows = []
        for each in FoldStudy(self.study).strategies:
            accuracy, f1_macro = each.all_rows or (None, None)
            score = {self.study.metric: each.score.value, "low": each.score.low, "high": each.score.high}
            behind = each.difference and each.difference.value
            rows.append(
                {"strategy": each.name, "validation": each.validation, **score, "behind": behind, "p": each.p}
                | {"f1_macro_all": f1_macro, "accuracy_all": accuracy}
            )
        return pd.DataFrame(rows)

    def probabilities(self, rope: float) -> "DataFrame":
        """Return how probably each ranked strategy is better than the first over data sets, the same, or worse.

        Args:
            rope: Up to which difference scores are the same in practice.
        """
        import pandas as pd

        found = replace(self.study, rope=rope).against_first
        rows = [(name, each.better, each.same, each.worse) for name, each in found.items()]
        return pd.DataFrame(rows, columns=["strategy", "better", "same", "worse"])

    def report(self, file: str | Path, *, language: str | None = None, rope: float | None = None) -> None:
        """Write a report to hand on.

        Args:
            file: Where it goes; .html, .md, .tex, .csv or .json says in which format. An older file is replaced.
            language: Of its words, by locale by default.
            rope: Up to which difference scores are the same in practice, for the Bayesian signed-rank test.
        """
        from harness.api.reports import report

        report(self.path, file, language=language, rope=rope)

    def __repr__(self) -> str:
        """Return what `harness show` prints."""
        from harness.terminal import plain_text, print_suite

        return plain_text(lambda page: print_suite(self.study, page, language_of_locale()), WIDTH)


def open_suite(suite: str | Path = "latest", output_dir: str | Path = "reports") -> SuiteResult:
    """Open a suite, which `harness run` makes of several data sets or encoders; unfinished ones, too.

    Args:
        suite: `latest`, its folder, or its folder's name below `output_dir`.
        output_dir: Where suites are looked for.

    Raises:
        UserError: Where there is no such suite.
    """
    if (found := find_suite(str(suite), Path(output_dir))) is None:
        raise UserError(
            f"There is no suite {str(suite)!r}, neither as a folder nor in {output_dir}. Name its folder; "
            "'harness run' of several data sets or encoders makes one."
        )
    return SuiteResult(found)
