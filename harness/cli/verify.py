"""`harness verify`: every score and every file of a run, checked."""

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.printing import echo_json
from harness.errors import ExitCode


@click.command(cls=Command)
@options.run_argument
@options.runs_folder
@options.as_json
@options.language
@options.debug
def verify(name: str, output_dir: str, as_json: bool, language: str) -> int:
    """Compute every score of a run again from its saved predictions, and check every file against its sha256.

    Test texts and labels are held against the hash of the data that were scored. Nothing outside of the run's
    folder is read. Says what it does not cover. Exits with 3 where something does not hold.

    A classifier that was pushed, RUN hf://OWNER/NAME or a folder with a copy, is held against the record that came
    with it, its model card, too. Of a bundle of 'harness prefetch' each file is held against its sha256.
    """
    from harness.api.bundling import NOT_COVERED, checks_of_bundle
    from harness.api.comparing import open_run
    from harness.api.pushing import checks_of_published
    from harness.terminal import make_console, print_checks

    if bundled := checks_of_bundle(name):
        checks, not_covered = bundled, [NOT_COVERED]
    elif published := checks_of_published(name):
        checks, not_covered = published
    else:
        opened = open_run(name, output_dir)
        name, checks, not_covered = str(opened.path), opened.checks(), opened.not_covered()
    if as_json:
        listed = [{"what": check.what, "problem": check.problem} for check in checks]
        echo_json({"run": name, "checks": listed, "not_covered": not_covered})
    else:
        print_checks(checks, not_covered, make_console(), language, of_run=bundled is None)
    return ExitCode.BAD_INPUT if any(check.problem for check in checks) else ExitCode.OK
