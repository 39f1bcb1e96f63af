"""`harness export`: a classifier of a run as a folder that predicts without this package."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders, complete_runs, complete_strategy_of_run
from harness.cli.planning import plugins_of_run, quiet_libraries

if TYPE_CHECKING:
    from harness.api.result import RunResult
    from harness.export.exporting import Exported
    from harness.results.variants import Variant


# fmt: off
@click.command(cls=Command)
@click.argument("name", metavar="RUN", shell_complete=complete_runs)
@click.option("-o", "--output", metavar="FOLDER", required=True, type=click.Path(path_type=Path),
              shell_complete=complete_folders, help="The folder to write, new or empty.")
@click.option("-s", "--strategy", metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy to export.  [default: the one that the run's answer recommends]")
@click.option("--to", "form", type=click.Choice(["onnx", "openvino", "transformers"]), default="onnx",
              help="What reads the folder: ONNX Runtime, OpenVINO, or the pipeline of transformers.")
@click.option("--int8", is_flag=True, help="Write weights in eight bits, and hold what they predict on the run's test "
              "rows against the run; of --to onnx and --to openvino.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16"]), default="float32",
              help="bfloat16 writes weights of half the size, and holds what they predict against the run; "
              "of --to transformers.")
@click.option("--compare", is_flag=True, help="With --int8 or bfloat16: time 200 texts in both number formats, too, "
              "and list the variant beside its parent in show and report.")
@click.option("--margin", metavar="FRACTION", type=options.Finite(),
              help="With --int8 or bfloat16: how far behind in f1_macro is as good.  [default: 0.005]")
@options.seed_of_run
@options.moved_model
@options.other_plugins
@options.yes_run_plugins
@options.kept_features
@options.cache_dir
@options.offline
@options.where_runs_are
@options.language
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def export(
    ctx: click.Context,
    /,
    name: str,
    output_dir: str,
    plugins: tuple[str, ...],
    yes_run_plugins: bool,
    language: str,
    quiet: bool,
    verbose: bool,
    offline: bool | None,
    **flags: Any,
) -> int:
    """Export a classifier of a run ('latest', its folder, or its folder's name): a folder that needs no harness.

    It holds all that predicts, from text to probabilities, and a README of a few lines that does so. What it predicts
    on the run's test rows is compared with what the run did: the same labels, and probabilities within 0.0001,
    or within 0.05 where the run computed in bfloat16. Otherwise nothing is written.
    """
    from harness.api.comparing import open_run

    quiet_libraries(ctx, verbose=verbose)
    opened = open_run(name, output_dir)
    used = plugins_of_run(opened.run.config.plugins, plugins, language, yes_run_plugins=yes_run_plugins)
    _export(
        opened, language=language, quiet=quiet, offline=bool(offline),
        plugins=(*used, *ctx.obj["plugins"]), **flags,
    )
    return 0
# fmt: on


def _export(run: "RunResult", output: Path, *, language: str, quiet: bool, **flags: Any) -> None:
    """Export, with progress, notes and the result on standard error."""
    from harness.api.exporting import export_run
    from harness.api.progress import shown_progress
    from harness.terminal import make_console, print_note

    console = make_console(stderr=True)
    if flags["strategy"] is None:
        flags["strategy"] = run.named_or_recommended(None)
        told = f"Exporting {flags['strategy']}, which the run's answer recommends; -s names another."
        print_note(told, console, language)
    with shown_progress(wanted=not quiet, language=language) as reporter:
        done = export_run(run, output, reporter, lambda note: print_note(note, console, language), **flags)
    for told in _result(done):
        print_note(told, console, language)


def _variant(variant: "Variant") -> Iterator[str]:
    """Yield what is known of a variant beside its parent."""
    from harness.wording import quantities

    name = variant.number_format
    scores, before, after = variant.scores, variant.parent, variant.variant
    low, high = scores.interval.low, scores.interval.high
    yield (
        f"{name}: test f1_macro {scores.variant:.4f} against {scores.parent:.4f}, difference {scores.difference:.4f} "
        f"(95 % interval {low:.4f} to {high:.4f}); less than {scores.margin:g} behind: {scores.verdict}"
    )
    rows = ", ".join(str(row + 1) for row in scores.flips)
    right = f"{scores.broken:,} right before and {scores.fixed:,} right now"
    listed = f"; the first rows, counted from 1: {rows}" if rows else ""
    yield f"Other labels in {scores.n_flips:,} of {scores.n_rows:,} rows, {right}{listed}"
    yield f"On disk: {quantities.size(after.size_bytes)} against {quantities.size(before.size_bytes)}"
    for cost, form in ((after, name), (before, "float32")):
        if cost.p50_seconds is not None and cost.p95_seconds is not None and cost.texts_per_second:
            alone = f"p50 {quantities.latency(cost.p50_seconds)}, p95 {quantities.latency(cost.p95_seconds)}"
            rate = quantities.rate(cost.texts_per_second)
            yield f"{form}: a text alone {alone}; in batches {rate} texts/s ({cost.n_texts:,} texts, this machine)"


def _result(done: "Exported") -> list[str]:
    from harness.wording import quantities

    agreement = done.agreement
    what = f"{agreement.rows:,} {agreement.what}"
    apart = f"largest difference of a probability {agreement.difference:.1g}"
    told = [f"Checked: {what}, all labels equal, {apart}"]
    if agreement.ties:
        told = [f"Checked: {what}, labels equal but for {agreement.ties:,} ties, {apart}"]
    if agreement.dtype != "float32":
        told = [f"Checked: {what}, which the run predicted in {agreement.dtype} and this folder predicts in float32: "
                f"{agreement.ties:,} get another label, {apart}"]  # fmt: skip
    size = quantities.size(done.size)
    return [
        *told,
        *(_variant(done.variant.record) if done.variant else ()),
        f"Exported: {done.strategy}, seed {done.seed}, {size}, saved in {done.folder}",
    ]
