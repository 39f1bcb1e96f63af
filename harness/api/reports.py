"""report: a run, several, or a suite as a file to hand on."""

from collections.abc import Iterable
from pathlib import Path

from harness.api.comparing import open_runs
from harness.errors import UserError
from harness.wording.languages import language_of_locale


def report(
    runs: str | Path | Iterable[str | Path],
    file: str | Path,
    *,
    output_dir: str | Path = "reports",
    texts: bool = True,
    language: str | None = None,
    force: bool = False,
    rope: float | None = None,
) -> None:
    """Write a report on one run, on several, or on a suite, to hand on.

    Args:
        runs: One or several, each `latest`, its folder, or its folder's name below `output_dir`.
        file: Where it goes; .html, .md, .tex, .csv or .json says in which format. An older file is replaced.
        output_dir: Where runs are looked for.
        texts: Show rows of the data, where the runs kept them.
        language: Of its words, by locale by default.
        force: Report on runs that cannot be compared, too, with a warning above.
        rope: Of a suite, up to which difference scores are the same in practice: with the Bayesian signed-rank test.

    Raises:
        UserError: For an ending that stands for no format, a run that is not there, runs that cannot be compared, and
            a `rope` where there is no suite.
        UnavailableError: Where the disk refuses.
    """
    from harness.analysis.suite_study import open_suite_study
    from harness.reporting import write_report, writer_for
    from harness.reporting.suite_writing import write_suite_report
    from harness.results.suite_record import find_suite

    writer_for(Path(file))  # a wrong ending is said before seconds are spent
    named = [runs] if isinstance(runs, str | Path) else list(runs)
    language = language or language_of_locale()
    if suites := [suite for name in named if (suite := find_suite(str(name), Path(output_dir)))]:
        if len(named) > 1:
            raise UserError(f"{suites[0].path} is a suite, and a report is of one suite or of runs. Name it alone.")
        write_suite_report(open_suite_study(suites[0], rope), Path(file), language)
        return
    if rope is not None:
        raise UserError(f"--rope is of a suite, and {named[0] if named else 'latest'} is a run. Leave it out.")
    study = open_runs(named, output_dir, force=force)
    write_report(study, Path(file), texts=texts, language=language)
