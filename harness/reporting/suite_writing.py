"""A suite as a file to hand on: HTML, Markdown, LaTeX, CSV or JSON, by the ending of its name."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.analysis.encoder_study import EncoderStudy
from harness.analysis.fold_study import FoldStudy
from harness.analysis.suite_ranking import Ranking
from harness.analysis.suite_study import SuiteStudy
from harness.document.sections.suite import compose_suite
from harness.evaluation.ranks import nemenyi_p, wilcoxon_p
from harness.reporting.latex_suite import latex_of_suite
from harness.reporting.markdown import to_markdown
from harness.reporting.page import to_html
from harness.reporting.spreadsheet import csv_of, trial_rows
from harness.reporting.writing import as_utf8, writer_for
from harness.system.files import to_json, write_atomically
from harness.wording.languages import Say, translator


def json_of_suite(study: SuiteStudy) -> dict[str, Any]:
    """Return a suite as plain values: suite.json, rankings with their tests, and run.json of each scored cell.

    Of several encoders there are rankings of encoders and of combinations, too. Nemenyi's and Wilcoxon's p values are
    of every two of a ranking, in the order of the ranks.
    """
    runs = [cell.study.runs[0].model_dump(mode="json") for cell in study.cells]
    if study.record.has_folds:
        folds = [asdict(each) for each in FoldStudy(study).strategies]
        return {"suite": study.record.model_dump(mode="json"), "folds": folds, "runs": runs}
    encoders = EncoderStudy(study)
    more: dict[str, Any] = {}
    if encoders.ranking.names:
        more["encoders"] = _ranking("encoder", encoders.ranking) | {
            "gains_differ_p": encoders.gains_differ_p,
            "order_changes": encoders.changed_pairs,
            "order_reversed": encoders.reversed_pairs,
        }
        more["combinations"] = _ranking("combination", encoders.combined)
        for found, each in zip(more["combinations"]["ranks"], encoders.combinations, strict=True):
            found |= {"strategy": each.strategy, "encoder": each.of}
    return {
        "suite": study.record.model_dump(mode="json"),
        "ranking": _ranking("strategy", study.ranking)
        | {"rope": study.rope, "against_first": {name: asdict(found) for name, found in study.against_first.items()}},
        **more,
        "runs": runs,
    }


def _ranking(kind: str, ranking: Ranking) -> dict[str, Any]:
    tested = ranking.difference is not None or None  # with too few data sets nothing is
    return {
        "ranks": [
            {kind: name, "mean_rank": rank.value, "low": rank.low, "high": rank.high}
            for name, rank in zip(ranking.names, ranking.ranks, strict=True)
        ],
        "critical_difference": ranking.difference,
        "friedman_p": ranking.p,
        "nemenyi_p": tested and nemenyi_p(ranking.scores).tolist(),
        "wilcoxon_holm_p": tested and wilcoxon_p(ranking.scores).tolist(),
        "not_separable": [list(ranking.names[first : last + 1]) for first, last in ranking.alike],
    }


def _html(study: SuiteStudy, say: Say, language: str) -> bytes:
    return as_utf8(to_html(compose_suite(study, say, language), say))


def _markdown(study: SuiteStudy, say: Say, language: str) -> bytes:
    return as_utf8(to_markdown(compose_suite(study, say, language)))


def _latex(study: SuiteStudy, say: Say, language: str) -> bytes:
    del language
    return as_utf8(latex_of_suite(study, say))


def _csv(study: SuiteStudy, say: Say, language: str) -> bytes:
    """Write a row for every trial of every cell, as a report on one run has them."""
    del say, language
    return csv_of([{**row, "data_set": cell.data_set} for cell in study.cells for row in trial_rows(cell.study)])


def _json(study: SuiteStudy, say: Say, language: str) -> bytes:
    del say, language
    return to_json(json_of_suite(study))


ENDINGS: dict[str, Callable[[SuiteStudy, Say, str], bytes]] = {
    ".html": _html,
    ".md": _markdown,
    ".tex": _latex,
    ".csv": _csv,
    ".json": _json,
}


def write_suite_report(study: SuiteStudy, file: Path, language: str = "en") -> None:
    """Write a report on a suite, whole or not at all.

    Args:
        study: The suite.
        file: Where it goes; its ending, one of `ENDINGS`, says in which format. An older file is replaced.
        language: One of `harness.wording.languages.LANGUAGES`.

    Raises:
        UserError: For an ending that stands for no format.
        UnavailableError: Where the disk refuses.
    """
    writer_for(file)  # refuses the others
    write_atomically(file, ENDINGS[file.suffix.lower()](study, translator(language), language), "-o")
