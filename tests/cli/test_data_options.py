"""Options about data reach the data, are recorded, and what was found is told by audit and run."""

import json
from pathlib import Path

from .commands import Harness

ROWS = "".join(f"text {i};{('neg', 'pos', 'Pos')[i % 3]}\n" for i in range(60))


def test_one_file_without_a_header_in_another_encoding_is_divided_and_recorded(
    harness: Harness, tmp_path: Path
) -> None:
    file = tmp_path / "reviews.csv"
    file.write_bytes((ROWS + "café;pos\n").encode("utf-16"))
    options = ["--columns", "said,mood", "--text-column", "said", "--label-column", "mood", "--normalise-labels"]
    divided = ["--encoding", "utf-16", "--quoting", "no", "--test-size", "0.2", "--split-seed", "3"]
    run = harness("run", "-d", str(file), *options, *divided, "-s", "majority", "-q", "--offline").run
    assert sum(sum(counts) for counts in run.task.class_counts.values()) == 61
    assert run.task.label_names == ["neg", "pos"]
    config = run.config
    assert (config.columns, config.encoding, config.quoting) == (("said", "mood"), "utf-16", "no")
    assert (config.test_size, config.split_seed, config.normalise_labels) == (0.2, 3, True)
    assert any("12 of 61 rows, stratified, seed 3, were set aside as test" in note for note in run.notes)


def test_names_that_look_alike_are_told_by_audit_and_run(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "reviews.txt"
    file.write_text(ROWS)
    argv = ["-d", str(file), "--test-size", "0.2"]
    told = "'Pos' (20 rows) and 'pos' (20 rows) (--normalise-labels joins them)"
    assert told in " ".join(harness("audit", *argv).out.split())
    assert told in " ".join(json.loads(harness("audit", *argv, "--json").out)["notes"])
    outcome = harness("run", *argv, "-s", "majority", "-q", "--offline")
    assert any(told in note for note in outcome.run.notes)


def test_an_encoding_or_share_that_is_none_is_refused(harness: Harness) -> None:
    for option, value in (("--encoding", "utf-9"), ("--encoding", "hex"), ("--test-size", "1.5"), ("--columns", ",")):
        outcome = harness("audit", "-d", "sample", option, value, "--offline")
        assert (outcome.code, f"{option}:" in outcome.err) == (2, True)
