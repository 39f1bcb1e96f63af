"""Study -> LaTeX: the main table as papers set it, in a document that compiles as it is."""

import re
from collections.abc import Iterator, Sequence

from harness.analysis.study import Studied, Study
from harness.document import numbers
from harness.document.model import Name, Phrase, Words
from harness.document.sections.answer import the_answer
from harness.document.sections.variants import variant_name
from harness.document.subject import Subject
from harness.document.text import shorten, visible
from harness.wording.languages import Say

LONGEST_NAME = 40
LINE, BETWEEN = 512.0, 12.0  # points: of the preamble's lines of 180 mm, and between two columns
LETTER, SMALL_LETTER = 4.9, 4.2  # points of an average one in \small and \scriptsize
INTERVAL = 13  # letters
COSTS = ("seconds", "trained weights")
_ESCAPES = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    **{character: f"{{{character}}}" for character in "[]*"},  # after \\ they would be its arguments
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{}`{}",
    numbers.DASH: "--",
    "…": r"\dots{}",
    numbers.MINUS: "$-$",
    "\N{ZERO WIDTH JOINER}": "{}",
    "\N{NO-BREAK SPACE}": "~",
}
# Characters that pdflatex sets in its default font; what else a report holds is declared in its preamble.
_KNOWN = re.compile("[\n\x20-\x7eÀ-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿ]")
_PREAMBLE = r"""% A document of its own, for pdflatex; the table can be copied into another one that loads booktabs.
% For scripts other than Latin use lualatex or xelatex and name a font that has them, such as
% \usepackage{fontspec}\setmainfont{Noto Serif CJK TC}
% pdflatex writes their characters by number.
\documentclass[10pt,a4paper]{article}
\usepackage{booktabs}
\setlength{\oddsidemargin}{-10mm}\setlength{\textwidth}{180mm}
\setlength{\topmargin}{-15mm}\setlength{\textheight}{255mm}
\pagestyle{empty}\sloppy
"""


def to_latex(study: Study, say: Say) -> str:
    """Write the main table of a study in LaTeX.

    Bold is the best by validation and what is tied with it; intervals stand small below the scores.

    Args:
        study: The study.
        say: Translates fixed phrases.

    Returns:
        A document that needs the class article and the package booktabs only.
    """
    subject = Subject(study, say)
    body = "\n".join([*_heading(subject), *_table(subject), *_legend(subject)])
    return latex_document(body)


def latex_document(body: str) -> str:
    """Return a document that holds a body and compiles as it is."""
    return f"{_PREAMBLE}{_declarations(body)}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def _declarations(body: str) -> str:
    unknown = sorted(set(_KNOWN.sub("", body)))
    if not unknown:
        return ""
    lines = [rf"\DeclareUnicodeCharacter{{{ord(c):04X}}}{{{{\tiny U+{ord(c):04X}}}}}" for c in unknown]
    return "\n".join([r"\ifdefined\DeclareUnicodeCharacter", *lines, r"\fi", ""])


def _heading(subject: Subject) -> Iterator[str]:
    if subject.study.watermark:
        yield rf"\noindent\textbf{{{escaped(subject.say(subject.study.watermark))}}}\par\bigskip"
    yield rf"\noindent {words_in_latex(the_answer(subject))}\par\bigskip"


def _table(subject: Subject) -> Iterator[str]:
    """Yield the table, one below the other where its metrics do not fit beside one another."""
    for number, metrics in enumerate(parts := _metrics_that_fit(subject)):
        yield from [r"\medskip"] if number else []
        yield from _table_of(subject, metrics, with_costs=number == len(parts) - 1)


def _metrics_that_fit(subject: Subject) -> list[list[str]]:
    """Return the metrics of each part; the last part also has the costs."""
    names = [shorten(studied.name, LONGEST_NAME) for studied in subject.study.strategies]
    in_each = max(map(len, [*names, subject.say("strategy")])) + len(subject.heading(subject.chosen_by))
    costs = sum(len(subject.say(cost)) for cost in COSTS)
    room = LINE - LETTER * (in_each + costs) - (2 + len(COSTS)) * BETWEEN
    widths = [max(LETTER * len(subject.heading(m)), SMALL_LETTER * INTERVAL) + BETWEEN for m in subject.metrics]
    return [[subject.metrics[number] for number in part] for part in packed(widths, room)]


def packed(widths: Sequence[float], room: float) -> list[list[int]]:
    """Return numbers of columns in lines that have room for them, one at least in each.

    Args:
        widths: Of the columns, in points.
        room: Of a line, in points.
    """
    lines: list[list[int]] = [[]]
    for number, width in enumerate(widths):
        if lines[-1] and sum(widths[other] for other in lines[-1]) + width > room:
            lines.append([])
        lines[-1].append(number)
    return lines


def _table_of(subject: Subject, metrics: Sequence[str], *, with_costs: bool) -> Iterator[str]:
    say, n_metrics = subject.say, len(metrics)
    costs = [say(cost) for cost in COSTS] if with_costs else []
    yield r"{\centering\small"
    yield rf"\begin{{tabular}}{{@{{}}lr{'r' * n_metrics}{'r' * len(costs)}@{{}}}}"
    yield r"\toprule"
    above = [escaped(say("validation")), rf"\multicolumn{{{n_metrics}}}{{c}}{{{escaped(say('test'))}}}"]
    yield " & ".join(["", *above, *[""] * len(costs)]) + r" \\"
    yield rf"\cmidrule(lr){{2-2}}\cmidrule(lr){{3-{2 + n_metrics}}}"
    headings = [say("strategy"), subject.heading(subject.chosen_by), *map(subject.heading, metrics), *costs]
    yield " & ".join(map(escaped, headings)) + r" \\"
    yield r"\midrule"
    for studied in subject.study.strategies:
        yield from _rows(subject, studied, metrics, with_costs=with_costs)
        yield from _variant_rows(subject, studied, metrics, len(costs))
    for _, record in subject.study.failures:
        stage = record.error and say("failed in {stage}").format(stage=say(record.error.stage))
        told = escaped(stage or say(record.status))
        width = len(headings) - 1
        yield rf"{_name(record.strategy)} & \multicolumn{{{width}}}{{l}}{{\emph{{{told}}}}} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}\par}"


def _rows(subject: Subject, studied: Studied, metrics: Sequence[str], *, with_costs: bool) -> Iterator[str]:
    """Yield a line of scores and one of intervals."""
    headline, record = studied.headline, studied.records[0]
    conclusion = subject.study.evidence.conclusion
    scores = [escaped(numbers.score(headline.test.of(metric))) for metric in metrics]
    if studied.name in {conclusion.best, *conclusion.tied}:
        scores = [rf"\textbf{{{score}}}" for score in scores]
    raised = [subject.letters(studied, metric) for metric in metrics]
    scores = [rf"{s}\rlap{{\textsuperscript{{{m}}}}}" if m else s for s, m in zip(scores, raised, strict=True)]
    validation = numbers.score(headline.validation.of(subject.chosen_by))
    costs = [numbers.seconds(headline.all_seconds), numbers.parameters(record.trainable_parameters)]
    costs = costs if with_costs else []
    yield " & ".join([_name(studied.name), escaped(validation), *scores, *map(escaped, costs)]) + r" \\"
    intervals = [subject.interval(studied, metric) for metric in metrics]
    if any(intervals):
        small = [rf"{{\scriptsize {escaped(numbers.interval(i.low, i.high))}}}" if i else "" for i in intervals]
        yield " & ".join(["", "", *small, *[""] * len(costs)]) + r" \\[2pt]"


def _variant_rows(subject: Subject, studied: Studied, metrics: Sequence[str], n_costs: int) -> Iterator[str]:
    """Yield a line for each variant of a strategy, which is not ranked: its name in italics, its scores plain."""
    for variant in studied.variants:
        scores = [escaped(numbers.score(variant.test.score(metric))) for metric in metrics]
        name = _name(variant_name(subject, studied, variant))
        yield " & ".join([rf"\quad\emph{{{name}}}", "", *scores, *[""] * n_costs]) + r" \\"


def _legend(subject: Subject) -> Iterator[str]:
    say = subject.say
    bold = say("Bold: best by validation {metric}, and what is tied with it in test {metric}.")
    told = [bold.format(metric=subject.chosen_by)]
    told.append(say("Small: 95 % intervals over test rows."))
    if any(len(studied.records) > 1 for studied in subject.study.strategies):
        told.append(say("Scores of several seeds are their means."))
    if subject.study.evidence.letters:
        told.append(say("Strategies that share a rank letter cannot be told apart on these test rows."))
    if any(studied.variants for studied in subject.study.strategies):
        told.append(say("In italics: variants of the classifier above in another number format, not ranked."))
    yield rf"\medskip\noindent{{\footnotesize {escaped(' '.join(told))}\par}}"


def _name(name: str) -> str:
    return escaped(shorten(name, LONGEST_NAME))


def words_in_latex(words: Words) -> str:
    """Return a sentence, the names in it bold."""
    if isinstance(words, Phrase):
        return words.written(escaped, _value)
    return escaped(words)


def _value(text: str) -> str:
    return rf"\textbf{{{escaped(text)}}}" if isinstance(text, Name) else escaped(text)


def escaped(text: str) -> str:
    """Return text that LaTeX sets as it is."""
    apart = visible(text).replace("--", "-\N{ZERO WIDTH JOINER}-")  # two hyphens would become a dash
    return "".join(_ESCAPES.get(c, c) for c in apart)
