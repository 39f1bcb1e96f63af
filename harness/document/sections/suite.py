"""Suite -> sections: the table of all cells, mean ranks, encoders, what they cost."""

from collections.abc import Iterator
from functools import partial

from harness.analysis.encoder_study import EncoderStudy
from harness.analysis.fold_study import FoldStudy
from harness.analysis.suite_ranking import Ranking
from harness.analysis.suite_study import SuiteStudy
from harness.document import numbers
from harness.document.figures.ranks import rank_figure
from harness.document.model import (
    Block,
    Cell,
    Column,
    Facts,
    Gallery,
    Name,
    Paragraph,
    Phrase,
    Picture,
    Report,
    Row,
    Section,
    Table,
    Words,
)
from harness.document.sections.folds import compose_folds
from harness.document.sections.mean_ranks import NO_STAR, STAR, rank_cell, tests_of
from harness.document.sections.suite_encoders import answer_of_encoders, combinations_of_suite, encoders_of_suite
from harness.evaluation.ranks import FEWEST_SETS
from harness.wording.languages import Say


def compose_suite(study: SuiteStudy, say: Say, language: str) -> Report:
    """Put the report of a suite together.

    Args:
        study: The suite.
        say: Translates fixed phrases.
        language: Their language.

    Returns:
        The report, without sections that would be empty.
    """
    if study.record.has_folds:
        return compose_folds(FoldStudy(study), say, language)
    sections = [scores_of_suite(study, say), ranks_of_suite(study, say)]
    encoders = EncoderStudy(study)
    sections += [encoders_of_suite(encoders, say), combinations_of_suite(encoders, say)]
    unfinished = say("Unfinished: cells still to be run: {n}.").format(n=study.unfinished)
    return Report(
        language=language,
        title=_title(study, say),
        facts=Facts([(say("suite"), study.directory.path.name), (say("started"), study.record.started[:10])]),
        banners=[unfinished] if study.unfinished else [],
        sections=[Section("answer", say("Answer"), list(answer_of_suite(study, say)))]
        + [section for section in sections if section],
    )


def _title(study: SuiteStudy, say: Say) -> Words:
    n_strategies, n_sets, n_encoders = len(study.strategies), len(study.data_sets), max(len(study.encoders), 1)
    told = (
        say("1 strategy") if n_strategies == 1 else say("{n} strategies").format(n=numbers.count(n_strategies)),
        say("1 data set") if n_sets == 1 else say("{n} data sets").format(n=numbers.count(n_sets)),
        say("1 encoder") if n_encoders == 1 else say("{n} encoders").format(n=numbers.count(n_encoders)),
    )
    return say(", ").join(told)


def answer_of_suite(study: SuiteStudy, say: Say) -> Iterator[Block]:
    """Yield what the suite says of its strategies, and of its encoders, in a sentence each."""
    ranking = study.ranking
    if not ranking.names:
        yield Paragraph(say("No two strategies have a score on every data set, so none is ranked."), "lead")
    if ranking.names:
        yield Paragraph(_first(study, ranking, say), "lead")
    if ranking.names and ranking.difference is None:
        few = "{n} data sets carry no claim that one strategy ranks above another: that takes {fewest} or more."
        if len(study.data_sets) == 1:
            few = "One data set carries no claim that one strategy ranks above another: that takes {fewest} or more."
        values = {"n": numbers.count(len(study.data_sets)), "fewest": numbers.count(FEWEST_SETS)}
        yield Paragraph(Phrase(say(few), values))
    elif ranking.names:
        told = "{k} of {n} neighbours in the ranking cannot be told apart."
        values = {"k": numbers.count(ranking.inseparable_neighbours), "n": numbers.count(len(ranking.names) - 1)}
        yield Paragraph(Phrase(say(told), values))
    yield from answer_of_encoders(EncoderStudy(study), say)


def _first(study: SuiteStudy, ranking: Ranking, say: Say) -> Phrase:
    best = ranking.names[0]
    cells = [cell for cell in study.cells if cell.find(best)]
    told = (
        "{best} has the best mean rank, {rank} of {k}; in {n} of {cells} cells it is the best by validation or tied "
        "with that."
    )
    values: dict[str, str] = {"best": Name(best), "rank": f"{ranking.ranks[0].value:.2f}"}
    values |= {"k": numbers.count(len(ranking.names)), "cells": numbers.count(len(cells))}
    values["n"] = numbers.count(sum(cell.is_among_best(best) for cell in cells))
    return Phrase(say(told), values)


def scores_of_suite(study: SuiteStudy, say: Say) -> Section:
    """Lay out the test f1_macro of each strategy in each cell."""
    several = len(study.encoders) > 1
    columns = [Column(say("strategy"), kind="name"), Column(say("mean rank"))]
    keys = [(d, cell.encoder) for d in study.data_sets for cell in study.cells_of(d)]
    measured = f"{say('test')} {study.metric}"
    columns += [Column(e or say("no encoder"), d) if several else Column(d, measured) for d, e in keys]
    rows = []
    for name in study.strategies:
        cells = [_score(study, name, data_set, encoder) for data_set, encoder in keys]
        rows.append(Row([Cell(name), rank_cell(study.ranking.of(name)), *cells]))
    blocks: list[Block] = [Table(measured, columns, rows)]
    explained = (
        "Test {metric}, mean over seeds. Starred: in its cell the best by validation, or tied with it on these test "
        "rows. Mean rank over data sets, of the mean over encoders, with its 95 % interval over data sets and test "
        "rows; without one: floors, and what has no score on some data set."
    )
    blocks.append(Paragraph(Phrase(say(explained), {"metric": study.metric}), "note"))
    blocks += [Paragraph(text, "warning") for text in _failures(study, say)]
    return Section("scores", say("Scores"), blocks)


def _score(study: SuiteStudy, name: str, data_set: str, encoder: str) -> Cell:
    cell = next(each for each in study.cells_of(data_set) if each.encoder == encoder)
    found = cell.find(name)
    if found is None:
        return Cell("")
    best = cell.is_among_best(name)
    return Cell(f"{numbers.score(found.test_score)}{STAR if best else NO_STAR}", bold=best)


def _failures(study: SuiteStudy, say: Say) -> Iterator[Phrase]:
    for cell in study.cells:
        for _, record in cell.study.failures:
            where = say(", ").join(filter(None, (cell.data_set, cell.encoder)))
            values: dict[str, str] = {"strategy": Name(record.strategy), "where": where, "status": say(record.status)}
            yield Phrase(say("{strategy} has no score on {where}: {status}."), values)


def ranks_of_suite(study: SuiteStudy, say: Say) -> Section | None:
    """Lay out which strategies can be told apart over the data sets; None where fewer than two are ranked."""
    ranking = study.ranking
    if not ranking.names:
        return None
    best = ranking.names[0]
    columns = [Column(say("strategy"), kind="name"), Column(say("mean rank"))]
    against = Phrase(say("cells against {best}"), {"best": best})
    columns += [Column(say(heading), str(against)) for heading in ("better", "tied", "worse")]
    columns.append(Column(say("seconds"), say("all cells")))
    rows = []
    for name, rank in zip(ranking.names, ranking.ranks, strict=True):
        counts = study.against(name, best)
        told = [numbers.count(n) for n in (counts.better, counts.tied, counts.worse)] if name != best else [""] * 3
        rows.append(Row([Cell(name), rank_cell(rank), *map(Cell, told), Cell(numbers.seconds(study.seconds(name)))]))
    blocks: list[Block] = [Table(say("Strategies over data sets"), columns, rows)]
    blocks.append(Paragraph(_tests(study, say), "note"))
    blocks += _probabilities(study, say)
    if ranking.difference is not None:
        draw = partial(rank_figure, ranking, say("mean rank"), say("critical difference"))
        blocks.append(Gallery([Picture(draw, _alike(ranking, say), say("A bar joins what cannot be told apart."))]))
    return Section("ranks", say("Ranks"), blocks)


def _probabilities(study: SuiteStudy, say: Say) -> Iterator[Block]:
    """Yield how probably each strategy is better than the first, where somebody asked for it."""
    if study.rope is None:
        return
    if not study.against_first:
        told = "The Bayesian signed-rank test takes {fewest} data sets or more."
        yield Paragraph(Phrase(say(told), {"fewest": numbers.count(FEWEST_SETS)}), "note")
        return
    values = {"best": study.ranking.names[0], "rope": f"{study.rope:g}", "n": numbers.count(len(study.data_sets))}
    against = str(Phrase(say("than {best}, probability"), values))
    columns = [Column(say("strategy"), kind="name")]
    columns += [Column(say(heading), against) for heading in ("better", "same in practice", "worse")]
    rows = [
        Row.of(name, *(f"{share:.3f}" for share in (found.better, found.same, found.worse)))
        for name, found in study.against_first.items()
    ]
    yield Table(say("How probably a strategy is better over data sets"), columns, rows)
    told = (
        "Bayesian signed-rank test over {n} data sets (Benavoli et al., 2017): scores that differ by no more than "
        "{rope} are the same in practice."
    )
    yield Paragraph(Phrase(say(told), values), "note")


def _tests(study: SuiteStudy, say: Say) -> Words:
    told = "Better and worse: in {metric}, beyond chance on the test rows of a cell (paired, Holm)."
    return " ".join([say(told).format(metric=study.metric), *tests_of(study.ranking, say)])


def _alike(ranking: Ranking, say: Say) -> str:
    groups = [", ".join(ranking.names[a : b + 1]) for a, b in ranking.alike]
    return say("Cannot be told apart: {groups}.").format(groups="; ".join(groups) or numbers.MISSING)
