"""Options of harness run: typed, spelt either way, in a file or on the line, with a hint where they are wrong."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import torch

from harness import RunConfig
from harness.cli import cli
from harness.cli.command import OF_A_STRATEGY

from .commands import QUICK, Harness, Outcome


@pytest.fixture
def run(run: Harness) -> Harness:
    """`harness run` that saves no models, unless the arguments say what to save: nobody looks at them here."""

    def command(*argv: str, strategies: str = QUICK) -> Outcome:
        saving = [] if "save" in " ".join(argv) else ["--no-save-models"]
        return run(*saving, *argv, strategies=strategies)

    return command


def options_below(command: click.Command) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from options_below(below)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_no_option_takes_a_number_that_is_not_finite(number: str) -> None:
    fractions = [each for each in options_below(cli) if isinstance(each.type, type(click.FLOAT))]
    assert len(fractions) > 5
    for option in fractions:
        with pytest.raises(click.BadParameter):
            option.type.convert(number, option, None)


@pytest.mark.parametrize("amount", ["9" * 400, f"{'9' * 400}GB"])
@pytest.mark.parametrize("option", ["--memory-limit", "--time-limit", "--max-latency", "--budget"])
def test_an_amount_that_is_beyond_all_numbers_is_refused(run: Harness, option: str, amount: str) -> None:
    outcome = run(option, amount)
    assert outcome.code == 2
    assert option in outcome.err


def test_set_changes_a_parameter_and_keeps_its_type(run: Harness) -> None:
    changes = ("C=0.5", "max_iter=7", "pooling=mean")
    outcome = run(*(word for change in changes for word in ("--set", f"logreg_probe.{change}")))
    params = {record.strategy: record.params for record in outcome.run.records}["logreg_probe"]
    kept = {"layer": -1, "scaling": "standard", "class_weight": "none"}
    assert params == {**kept, "pooling": "mean", "C": 0.5, "max_iter": 7}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--set", "logreg_prob.C=1"], "Did you mean 'logreg_probe'?"),
        (["--set", "logreg_probe.max_itr=1"], "Did you mean 'max_iter'?"),
        (["--set", "logreg_probe.max_iter=many"], "--set logreg_probe.max_iter:"),
        (["--set", "logreg_probe.C=-1"], "--set logreg_probe.C:"),
        (["--set", "logreg_probe.C=1e400"], "--set logreg_probe.C: expected a finite number"),
        (["--set", "logreg_probe.pooling=sum"], "--set logreg_probe.pooling:"),
        (["--set", "C=1"], "--set expects STRATEGY.FIELD=VALUE"),
        (["-s", "majorty"], "Did you mean 'majority'?"),
        (["-s", ","], "--strategies: name at least one"),
        (["--limt", "3"], "--limit"),
        (["--limit", "1"], "--limit:"),
        (["--seeds", "0,x"], "--seeds:"),
        (["--batch-tokens", "0"], "--batch-tokens:"),
        (["-b", "many"], "--batch-tokens: expected 'auto' or a whole number from 1"),
        (["--cache-dir", ""], "--cache-dir:"),
        (["--device", "tpu"], "'tpu' is not one of"),
        (["--seeds", "4-0"], "--seeds: expected a range that counts up"),
        (["--seeds", "0-4294967295"], "--seeds: expected a range that counts up"),
        (["stray"], "unexpected extra argument (stray). A data set is named with -d: harness run -d stray"),
        (["--limit", "3", "-n", "4"], "--limit is given 2 times"),
        (["--cache", "--no-cache"], "--cache is given 2 times"),
        (["--epochs", "3"], "--set full_finetune.epochs=VALUE"),
        (["--num_train_epochs=3"], "--set full_finetune.epochs=VALUE"),
        (["--batch-size", "16"], "--set full_finetune.batch_size=VALUE"),
        (["--learning-rate", "1e-4"], "--set full_finetune.learning_rate=VALUE"),
        (["--lr", "1e-4"], "--set full_finetune.learning_rate=VALUE"),
        (["--model_name_or_path", "x"], "Did you mean --model?"),
        (["--seed", "1"], "Did you mean --seeds?"),
        (["--target", "y"], "Did you mean --label-column?"),
        (["--max_seq_length", "128"], "Did you mean --max-length?"),
        (["--early-stopping-patience", "2"], "--set full_finetune.patience=VALUE"),
        (["--trust-remote-code"], "code of a checkpoint is never run"),
        (["--pooling", "mean"], "-s logreg_probe(pooling=mean"),
        (["--train-sizes", "0.5"], "Input should be 'all', or a valid integer"),
        (["-s", "majority,logreg_probe(layer=99)"], "has layers 0..2, but layer 99 was asked for"),
        (["--set", "layerwise_probe.lowest=-9", "-s", "layerwise_probe"], "but layer -9 was asked for"),
        (["-s", "last_layers_finetune(n_blocks=1|3)"], "n_blocks=3, but the encoder has 2"),
        (["-s", "full_finetune(keep_head=true)"], "keep_head: the head of the checkpoint"),
        (["-s", "probe_then_finetune(keep_head=true)"], "begins as a probe"),
        (["--set", "logreg_probe.C=1", "--set", "logreg_probe.C=2"], "C is given twice, as 1 and 2"),
        (["--columns", "text,label,label"], "--columns: expected names that differ"),
        (["-s", "lora"], "There is no strategy 'lora'. Did you mean 'lora_finetune'?"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(run: Harness, argv: list[str], message: str) -> None:
    outcome = run(*argv)
    assert outcome.code == 2
    assert message.replace("'", "") in " ".join(outcome.err.split()).replace("'", "")
    assert "Traceback" not in outcome.err
    assert not outcome.folder.exists()


@pytest.mark.parametrize("option", ["--model", "--dataset"])
def test_commands_of_one_data_set_and_encoder_say_so(harness: Harness, option: str) -> None:
    outcome = harness("tune", "logreg_probe", option, "one", option, "other")
    assert outcome.code == 2
    assert f"{option} is given 2 times. A run has one" in " ".join(outcome.err.split())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused(run: Harness) -> None:
    outcome = run("--device", "cuda")
    assert outcome.code == 2
    assert "finds no such device" in outcome.err


def test_fields_that_hints_name_are_fields_of_full_finetune(harness: Harness) -> None:
    outcome = harness("list", "full_finetune")
    assert [field for field in OF_A_STRATEGY if f"\n{field} " not in outcome.out] == []


def test_lists_that_are_given_in_several_options_are_put_together(run: Harness) -> None:
    lists = ("--seeds", "1-2", "--seeds", "0", "-s", "majority", "-s", "stratified_random,majority")
    config = run(*lists, "--train-size", "6").run.config
    assert config.strategies == ("majority", "stratified_random")
    assert (config.seeds, config.train_sizes) == ((1, 2, 0), (6,))


def test_a_word_without_an_option_is_taken_for_no_data_set_by_other_commands(harness: Harness) -> None:
    assert "-d" not in harness("cache", "list", "stray").err


def test_an_unknown_command_is_refused(harness: Harness) -> None:
    assert harness("rum").code == 2


def test_flags_may_be_spelt_with_underscores(run: Harness, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    flags = ("--output_dir", str(elsewhere), "--fail_fast", "--no_save_models", "--batch_tokens", "400")
    outcome = run(*flags, strategies="majority")
    assert outcome.code == 0
    (saved,) = elsewhere.iterdir()
    config = json.loads((saved / "run.json").read_text())["config"]
    assert (config["fail_fast"], config["save_models"], config["batch_tokens"]) == (True, False, 400)


@pytest.mark.slow
def test_the_token_budget_is_as_asked_for_and_recorded(run: Harness) -> None:
    asked, chosen = run("-b", "64", "--no-cache").run, run("--no-cache").run
    assert asked.model is not None
    assert chosen.model is not None
    assert (asked.model.token_budget, asked.config.batch_tokens) == (64, 64)
    assert (chosen.model.token_budget, chosen.config.batch_tokens) == (2048, "auto")


@pytest.mark.slow
def test_the_cache_lies_where_it_is_asked_for_or_nowhere(run: Harness, tmp_path: Path) -> None:
    def source(*argv: str) -> str | None:
        return {record.strategy: record.features for record in run(*argv).run.records}["logreg_probe"]

    one, other = (["--cache-dir", str(tmp_path / name)] for name in ("one", "other"))
    assert source(*one, "--no-cache") == "computed"
    assert not (tmp_path / "one").exists()
    assert source(*one) == "computed"
    assert source(*one) == "cached"
    assert source(*other) == "computed"
    assert source(*one, "--no-cache") == "computed"


@pytest.mark.parametrize("key", ["fail-fast", "fail_fast"])
def test_a_file_holds_options_and_a_flag_wins(run: Harness, tmp_path: Path, key: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(f"seeds = [3, 4]\n{key} = true\nlimit = 9\n[set.logreg_probe]\nC = 2.0\n")
    config = run("-c", str(file), "--limit", "12", strategies="logreg_probe").run.config
    assert (config.seeds, config.fail_fast, config.limit) == ((3, 4), True, 12)
    assert config.set == {"logreg_probe": {"C": 2.0}}


@pytest.mark.parametrize(("content", "message"), [("sed = 1", "Did you mean 'seeds'?"), ("seeds = ", "not valid TOML")])
def test_a_wrong_file_is_refused(run: Harness, tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(content)
    outcome = run("--config", str(file))
    assert outcome.code == 2
    assert message in outcome.err


def test_limit_cuts_every_split_and_keeps_its_classes(run: Harness) -> None:
    counts = run("--limit", "6", strategies="majority").run.task.class_counts
    assert counts == {"train": [2, 2, 2], "validation": [2, 2, 2], "test": [2, 2, 2]}


def test_names_may_be_given_to_numbered_labels(harness: Harness, tmp_path: Path) -> None:
    for split, rows in {"train": 12, "validation": 4, "test": 6}.items():
        lines = (json.dumps({"text": f"{split} text {i}", "label": i % 2}) for i in range(rows))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    argv = ["-d", str(tmp_path), "-s", "majority", "-q", "--offline", "--label-names", "no,yes"]
    outcome = harness("run", *argv)
    assert outcome.code == 0, outcome.err
    assert outcome.run.task.label_names == ["no", "yes"]


def test_columns_may_be_named(harness: Harness, tmp_path: Path) -> None:
    for split, rows in {"train": 12, "validation": 4, "test": 6}.items():
        lines = (json.dumps({"said": f"{split} text {i}", "text": "", "mood": f"m{i % 2}"}) for i in range(rows))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines))
    argv = ["-d", str(tmp_path), "-s", "majority", "-q", "--offline", "--text_column", "said", "--label-column", "mood"]
    assert harness("run", *argv).run.task.label_names == ["m0", "m1"]


def test_help_names_every_option_of_a_run(harness: Harness) -> None:
    outcome = harness("run", "-h")
    assert outcome.code == 0
    for name in RunConfig.model_fields:
        assert f"--{name.replace('_', '-')}" in outcome.out


@pytest.mark.parametrize("command", ["list", "show", "completion"])
def test_every_command_has_help(harness: Harness, command: str) -> None:
    outcome = harness(command, "--help")
    assert outcome.code == 0
    assert f"Usage: harness {command}" in outcome.out


@pytest.mark.slow
def test_the_head_of_the_table_says_how_probes_pool_and_why_and_what_stands_before_each_text(
    run: Harness, tiny_model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "declares"))
    modules = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    plain = run(strategies="logreg_probe")
    assert "pooling cls, since the checkpoint declares none" in " ".join(plain.out.split())
    assert plain.run.records[0].params["pooling"] == "cls"
    declared = run("-m", str(folder), "--prompt", "sun ", strategies="logreg_probe")
    assert "pooling mean, as the checkpoint says prompt sun" in " ".join(declared.out.split())
    (record,), model = declared.run.records, declared.run.model
    assert record.params["pooling"] == "mean"
    assert model is not None
    assert (model.pooling, model.prompt) == ("mean", "sun ")


def test_a_prompt_that_nobody_would_read_is_told_of(run: Harness) -> None:
    assert run("--prompt", "query: ", strategies="majority").run.notes == [
        "--prompt has no effect: no selected strategy reads frozen features"
    ]
