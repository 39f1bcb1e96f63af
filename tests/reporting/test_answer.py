"""The first sentence of a report: what is best, what is tied with it, the cheapest of these, and what they cost."""

import re
from dataclasses import replace
from pathlib import Path

from harness.analysis.study import Study
from harness.evaluation.evidence import Conclusion

from .documents import paragraphs, report_of
from .factory import FIVE, Contestant, a_study


def concluded(study: Study, best: str, tied: list[str], cheapest: str) -> Study:
    conclusion = Conclusion(best=best, tied=tied, cheapest=cheapest)
    return replace(study, evidence=study.evidence.model_copy(update={"conclusion": conclusion}))


def sentence(study: Study) -> str:
    return paragraphs(report_of(study), "answer")[0].replace("\u00a0", " ")


def test_the_answer_says_that_nothing_is_tied_with_the_best(study: Study) -> None:
    found = sentence(concluded(study, "full_finetune", [], "full_finetune"))
    assert re.fullmatch(
        r"full_finetune is best by validation f1_macro \(test f1_macro 0\.\d{4}, 1,912 s, 67\.0M trained weights\), "
        r"and no other strategy is tied with it on test\.",
        found,
    )


def test_the_answer_names_a_cheaper_strategy_that_is_tied_with_the_best_and_the_cost_of_both(study: Study) -> None:
    found = sentence(concluded(study, "full_finetune", ["tfidf_logreg"], "tfidf_logreg"))
    assert (
        "1,912 s, 67.0M trained weights) and tied on test with tfidf_logreg, which is cheaper (test f1_macro" in found
    )
    assert found.endswith("3.35 s, 120.0k trained weights).")


def test_the_answer_names_all_that_are_tied_with_their_costs_and_the_cheapest_of_them(study: Study) -> None:
    found = sentence(concluded(study, "full_finetune", ["mlp_probe", "tfidf_logreg"], "tfidf_logreg"))
    assert re.search(r"tied on test with mlp_probe \(.*90\.6 s.*\), tfidf_logreg \(.*3\.35 s.*\); the cheapest", found)
    own = sentence(concluded(study, "tfidf_logreg", ["mlp_probe", "full_finetune"], "tfidf_logreg"))
    assert own.startswith("tfidf_logreg is best by validation")
    assert own.endswith("and the cheapest of these.")


def test_the_answer_cuts_a_long_list_of_ties(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", [Contestant(f"s{i}", 2.0) for i in range(12)])
    names = [studied.name for studied in study.strategies]
    assert "and 3 more; the cheapest" in sentence(concluded(study, names[0], names[1:], names[1]))


def test_a_single_strategy_is_not_called_the_best(tmp_path: Path) -> None:
    study = a_study(tmp_path / "run", FIVE[:1])
    assert sentence(study).startswith("majority is the only strategy that was scored (")
    assert "differences" not in [section.name for section in report_of(study).sections]
