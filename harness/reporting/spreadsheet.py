"""Study -> CSV: a row for every strategy and seed, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from harness.analysis.study import Studied, Study
from harness.analysis.trial_table import COSTS, OF_RUN, Value, trial_row, variant_row
from harness.document.text import visible
from harness.evaluation.metrics import METRICS
from harness.results.records import RunRecord

# What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards among them
# (OWASP, "CSV injection"); tabs and line ends are written as escapes before.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\\t", "\\r")  # noqa: RUF001
OF_STRATEGY = (*OF_RUN, "strategy", "train_size", "status", *COSTS[4:])


def to_csv(study: Study) -> bytes:
    """Write the scores and costs of all trials, means where there are several seeds, trials without scores at the end.

    Args:
        study: The study.

    Returns:
        The content of the file.
    """
    return csv_of(list(trial_rows(study)))


def csv_of(rows: Sequence[Mapping[str, Value]]) -> bytes:
    """Write rows as a CSV file that spreadsheets open, with all their columns in the order in which they are met.

    UTF-8 with a byte order mark, without which Excel takes it for the code page of its country, and lines that
    end as RFC 4180 asks. Numbers are numbers in full; what is not known is empty. Text that a spreadsheet would
    run as a formula begins with an apostrophe.

    Args:
        rows: Column -> value of each; a column that a row lacks is empty.

    Returns:
        The content of the file.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def trial_rows(study: Study) -> Iterator[dict[str, Value]]:
    """Yield column -> value of each row of the file."""
    for studied in study.strategies:
        for record in studied.records:
            row = _row(study, studied.run_index, studied.name, record)
            yield row
            yield from (variant_row(each, row) for each in studied.variants if each.seed == record.seed)
        if len(studied.records) > 1:
            yield _mean_row(study, studied)
    for run_index, record in study.failures:
        yield _row(study, run_index, record.strategy, record)


def _row(study: Study, run_index: int, name: str, record: RunRecord) -> dict[str, Value]:
    run = study.runs[run_index]
    row: dict[str, Value] = {
        "run": study.directories[run_index].path.name,
        "data_set": run.task.name,
        "model": run.model.name if run.model else None,
        **trial_row(record, name, study.evidence, run, study.metrics),
    }
    return {"watermark": study.watermark, **row} if study.watermark else row


def _mean_row(study: Study, studied: Studied) -> dict[str, Value]:
    """Return the means over the seeds of a strategy; what is of one seed alone is empty."""
    first, means = _row(study, studied.run_index, studied.name, studied.records[0]), studied.headline
    row: dict[str, Value] = {
        name: first[name] for name in first if name in OF_STRATEGY or name.startswith("rank_letters")
    }
    row |= {"seed": "mean"}
    for split, scores in (("validation", means.validation), ("test", means.test)):
        row |= {f"{split}_{metric}": scores.of(metric) for metric in (*METRICS, *study.metrics)}
    row |= dict(zip(COSTS[:3], means.seconds, strict=True))
    known = study.evidence.strategy(studied.name)
    for metric in METRICS:
        interval = getattr(known, metric).interval if known else None
        row |= {f"test_{metric}_low": interval and interval.low, f"test_{metric}_high": interval and interval.high}
    for asked in study.metrics:
        by = study.evidence.metric(asked)
        span = by.interval(studied.name) if by else None
        row[f"test_{asked}_low"], row[f"test_{asked}_high"] = (span.low, span.high) if span else (None, None)
    return {name: row.get(name) for name in first}


def _safe(value: Value) -> Value:
    """Return a value that no spreadsheet runs as a formula."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
