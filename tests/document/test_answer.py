"""A report begins with the answer, and what it rests on."""

from pathlib import Path

from harness.analysis.answer import answer
from harness.analysis.study import Study
from harness.wording.languages import translator

from ..studies import FIVE, a_study
from .documents import paragraphs, report_of, rows, table


def sentence(study: Study) -> str:
    return paragraphs(report_of(study), "answer")[0].replace("\u00a0", " ")


def test_the_answer_is_the_sentence_of_the_terminal_and_the_table_below_it_holds_its_numbers(study: Study) -> None:
    report = report_of(study)
    say = translator("en")
    given = answer(study.evidence.conclusion, study.strategies, study.evidence.n_rows, say)
    assert sentence(study) == given.text(say)
    assert paragraphs(report, "answer")[1:] == [str(note) for note in given.notes]
    compared = rows(table(report, "answer", "full_finetune, the best by validation, minus"))
    assert [row[0] for row in compared] == [each.other for each in study.evidence.conclusion.comparisons]
    assert {row[1] for row in compared} <= {"worse beyond chance", "may be chance", "as good within the margin"}


def test_a_floor_alone_is_not_recommended(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:1])
    assert sentence(study).startswith("Take none of these")
    assert "differences" not in [section.name for section in report_of(study).sections]
