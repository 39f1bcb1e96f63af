"""A command that answers habits: an option given twice, options of other trainers, a word without an option."""

from collections import Counter
from collections.abc import Sequence

import click

from harness.cli.help import translated_help

OF_A_STRATEGY = {
    "epochs": ("epochs", "num-epochs", "n-epochs", "num-train-epochs", "max-epochs"),
    "batch_size": ("batch-size", "train-batch-size", "per-device-train-batch-size"),
    "learning_rate": ("learning-rate", "lr"),
    "weight_decay": ("weight-decay", "wd"),
    "warmup": ("warmup", "warmup-ratio", "warmup-steps"),
    "patience": ("patience", "early-stopping-patience", "early-stopping"),
}
OF_A_RUN = {
    "dataset": ("data", "data-dir", "dataset-name", "train-file", "validation-file", "test-file", "train-data"),
    "model": ("model-name", "model-name-or-path", "model-path", "encoder"),
    "text-column": ("text", "text-column-name", "text-col", "text-field", "sentence-column", "input-column"),
    "label-column": ("label", "target", "label-column-name", "label-col", "label-field", "target-column"),
    "label-names": ("labels", "classes", "class-names", "num-labels", "id2label"),
    "test-size": ("train-split", "test-split", "val-size", "dev-size", "validation-split", "validation-size"),
    "limit": ("max-samples", "max-train-samples", "max-eval-samples", "max-predict-samples", "subsample"),
    "per-class": ("shots", "n-shot", "few-shot", "num-samples", "samples-per-label", "k-shot"),
    "strategies": ("strategy", "method", "methods", "classifier", "classifiers"),
    "seeds": ("seed", "random-state", "random-seed", "num-seeds", "n-seeds"),
    "output-dir": ("output", "output-folder", "out"),
    "fresh": ("overwrite-output-dir", "overwrite"),
    "max-length": ("max-seq-length", "max-seq-len", "max-len", "max-tokens", "truncation"),
    "device": ("cpu", "cuda", "gpu", "gpus", "n-gpu", "no-cuda", "use-cuda", "use-cpu"),
    "dtype": ("fp16", "bf16", "precision", "half"),
}
OF_NOTHING = {
    "No option turns that on: code of a checkpoint is never run.": ("trust-remote-code",),
    "The hub's token is read from HF_TOKEN, or from 'hf auth login'.": (
        "token",
        "hf-token",
        "use-auth-token",
    ),
    "Accuracy, f1_macro and f1_weighted are in every run; rows are sorted by f1_macro of validation.": (
        *("metric", "metrics", "eval-metric", "metric-for-best-model", "scoring"),
    ),
    "Probes have it, written behind their name: -s 'logreg_probe(pooling=mean,layer=6,C=0.1)'.": (
        *("pooling", "layer", "layers", "c"),
    ),
}
ONE_A_RUN = {
    "model": "A run has one encoder: run the command once for each, then 'harness compare RUN RUN'.",
    "dataset": "A run has one data set: files of its splits are written with commas, -d train.csv,test.csv.",
}


class Command(click.Command):
    """A command that refuses what click would take in silence or refuse without a way out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments.

        Raises:
            UsageError: Where an option that takes one value is given twice, where an option is unknown, with the one
                that was meant, and where a word belongs to no option.
        """
        if not ctx.resilient_parsing:
            self._refuse_habits(ctx, list(args))
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, in the language of `--lang` or the locale."""
        return translated_help(self, ctx, ctx.obj["argv"] if ctx.obj else ()) or super().get_help(ctx)

    def _refuse_habits(self, ctx: click.Context, args: list[str]) -> None:
        try:
            _, rest, order = self.make_parser(ctx).parse_args(args=args)
        except click.NoSuchOption as error:
            if hint := self._hint(error.option_name.lstrip("-"), {name for p in self.params for name in p.opts}):
                raise click.UsageError(f"No such option {error.option_name!r}. {hint}", ctx) from error
            raise
        for param, times in Counter(order).items():
            if times > 1 and isinstance(param, click.Option) and _takes_one(param):
                advice = ONE_A_RUN.get(param.name or "", "Give it once.")
                raise click.UsageError(f"{max(param.opts, key=len)} is given {times} times. {advice}", ctx)
        if rest and any(param.name == "dataset" for param in self.params):
            raise click.UsageError(
                f"Got unexpected extra argument ({' '.join(rest)}). A data set is named with -d: "
                f"{ctx.command_path} -d {rest[0]}",
                ctx,
            )

    def _hint(self, given: str, options: set[str]) -> str | None:
        given = given.lower()
        field = next((field for field, names in OF_A_STRATEGY.items() if given in names), None)
        if field and "--set" in options:
            return (
                f"It is of a strategy that trains, and set there: --set STRATEGY.{field}=VALUE, such as "
                f"--set full_finetune.{field}=VALUE; 'harness list full_finetune' shows all."
            )
        if told := next((words for words, names in OF_NOTHING.items() if given in names), None):
            return told
        meant = next((option for option, names in OF_A_RUN.items() if given in names), None)
        return f"Did you mean --{meant}?" if meant and f"--{meant}" in options else None


class Group(click.Group):
    """A group whose commands are of the kind above."""

    command_class = Command
    group_class = type

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, in the language of the locale."""
        return translated_help(self, ctx, ()) or super().get_help(ctx)


def _takes_one(option: click.Option) -> bool:
    return not (option.multiple or option.count or (option.is_flag and not option.secondary_opts))


def joined(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> str | None:
    """Collect what an option that may be repeated was given into one comma-separated list; None where it was not."""
    return ",".join(value) if value else None
