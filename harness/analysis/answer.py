"""The answer: one sentence in the words of the question, whether a probe is enough or one must fine-tune."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.answer_notes import Said, notes
from harness.analysis.answer_sentences import Sentences
from harness.analysis.learning_curve import Crossing
from harness.analysis.ranking import Standing
from harness.analysis.test_scores import floor_ahead
from harness.analysis.within_latency import best_within, said_of_latency
from harness.evaluation.conclusion import Conclusion
from harness.wording.languages import Say

MOST_WORDS = 30  # of the sentence


@dataclass(frozen=True)
class Answer:
    """What to take.

    Attributes:
        recommended: The cheapest of what is as good as the best by validation, of what stays within the latency that
            was asked for; the best by validation where nothing could be compared. None where that is not better than
            answering without reading the texts.
        sentences: The answer, at most `MOST_WORDS` words in English, and one more where a latency was asked for.
        notes: What else has to be known to believe it.
    """

    recommended: str | None
    sentences: tuple[Said, ...]
    notes: tuple[Said, ...] = ()

    def text(self, say: Say) -> str:
        """Return the sentences in one line."""
        return say(" ").join(map(str, self.sentences))


def answer(
    conclusion: Conclusion,
    standings: Sequence[Standing],
    n_rows: int,
    say: Say,
    crossing: Crossing | None = None,
    max_latency: float | None = None,
) -> Answer:
    """Say what to take, and what the numbers carry of it.

    Args:
        conclusion: What the tests came to.
        standings: All strategies that were scored.
        n_rows: Number of test rows.
        say: Translates fixed phrases.
        crossing: Where fine-tuning overtakes the probes, where a run learnt on several numbers of rows.
        max_latency: Seconds that a single text may take, None where nobody asked.
    """
    by_name = {standing.name: standing for standing in standings}
    told, in_english = (Sentences(conclusion, by_name, n_rows, each, crossing) for each in (say, str))
    sentences, n_words = [told.first()], _n_words(in_english.first())
    for more, counted in zip(told.more(), in_english.more(), strict=True):  # so that all languages say the same
        if n_words + _n_words(counted) <= MOST_WORDS:
            sentences.append(more)
            n_words += _n_words(counted)
    recommended = told.recommended()
    if max_latency is not None:  # somebody asked, so it is said whatever else there is room for
        sentences.append(said_of_latency(standings, conclusion, max_latency, say))
        found = best_within(standings, conclusion, max_latency)
        if found is not None:
            recommended = None if floor_ahead(found, standings) else found.name
    return Answer(recommended, tuple(sentences), tuple(notes(conclusion, by_name, n_rows, say)))


def _n_words(said: Said) -> int:
    return len(str(said).split())
