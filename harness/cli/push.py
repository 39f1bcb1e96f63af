"""`harness push`: a classifier of a run to the hub, with a model card made from the run."""

import sys
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_runs, complete_strategy_of_run
from harness.errors import UserError
from harness.wording.languages import translator

if TYPE_CHECKING:
    from harness.api.pushing import Push


# fmt: off
@click.command(cls=Command)
@click.argument("name", metavar="RUN", shell_complete=complete_runs)
@click.option("--repo", "repository", required=True, metavar="OWNER/NAME", help="The repository on the hub.")
@click.option("-s", "--strategy", metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy that is pushed.  [default: the one that the run's answer recommends]")
@options.seed_of_run
@click.option("--public", is_flag=True, help="Let everybody see it.  [default: a private repository]")
@click.option("--with-predictions", is_flag=True,
              help="Push labels and probabilities of the scored rows, too: the scores can be computed again.")
@click.option("--license", default="", metavar="ID", help="License of the classifier, such as apache-2.0.")
@click.option("--data-license", default="", metavar="ID", help="License of the data.")
@click.option("--dry-run", is_flag=True, help="Print the model card and the files, push nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before pushing.")
@options.where_runs_are
@options.language
@options.debug
def push(
    name: str, *, output_dir: str, language: str, public: bool, dry_run: bool, yes: bool, **chosen: Any
) -> int:
    """Push a classifier of a run to the hub: 'latest', its folder, or its folder's name.

    The repository gets the classifier, a model card made from the run, and the run's record. Texts of the data are
    never pushed. It is private unless --public is said. The files are shown before, and it asks. The token is that of
    'hf auth login' or HF_TOKEN. 'harness verify hf://OWNER/NAME' holds what was pushed against its record.
    """
    from harness.api.comparing import open_run
    from harness.api.pushing import prepare_push
    from harness.terminal import print_note

    opened = open_run(name, output_dir)
    if chosen["strategy"] is None:
        chosen["strategy"] = opened.named_or_recommended(None)
        told = f"Pushing {chosen['strategy']}, which the run's answer recommends; -s names another."
        print_note(told, language=language)
    ready = prepare_push(opened, language=language, **chosen)
    _show(ready, language, public=public)
    if dry_run:
        click.echo(ready.card, nl=False)
        return 0
    _ask(ready, language, public=public, yes=yes)
    print_note(f"Pushed: {ready.send(public=public)}", language=language)
    return 0
# fmt: on


def _show(ready: "Push", language: str, *, public: bool) -> None:
    """Print the files and who will see them."""
    from harness.terminal import make_console, print_files, print_note

    console = make_console(stderr=True)
    print_files([(file.name, file.size) for file in ready.files], console, language)
    for note in ready.notes:
        print_note(note, console, language)
    repository = ready.publication.repository
    seen = f"Everybody will see {repository}." if public else f"{repository} will be private; --public shows it to all."
    print_note(seen, console, language)


def _ask(ready: "Push", language: str, *, public: bool, yes: bool) -> None:
    """Ask before anything leaves this machine.

    Raises:
        UserError: Where nobody can be asked, or the answer is no.
    """
    repository, kind = ready.publication.repository, "public" if public else "private"
    question = translator(language)(f"Push these files to {repository} ({kind})?")
    if yes or (sys.stdin.isatty() and click.confirm(question, err=True)):
        return
    raise UserError(f"Nothing was pushed to {repository}. Say yes when asked, or push without a question with --yes.")
