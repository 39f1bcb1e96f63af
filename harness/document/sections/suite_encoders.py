"""Encoders of a suite -> sections: which encoder, whether strategies depend on it, and which of both together."""

from collections.abc import Iterator
from statistics import fmean

from harness.analysis.encoder_study import Combination, EncoderStudy
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Name, Paragraph, Phrase, Row, Section, Table
from harness.document.sections.mean_ranks import NO_STAR, STAR, rank_cell, tests_of
from harness.evaluation.comparisons import ALPHA
from harness.wording.languages import Say


def answer_of_encoders(study: EncoderStudy, say: Say) -> Iterator[Block]:
    """Yield which encoder, whether the order of strategies depends on it, and which combination, in a sentence each.

    Args:
        study: The encoders of a suite; nothing is said of a single one.
        say: Translates fixed phrases.
    """
    if not study.ranking.names:
        return
    yield Paragraph(_best_encoder(study, say))
    if study.pairs:
        yield Paragraph(_order(study, say))
    if study.gains_differ_p is not None:
        depends = "What an encoder brings depends on the strategy (p\N{NO-BREAK SPACE}{p})."
        alike = "That an encoder brings one strategy more than another is not beyond chance (p\N{NO-BREAK SPACE}{p})."
        told = say(depends if study.gains_differ_p < ALPHA else alike)
        yield Paragraph(Phrase(told, {"p": numbers.p_value(study.gains_differ_p)}))
    if study.combined.names:
        yield Paragraph(_best_combination(study, say))


def _best_encoder(study: EncoderStudy, say: Say) -> Phrase:
    means = {name: fmean(_means(study, name)) for name in study.encoders}
    best, second, *_ = sorted(means, key=lambda name: study.study.oriented(means[name]), reverse=True)
    few = "Encoder {encoder} scores best, {gap} to the next, mean over strategies and data sets."
    apart = (
        "Encoder {encoder} scores best, {gap} to the next, mean over strategies and data sets, and can be told from it."
    )
    alike = (
        "Encoder {encoder} scores best, {gap} to the next, mean over strategies and data sets, but cannot be told from "
        "it by its ranks."
    )
    told = say(few if study.ranking.difference is None else apart if study.ranking.is_above(best, second) else alike)
    return Phrase(told, {"encoder": Name(best), "gap": numbers.difference(means[best] - means[second])})


def _order(study: EncoderStudy, say: Say) -> Phrase:
    """Say whether the order of strategies depends on the encoder."""
    same = "With each encoder the strategies rank in the same order."
    few = "{n} of {pairs} pairs of strategies rank in another order with another encoder."
    told = "{n} of {pairs} pairs of strategies rank in another order with another encoder, {m} of them beyond chance."
    values = {"n": len(study.changed_pairs), "pairs": len(study.pairs), "m": len(study.reversed_pairs)}
    pattern = say(same if not values["n"] else few if study.combined.difference is None else told)
    return Phrase(pattern, {name: numbers.count(value) for name, value in values.items()})


def _best_combination(study: EncoderStudy, say: Say) -> Phrase:
    best = "Of {k} combinations of strategy and encoder, {best} has the best mean rank, {rank}."
    tied = (
        "Of {k} combinations of strategy and encoder, {best} has the best mean rank, {rank}; {n} of the others cannot "
        "be told from it."
    )
    ranking = study.combined
    values: dict[str, str] = {"k": numbers.count(len(ranking.names)), "best": Name(ranking.names[0])}
    values |= {"rank": f"{ranking.ranks[0].value:.2f}", "n": numbers.count(study.tied_combinations)}
    return Phrase(say(best if ranking.difference is None else tied), values)


def encoders_of_suite(study: EncoderStudy, say: Say) -> Section | None:
    """Lay out what each encoder gives, apart from strategies; None with fewer than two."""
    if not study.ranking.names:
        return None
    measured = f"{say('test')} {study.study.metric}"
    columns = [Column(say("encoder"), kind="name"), Column(measured, say("mean")), Column(say("mean rank"))]
    columns.append(Column(say("first"), say("strategy"), "name"))
    rows = []
    for name in study.encoders:
        first = next(iter(study.of_encoder[name].names), study.strategies[0])
        rows.append(Row.of(name, numbers.score(fmean(_means(study, name))), rank_cell(study.ranking.of(name)), first))
    explained = "Over the strategies that read an encoder and were scored with each on each data set."
    ranges = (
        "Mean scores of encoders lie up to {encoders} apart, those of strategies up to {strategies}."
        if study.pairs
        else "Mean scores of encoders lie up to {encoders} apart."
    )
    values = {axis: numbers.score(study.range_of(axis)) for axis in ("encoders", "strategies")}
    notes = [say(explained), say(ranges).format(**values), *tests_of(study.ranking, say)]
    if study.gains_differ_p is not None:
        notes.append(say("Whether an encoder's gain depends on the strategy: Friedman's test, of two the sign test."))
    blocks: list[Block] = [Table(say("Encoders over data sets"), columns, rows), Paragraph(" ".join(notes), "note")]
    return Section("encoders", say("Encoders"), blocks)


def combinations_of_suite(study: EncoderStudy, say: Say) -> Section | None:
    """Lay out strategies and encoders ranked together; None with fewer than two encoders, or strategies."""
    if not study.ranking.names or not study.combined.names:
        return None
    columns = [Column(say("strategy"), kind="name"), Column(say("encoder"), kind="name"), Column(say("mean rank"))]
    columns.append(Column(f"{say('test')} {study.study.metric}", say("mean")))
    first, *_ = study.combined.names
    rows = []
    for each, rank in zip(study.combinations, study.combined.ranks, strict=True):
        mark = (
            "" if study.combined.difference is None else NO_STAR if study.combined.is_above(first, each.name) else STAR
        )
        rows.append(Row.of(each.strategy, each.encoder or say("no encoder"), rank_cell(rank, mark), _mean(study, each)))
    blocks: list[Block] = [Table(say("Strategies with encoders"), columns, rows)]
    if study.combined.difference is not None:
        starred = say("Starred: the first, and what cannot be told from it.")
        blocks.append(Paragraph(" ".join([starred, *tests_of(study.combined, say)]), "note"))
    return Section("combinations", say("Strategies with encoders"), blocks)


def _means(study: EncoderStudy, encoder: str) -> list[float]:
    """Return the mean score over data sets of each strategy that reads an encoder, with one."""
    return [_mean_of(study, Combination(name, encoder)) for name in study.strategies]


def _mean_of(study: EncoderStudy, combination: Combination) -> float:
    suite = study.study
    found = (suite.score(combination.strategy, data_set, combination.of) for data_set in suite.data_sets)
    return fmean(score for score in found if score is not None)


def _mean(study: EncoderStudy, combination: Combination) -> Cell:
    return Cell(numbers.score(_mean_of(study, combination)))
