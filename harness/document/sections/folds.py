"""Cross-validation -> sections: what it says in a sentence, and the table of its strategies."""

from collections.abc import Iterator

from harness.analysis.fold_study import FoldStudy, OverFolds
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Facts, Name, Paragraph, Phrase, Report, Row, Section, Table
from harness.document.sections.flattery import flattery, said_of_flattery
from harness.evaluation.resampled import FoldMean
from harness.wording.languages import Say

EXPLAINED = (
    "Each row is tested once in each draw of the folds, by a classifier that saw neither it nor its copies. Means are "
    "over folds; their intervals and the tests of differences to the first allow for folds that share rows to train on "
    "(Nadeau and Bengio, 2003), p by Holm. All rows: predictions of all folds taken together, of the lowest seed."
)


def compose_folds(found: FoldStudy, say: Say, language: str) -> Report:
    """Put the report of a cross-validation together.

    Args:
        found: The cross-validation.
        say: Translates fixed phrases.
        language: Their language.
    """
    study = found.study
    counted = {"s": numbers.count(len(study.strategies)), "n": numbers.count(found.n_rows)}
    counted |= {"k": numbers.count(len(study.record.cells))}
    facts = [(say("suite"), study.directory.path.name), (say("started"), study.record.started[:10])]
    facts += [(say("data set"), study.data_sets[0]), *((say("model"), name) for name in study.encoders)]
    unfinished = say("Unfinished: {n} folds are still to be run.").format(n=study.unfinished)
    return Report(
        language=language,
        title=Phrase(say("{s} strategies, {n} rows, {k} folds"), counted),
        facts=Facts(facts),
        banners=[unfinished] if study.unfinished else [],
        sections=[Section("answer", say("Answer"), list(answer_of_folds(found, say))), scores_of_folds(found, say)],
    )


def answer_of_folds(found: FoldStudy, say: Say) -> Iterator[Block]:
    """Yield what the folds say: the best by validation, what cannot be told from it, and what is worse."""
    if not found.strategies:
        return
    best, *others = found.strategies
    if best.is_floor:
        told = "Take none of these: by validation nothing is better than answering without reading the texts."
        yield Paragraph(Phrase(say(told)), "lead")
        return
    values: dict[str, str] = {"best": Name(best.name), "metric": found.study.metric}
    values |= {"score": f"{best.score.value:.2f}", "k": numbers.count(found.n_folds)}
    if floor := found.floor_ahead:
        told = (
            "By validation {best}, but its test {metric} ({score}), mean over {k} folds, is not above that of {other} "
            "({other_score})."
        )
        values |= {"other": Name(floor.name), "other_score": f"{floor.score.value:.2f}"}
        yield Paragraph(Phrase(say(told), values), "lead")
        return
    told = "{best} is the best by validation: test {metric} {score}, mean over {k} folds."
    yield Paragraph(Phrase(say(told), values), "lead")
    tested = [each for each in others if each.p is not None]
    groups = {
        "Worse beyond chance: {names}.": [each for each in tested if each.is_worse],
        "Cannot be told from it: {names}.": [each for each in tested if not (each.is_worse or each.is_better)],
        "Better on test beyond chance: {names}.": [each for each in tested if each.is_better],
    }
    for words, each in groups.items():
        if each:
            yield Paragraph(Phrase(say(words), {"names": say(", ").join(one.name for one in each)}))


def scores_of_folds(found: FoldStudy, say: Say) -> Section:
    """Lay out the scores of the strategies and their differences to the first."""
    test = f"{say('test')} {found.study.metric}"
    columns = [Column(say("strategy"), kind="name"), Column(say("validation"), found.study.metric)]
    columns += [Column(say("mean"), test), Column(say("behind the first"), test), Column("p", test)]
    columns += [Column(say(metric), say("all rows")) for metric in ("f1_macro", "accuracy")] + [Column(say("seconds"))]
    is_loss = found.study.oriented(1.0) < 0
    rows = [_row(each, is_first=i == 0, is_loss=is_loss) for i, each in enumerate(found.strategies)]
    blocks: list[Block] = [Table(say("Strategies over folds"), columns, rows), Paragraph(say(EXPLAINED), "note")]
    if any(flattery(each.optimism, is_loss=is_loss) for each in found.strategies):
        blocks.append(Paragraph(said_of_flattery(say), "note"))
    for name, n_folds, reason in found.unscored:
        told = "{strategy} has no score on {n} of {k} folds: {reason}."
        values = {"strategy": Name(name), "n": numbers.count(n_folds), "k": numbers.count(found.n_folds)}
        blocks.append(Paragraph(Phrase(say(told), values | {"reason": reason.rstrip(".")}), "warning"))
    return Section("scores", say("Scores"), blocks)


def _row(each: OverFolds, *, is_first: bool, is_loss: bool) -> Row:
    accuracy, f1_macro = each.all_rows or (None, None)
    behind = each.difference
    return Row(
        [
            Cell(each.name, bold=is_first),
            Cell(numbers.score(each.validation), flattery(each.optimism, is_loss=is_loss)),
            Cell(numbers.score(each.score.value), _interval(each.score), bold=is_first),
            Cell(numbers.difference(behind.value), _reach(behind)) if behind else Cell(""),
            Cell("" if each.p is None else numbers.p_value(each.p)),
            Cell(numbers.score(f1_macro)),
            Cell(numbers.score(accuracy)),
            Cell(numbers.seconds(each.seconds)),
        ]
    )


def _interval(mean: FoldMean) -> str:
    return "" if mean.low is None or mean.high is None else numbers.interval(mean.low, mean.high)


def _reach(mean: FoldMean) -> str:
    return "" if mean.low is None or mean.high is None else numbers.difference_interval(mean.low, mean.high)
