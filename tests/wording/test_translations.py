"""Everything the program says is said in Traditional Chinese, too, in columns that keep their places."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.cells import cell_len

import harness
from harness.analysis.error_analysis import analyse_errors
from harness.analysis.row_groups import breakdowns
from harness.data.audit import audit_task
from harness.data.task import SPLITS
from harness.document.sections.tradeoff import COSTS
from harness.evaluation.evidence import assess
from harness.evaluation.noninferiority import NonInferior
from harness.evaluation.trial_evidence import ScoredTrial
from harness.results.predictions import Predictions
from harness.results.records import Failure, Run, RunRecord
from harness.results.row_facts import RowFacts
from harness.terminal import make_console, print_audit, print_errors, print_run
from harness.wording.languages import catalogue

from ..terminal.factory import a_run, failed, scored, shown
from ..terminal.test_audit import LEAKY
from .phrases import said_in

ROOT = Path(__file__).parents[2]
SOURCE = Path(harness.__file__).parent
CHINESE = catalogue("zh-TW")
STATUSES = get_args(RunRecord.model_fields["status"].annotation)
STAGES = get_args(Failure.model_fields["stage"].annotation)
METRICS = ("accuracy", "f1_macro", "f1_weighted")
HALF = np.array([True, False] * 2)
DIVIDED = breakdowns(HALF, RowFacts(np.arange(4), None, np.arange(4), HALF, HALF, HALF))
PASSED_ON: dict[str, Sequence[str]] = {  # what comes to `say` through an argument or a field -> all that it can be
    **dict.fromkeys(
        ("split", "first", "second", "exact.first", "exact.second", "pair.first", "pair.second", "finding.split"),
        SPLITS,
    ),
    # Messages, of which test_messages.py speaks.
    **dict.fromkeys(("message", "note", "degradation", "told", "advice", "run.fallback"), ()),
    **dict.fromkeys(("study.watermark", "subject.study.watermark"), ()),
    "phrase": (),  # any, where a console decides whether it can show the translation
    "metric": METRICS,
    "change.metric": METRICS,
    "scores.verdict": get_args(NonInferior),
    "label": ("run", "strategy", "pooling", "prompt", "engine"),
    "template": ("{first} and {second}", "{first}/{second}"),
    "name": ("letter by letter", "normalised", *METRICS, "acc", "F1m", "F1w"),
    "unit": (),  # where it is not one of a loop's, it is translated already
    "cost.label": [cost.label for cost in COSTS.values()],
    "stage": ("encode", "fit", "predict"),
    "entry.seed": ("deterministic", "mean", "sd"),
    "record.status": STATUSES,
    "'the record holds no scores' if record.status == 'ok' else record.status": STATUSES,
    "record.error.stage": STAGES,
    "where_it_stopped(record)": (*STATUSES, *STAGES),
    "breakdown.by": [divided.by for divided in DIVIDED],
    "group.name": [group.name for divided in DIVIDED[1:] for group in divided.groups],  # the first have numbers
}


N, K = 60, 3
LABELS = np.arange(N) % K
NAMES = ["joy", "anger", "fear"]
LONG_TEXT = "一段很長的文字"
WRONG = {"full": 6, "probe": 15, "majority": 40}  # rows out of 60
IN_TABLE = re.compile(r"[^，。：；（]+$")  # noqa: RUF001  what has one of these is a sentence below a table
WORD = re.compile(r"[A-Za-z]+")
UNTRANSLATED = {  # names in the runs, metrics, units, and what nobody translates
    *(*WRONG, "det", "lora", "reviews", "tiny", "encoder", "cpu", "float", "CUDA", "out", "of", "memory", *NAMES),
    *("f", "macro", "weighted", "acc", "F", "m", "w", "p", "GB", "MB", "M", "k", "x", "a", "b", "c", "ab", "bc"),
    *("token", "Wilson", "Holm", "McNemar", "Jaccard", "Unicode", "seeds", "set"),
    *WORD.findall(str((LEAKY.train.texts, LEAKY.test.texts, LEAKY.label_names, LEAKY.provenance.notes))),
}


@cache
def phrases_said() -> dict[str, str]:
    """Return every phrase that the program translates -> where it says it."""
    said: dict[str, str] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for line, expression, texts in said_in(file.read_text(encoding="utf-8")):
            place = f"{file.relative_to(SOURCE)}:{line}"
            if None in texts:
                assert expression in PASSED_ON, f"{place}: PASSED_ON has to tell what {expression} can be"
                texts |= {*PASSED_ON[expression]}
            said |= dict.fromkeys(filter(None, texts), place)
    for file in sorted(SOURCE.rglob("*.html")):
        said |= dict.fromkeys(re.findall(r'\bsay\("([^"]+)"\)', file.read_text(encoding="utf-8")), file.name)
    return said


def test_every_phrase_has_a_translation() -> None:
    assert {phrase: place for phrase, place in phrases_said().items() if phrase not in CHINESE} == {}


def test_every_translation_is_of_a_phrase_that_the_program_says() -> None:
    assert sorted(CHINESE.keys() - phrases_said().keys()) == []


def probabilities(n_wrong: int) -> NDArray[np.float32]:
    """Return those of a strategy that takes the first rows for the next class."""
    predicted = np.where(np.arange(N) < n_wrong, (LABELS + 1) % K, LABELS)
    table = np.full((N, K), 0.1, dtype=np.float32)
    table[np.arange(N), predicted] = 0.8
    return table


@cache
def full_run() -> Run:
    """A run that has all there is to print: ties, several seeds, cached features, a failure, an audit."""
    records = [
        scored("full", 0.9, 0.9, K, fit_seconds=1912.2, trainable_parameters=66_958_086),
        scored("probe", 0.7, 0.75, K, encode_seconds=85.3, features="cached"),
        scored("probe", 0.71, 0.74, K, seed=1, encode_seconds=85.3, features="cached"),
        scored("majority", 0.6, 0.33, K, fit_seconds=0.0, predict_seconds=0.0, trainable_parameters=None),
        *(scored("det", 0.2, 0.2, K, seed=seed, predictions_sha256="0") for seed in (0, 1)),
        failed("lora", "CUDA out of memory"),
    ]
    trials = [
        ScoredTrial(name, 0, probabilities(n_wrong), 1 - n_wrong / N, 1.0 + n_wrong, n_wrong)
        for name, n_wrong in WRONG.items()
    ]
    evidence = assess(LABELS, trials, in_train=np.arange(N) < 2)
    return a_run(*records, names=NAMES, seeds=(0, 1), evidence=evidence, audit=audit_task(LEAKY, {"test": 1}, 512))


def errors_page(width: int) -> str:
    strategies = {name: Predictions(np.arange(N), LABELS, probabilities(n)) for name, n in WRONG.items()}
    even = np.arange(N) % 2 == 0
    facts = RowFacts(np.arange(N), (LONG_TEXT * 9,) * N, np.arange(N), even, even, even)
    stream = io.StringIO()
    print_errors(
        analyse_errors("probe", strategies, facts),
        NAMES,
        facts,
        [("run", "2025-reviews"), ("strategy", "probe")],
        make_console(stream, width=width),
        language="zh-TW",
    )
    return stream.getvalue()


def audit_page(width: int) -> str:
    stream = io.StringIO()
    print_audit(audit_task(LEAKY), LEAKY, "tiny-encoder", make_console(stream, width=width), "zh-TW")
    return stream.getvalue()


def run_page(width: int) -> str:
    return shown(full_run(), width, pairs=True, language="zh-TW")


PAGES = pytest.mark.parametrize("page", [run_page, errors_page, audit_page])
WIDTHS = pytest.mark.parametrize("width", [40, 80, 100, 140])


@PAGES
@WIDTHS
def test_no_line_is_wider_than_the_page(page: Callable[[int], str], width: int) -> None:
    assert [line for line in page(width).splitlines() if cell_len(line.rstrip()) > width] == []


@PAGES
@WIDTHS
def test_columns_stand_below_their_headings(page: Callable[[int], str], width: int) -> None:
    found = list(tables(page(width)))
    assert found
    for rule, lines in found:
        gaps = [i for i, character in enumerate(rule) if character == " "]
        for line in lines:
            assert [i for i in gaps if cells(line)[i : i + 1] not in ("", " ")] == [], f"{rule}\n{line}"
            assert cell_len(line) <= len(rule)


def tables(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the rule of each table with the line of headings above it and the rows below it."""
    below = re.compile(rf"  \S[^0-9─]*|[\s{LONG_TEXT}]+\S*")  # remarks and texts stand below a row, not in its columns
    lines = [line.rstrip() for line in text.splitlines() if not line.strip() or not below.fullmatch(line.rstrip())]
    rules = [i for i, line in enumerate(lines) if re.fullmatch(r"─+( +─+)+", line)]
    for i, next_rule in pairwise([*rules, len(lines) + 1]):
        rows = takewhile(IN_TABLE.match, lines[i + 1 : next_rule - 1])
        yield lines[i], [lines[i - 1], *rows]


def cells(line: str) -> str:
    """Return a line with as many characters as it has cells."""
    return "".join(character + "\N{FULL BLOCK}" * (cell_len(character) - 1) for character in line)


@PAGES
def test_headings_and_sentences_are_translated(page: Callable[[int], str]) -> None:
    for width in (40, 80):
        assert {*WORD.findall(page(width))} - UNTRANSLATED == set()


def test_a_stream_that_cannot_hold_chinese_gets_english() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_run(full_run(), make_console(stream, width=80), language="zh-TW")
    stream.flush()
    printed = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "test, with 95 % interval" in printed
    assert "\\u" not in printed


def code_in(readme: str) -> list[str]:
    """Return blocks between fences and indented lines, but for the tree of files, which stands in one of them."""
    fence = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    blocks = [block for block in fence.findall(readme) if "\nharness/\n" not in block]
    return blocks + re.findall(r"^    \S.*", fence.sub("", readme), re.MULTILINE)


def test_both_readmes_have_the_same_sections_and_code_and_lead_to_each_other() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-TW.md"))
    assert code_in(chinese) == code_in(english)
    assert chinese.count("\n## ") == english.count("\n## ")
    assert "(README.zh-TW.md)" in english.splitlines()[2]
    assert "(README.md)" in chinese.splitlines()[2]
