"""Where a strategy fails, on the page: single rows, confused classes, what all strategies miss, groups of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.analysis.error_analysis import ConfusedPair, ErrorAnalysis, RowError
from harness.analysis.joint_errors import JointErrors, MissedByAll
from harness.evaluation.intervals import Interval
from harness.results.row_facts import RowFacts
from harness.terminal.console import Page, folding
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.run import label_value_lines
from harness.terminal.scores import NAME_WIDTH, STACKED_BELOW
from harness.wording import quantities

TEXT_LENGTH = 240  # columns of a text
INDENT = (0, 0, 0, 2)
GROUPS_LEGEND = "Negation words are English ones; 95 % intervals are Wilson's."
NO_TEXTS = "This run kept no texts. Look the rows up in the test split, or run again with --save-texts."
NO_FACTS = "This run kept no facts of its test rows, so accuracy cannot be told by groups of them. Run it again."


def print_errors(
    analysis: ErrorAnalysis,
    label_names: Sequence[str],
    facts: RowFacts | None,
    about: Sequence[tuple[str, str]],
    console: Console,
    *,
    top: int = 5,
    language: str = "en",
) -> None:
    """Print where a strategy fails.

    Args:
        analysis: Its errors.
        label_names: The k class names.
        facts: Facts of the test rows, with their texts where they were kept.
        about: Labels and values of the heading.
        console: Where.
        top: Rows shown of each kind.
        language: Of headings and fixed phrases, one of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    page.write([label_value_lines([(page.say(label), value) for label, value in about], page)])
    page.write(_Layout(page, label_names, facts.texts_by_row() if facts else {}, top).lines(analysis))
    page.write(_remarks(analysis, facts, page))


@dataclass(frozen=True)
class _Layout:
    """What every part of the page needs: names of classes, texts by row, and how many rows to show."""

    page: Page
    label_names: Sequence[str]
    texts: Mapping[int, str] = field(default_factory=dict)
    top: int = 5

    def lines(self, analysis: ErrorAnalysis) -> Iterator[RenderableType]:
        """Yield all parts, each after an empty line."""
        parts = [self._summary(analysis), self._highest_loss(analysis), self._confused(analysis)]
        if analysis.joint:
            parts += [self._missed_by_all(analysis.joint), self._alone(analysis, analysis.joint)]
        for part in [*parts, self._groups(analysis)]:
            yield from part

    def _summary(self, analysis: ErrorAnalysis) -> Iterator[RenderableType]:
        template = self.page.say("{right} of {n} test rows are right: accuracy {accuracy}, 95 % interval {interval}.")
        yield self._folded(
            template.format(
                right=f"{analysis.n_right:,}",
                n=f"{analysis.n:,}",
                accuracy=quantities.score(analysis.accuracy),
                interval=_span(analysis.interval),
            )
        )

    def _highest_loss(self, analysis: ErrorAnalysis) -> Iterator[RenderableType]:
        yield from self._title(self.page.say("Rows with the highest loss"))
        for error in analysis.highest_loss[: self.top]:
            yield self._folded(self._error(error))
            yield from self._text(error.row)

    def _error(self, error: RowError) -> str:
        template = self.page.say("row {row}: true {label} ({p}), predicted {prediction} ({q}), loss {loss}")
        return template.format(
            row=f"{error.row + 1:,}",
            label=self._name(error.label),
            p=quantities.score(error.label_probability),
            prediction=self._name(error.prediction),
            q=quantities.score(error.probability),
            loss=f"{error.loss:.2f}",
        )

    def _confused(self, analysis: ErrorAnalysis) -> Iterator[RenderableType]:
        yield from self._title(self.page.say("Classes most often confused"))
        if not analysis.confused:
            yield self._folded(self.page.say("None: every row is right."))
        for pair in analysis.confused[: self.top]:
            yield self._folded(self._pair(pair))
            yield from self._rows(pair.examples)

    def _pair(self, pair: ConfusedPair) -> str:
        names = f"{self._name(pair.label)} {self.page.glyphs.arrow} {self._name(pair.prediction)}"
        template = self.page.say("{names}: {n} of {support} ({share})")
        share = quantities.share(pair.n, pair.support)
        return template.format(names=names, n=f"{pair.n:,}", support=f"{pair.support:,}", share=share)

    def _missed_by_all(self, joint: JointErrors) -> Iterator[RenderableType]:
        title = self.page.say("Rows that none of the {m} strategies gets right: {n} of {total}")
        n, total = f"{len(joint.missed_by_all):,}", f"{joint.n:,}"
        yield from self._title(title.format(m=len(joint.compared), n=n, total=total))
        if joint.missed_by_all:
            told = self.page.say("Those first that they are surest of; wrong labels are likely among them.")
            yield self._folded(told, "dim")
        for missed in joint.missed_by_all[: self.top]:
            yield self._folded(self._missed(missed, len(joint.compared)))
            yield from self._text(missed.row)

    def _missed(self, missed: MissedByAll, m: int) -> str:
        template = self.page.say("row {row}: labelled {label}, {n} of {m} say {answer} (mean probability {p})")
        return template.format(
            row=f"{missed.row + 1:,}",
            label=self._name(missed.label),
            n=missed.n_agree,
            m=m,
            answer=self._name(missed.answer),
            p=quantities.score(missed.confidence),
        )

    def _alone(self, analysis: ErrorAnalysis, joint: JointErrors) -> Iterator[RenderableType]:
        say = self.page.say
        yield from self._title(say("Rows that one strategy alone gets right"))
        headings = [Heading(say("right")), Heading(say("alone"))]
        cells = [[f"{joint.n_right[name]:,}", f"{joint.only_right[name]:,}"] for name in joint.compared]
        yield from self._named_grid(say("strategy"), joint.compared, headings, cells)
        template = say(
            "The right choice of strategy for each row would reach {ceiling}; the best single one, {best}, {accuracy}."
        )
        accuracy = joint.n_right[joint.best] / joint.n
        ceiling = quantities.score(joint.ceiling)
        yield self._folded(template.format(ceiling=ceiling, best=joint.best, accuracy=quantities.score(accuracy)))
        if analysis.only_right:
            yield self._folded(say("Only {strategy} gets these right:").format(strategy=analysis.strategy), "dim")
        yield from self._rows(analysis.only_right[: self.top])

    def _groups(self, analysis: ErrorAnalysis) -> Iterator[RenderableType]:
        if not analysis.breakdowns:
            return
        say = self.page.say
        yield from self._title(say("Accuracy on groups of rows"))
        in_full = self.page.width >= STACKED_BELOW
        written = quantities.score if in_full else quantities.short_score
        headings = [Heading(say("rows")), Heading(say("accuracy" if in_full else "acc")), Heading(say("95 %"))]
        for breakdown in analysis.breakdowns:
            groups = breakdown.groups
            names = [say(group.name) for group in groups]
            cells = [[f"{g.n:,}", written(g.accuracy), _span(g.interval)] for g in groups]
            yield from self._named_grid(say(breakdown.by), names, headings, cells)
        yield self._folded(say(GROUPS_LEGEND), "dim")

    def _named_grid(
        self, title: str, names: Sequence[str], headings: Sequence[Heading], cells: Sequence[Sequence[str]]
    ) -> Iterator[Text]:
        taken = Grid(headings, [(row, "") for row in cells]).width + GAP_BETWEEN_GROUPS
        width = min(max(self.page.width - taken, 1), NAME_WIDTH)
        rows = [([self.page.short(name, width), *row], "") for name, row in zip(names, cells, strict=True)]
        first = Heading(self.page.short(title, width), is_name=True)
        yield from Grid([first, *headings], rows).lines(self.page.glyphs.rule)

    def _title(self, title: str) -> Iterator[Text]:
        yield Text("")
        yield self._folded(title, "bold underline")

    def _name(self, label: int) -> str:
        return self.page.short(self.label_names[label], NAME_WIDTH)

    def _folded(self, value: str, style: str = "") -> Text:
        return folding(self.page.text(value, style))

    def _text(self, row: int) -> Iterator[RenderableType]:
        if row in self.texts:
            yield Padding(folding(Text(self.page.short(self.texts[row], TEXT_LENGTH), style="dim")), INDENT)

    def _rows(self, rows: Sequence[int]) -> Iterator[RenderableType]:
        """Yield each row with its text; where no texts were kept, the numbers in one line."""
        names = [self.page.say("row {row}").format(row=f"{row + 1:,}") for row in rows]
        if rows and not self.texts:
            yield Padding(self._folded(self.page.say(", ").join(names)), INDENT)
            return
        for row, name in zip(rows, names, strict=True):
            shown = Text(self.page.short(self.texts.get(row, ""), TEXT_LENGTH), style="dim")
            yield Padding(folding(self.page.text(f"{name}: ") + shown), INDENT)


def _span(interval: Interval) -> str:
    return f"{quantities.short_score(interval.low)}-{quantities.short_score(interval.high)}"


def _remarks(analysis: ErrorAnalysis, facts: RowFacts | None, page: Page) -> Iterator[RenderableType]:
    remarks = [page.say("Rows are counted from 1 in the test split as it was read.")]
    if analysis.joint is None:
        remarks.append(page.say("The run has no second strategy to compare with that predicts more than one class."))
    elif analysis.joint.left_out:
        template = page.say("Not compared, as they guess or predict the same class for every row: {names}.")
        remarks.append(template.format(names=page.say(", ").join(analysis.joint.left_out)))
    if facts is None:
        remarks.append(page.say(NO_FACTS))
    elif facts.texts is None:
        remarks.append(page.say(NO_TEXTS))
    yield Text("")
    for remark in remarks:
        yield folding(page.text(remark, "dim"))
