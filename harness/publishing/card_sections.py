"""The sections of a model card that a report has not: how to use it, its own scores, its rivals, what it confuses."""

from collections.abc import Iterator, Sequence

from harness.analysis.ranking import MAJORITY
from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Block, Cell, Code, Column, Facts, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.evaluation.evidence import PairEvidence
from harness.evaluation.intervals import Interval
from harness.evaluation.metrics import METRICS, CoreMetric
from harness.publishing.publication import Published
from harness.wording.languages import Say

BAG_OF_WORDS = "tfidf_logreg"
MOST_CONFUSIONS = 10

_WITH_PIPELINE = """from transformers import pipeline

classify = pipeline("text-classification", {repository!r})
print(classify(["a text", "another"]))"""

_WITH_HARNESS = """import harness
from huggingface_hub import snapshot_download

classifier = harness.load_classifier(snapshot_download({repository!r}))
print(classifier.predict(["a text", "another"]), classifier.classes_)"""


def use_section(published: Published, say: Say) -> Section:
    """Show how to predict with it."""
    publication, blocks = published.publication, list[Block]()
    repository = publication.repository
    if publication.pipeline:
        blocks += [Code(_WITH_PIPELINE.format(repository=repository), "python"), Paragraph(say("Or, as in the run:"))]
    blocks += [Code("pip install strategy-harness"), Code(_WITH_HARNESS.format(repository=repository), "python")]
    saved = published.saved
    if saved.encoder and saved.encoder.states:
        told = say("It reads frozen features of {encoder} and needs that encoder beside it.")
        name = published.base_model or say("an encoder that lay in a folder: name it with model=...")
        blocks.append(Paragraph(Phrase(told, {"encoder": name}), "note"))
    return Section("use", say("How to use it"), blocks)


def own_scores_section(published: Published, say: Say) -> Section:
    """Lay out the scores of the published trial."""
    record, known = published.record, published.evidence
    columns = [Column(say("metric"), kind="name"), Column(say("validation")), Column(say("test"))]
    columns.append(Column(say("95 % interval")))
    rows = [
        Row.of(
            say(metric),
            *(numbers.score(getattr(scores, metric)) for scores in (record.validation, record.test)),
            _interval(getattr(known, metric, None)),
        )
        for metric in METRICS
    ]
    n_rows = numbers.count(published.run.task.n_rows("test"))
    caption = Phrase(
        say("Scores of this classifier on {n} test rows, seed {seed}"), {"n": n_rows, "seed": str(record.seed)}
    )
    return Section("own-scores", say("Its scores"), [Table(caption, columns, rows)])


def _interval(interval: Interval | None) -> str:
    return numbers.interval(interval.low, interval.high) if interval else numbers.MISSING


def rivals_section(subject: Subject, published: Published) -> Section | None:
    """Lay out its paired differences to majority, the bag of words and the next best; None where there is none."""
    say, own = subject.say, published.record.strategy
    pairs = {(pair.first, pair.second): pair for pair in subject.study.evidence.pairs}
    rows = list[Row]()
    for rival in _rivals(subject.study.strategies, own):
        pair, sign = (pairs.get((own, rival)), 1) if (own, rival) in pairs else (pairs.get((rival, own)), -1)
        if pair:
            rows.append(Row.of(rival, *_differences(pair, sign)))
    if not rows:
        return None
    columns = [Column(say("strategy"), kind="name")]
    columns += [
        Column(heading, say(m)) for m in ("f1_macro", "accuracy") for heading in (say("difference"), say("p, Holm"))
    ]
    caption = Phrase(say("{name} minus others on the same test rows, means over seeds"), {"name": own})
    return Section("rivals", say("Against others"), [Table(caption, columns, rows)])


def _rivals(strategies: Sequence[Studied], own: str) -> list[str]:
    """Return majority, the bag of words and the next best by validation, as far as they are there."""
    next_best = next((s.name for s in strategies if s.name != own and not s.is_floor), None)
    known = [s.name for s in strategies if s.base in (MAJORITY, BAG_OF_WORDS) and s.name != own]
    return list(dict.fromkeys([*([next_best] if next_best else []), *known]))


def _differences(pair: PairEvidence, sign: int) -> Iterator[Cell | str]:
    metrics: tuple[CoreMetric, ...] = ("f1_macro", "accuracy")
    for metric in metrics:
        difference = getattr(pair, metric)
        low, high = sorted((sign * difference.interval.low, sign * difference.interval.high))
        yield Cell(numbers.difference(sign * difference.value), numbers.difference_interval(low, high))
        yield numbers.p_value(difference.p_holm)


def confused_section(published: Published, say: Say) -> Section | None:
    """List the classes that it confuses most often on test; None where it confuses none."""
    test, names = published.record.test, published.run.task.label_names
    confusion = test.confusion if test else []
    wrong = [(n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n]
    if not wrong:
        return None
    columns = [Column(say("label"), kind="name"), Column(say("predicted"), kind="name"), Column(say("rows"))]
    columns.append(Column(say("share of the class")))
    rows = [
        Row.of(names[i], names[j], numbers.count(n), numbers.share(n / sum(confusion[i])))
        for n, i, j in sorted(wrong, key=lambda each: (-each[0], each[1:]))[:MOST_CONFUSIONS]
    ]
    return Section("confused", say("What it confuses"), [Table(say("Most frequent errors on test"), columns, rows)])


def licences_section(published: Published, say: Say) -> Section:
    """Name the licences, or that nobody stated them."""
    publication, unknown = published.publication, say("not stated")
    facts = [(say("license of the classifier"), publication.license or unknown)]
    facts.append((say("license of the data"), publication.data_license or unknown))
    if published.base_model:
        facts.append((say("encoder"), published.base_model))
    return Section("licences", say("Licenses"), [Facts(facts)])
