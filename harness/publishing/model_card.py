"""The model card: what a run knows of a classifier, as README.md with the hub's metadata.

Everything in it follows from the run's record, so that `harness verify` can write it again and compare.
"""

import re
from collections.abc import Iterator
from typing import Any

from harness.analysis.study import study_of_record
from harness.document import numbers
from harness.document.model import Facts, Fold, Name, Paragraph, Phrase, Report, Section, Words
from harness.document.sections.answer import answer_notes, the_answer
from harness.document.sections.confusions import class_table
from harness.document.sections.data import data_section
from harness.document.sections.reproduction import how_it_was_made
from harness.document.sections.scores import scores_section
from harness.document.subject import Subject
from harness.publishing.card_sections import (
    confused_section,
    licences_section,
    own_scores_section,
    rivals_section,
    use_section,
)
from harness.publishing.publication import Published
from harness.reporting.markdown import to_markdown
from harness.wording.languages import translator
from harness.wording.secrets import redacted

BEGIN, END = "<!-- written by harness: begin -->", "<!-- written by harness: end -->"
TASK = "text-classification"


def model_card(published: Published) -> str:
    """Return README.md: metadata, then a part between two marks that `harness verify` compares.

    Args:
        published: The classifier.
    """
    return f"---\n{metadata_of(published).to_yaml()}\n---\n\n{BEGIN}\n{written_part(published)}{END}\n"


def part_between_marks(card: str) -> str | None:
    """Return what stands between the marks of a card, None where they are gone."""
    found = re.search(f"{re.escape(BEGIN)}\n(.*){re.escape(END)}", card.replace("\r\n", "\n"), re.DOTALL)
    return found[1] if found else None


def written_part(published: Published) -> str:
    """Return what a card tells of the classifier, in Markdown."""
    language = published.publication.language
    subject = Subject(study_of_record(published.run), translator(language), with_texts=False)
    sections = [section for section in _sections(subject, published) if section]
    title = Phrase(subject.say("{strategy} on {data_set}"), {**_names(published)})
    report = Report(language, title, Facts(list(_facts(subject, published))), [], sections)
    return redacted(to_markdown(report))


def metadata_of(published: Published) -> Any:
    """Return the hub's metadata of a card, a `huggingface_hub.ModelCardData`, with the scores as its model-index."""
    from huggingface_hub import EvalResult, ModelCardData

    run, test, publication = published.run, published.record.test, published.publication
    assert test is not None  # a published trial was scored
    results = [
        EvalResult(
            task_type=TASK,
            dataset_type=published.hub_data_set or run.task.name,
            dataset_name=run.task.name,
            dataset_split="test",
            dataset_revision=run.task.revision,
            metric_type="f1" if metric == "f1_macro" else metric,
            metric_name=metric,
            metric_value=getattr(test, metric),
        )
        for metric in ("accuracy", "f1_macro")
    ]
    return ModelCardData(
        license=publication.license or None,
        library_name="transformers" if publication.pipeline else "strategy-harness",
        pipeline_tag=TASK,
        base_model=published.base_model,
        datasets=[published.hub_data_set] if published.hub_data_set else None,
        metrics=["accuracy", "f1"],
        tags=["strategy-harness", published.record.base],
        model_name=publication.repository.rpartition("/")[2],
        eval_results=results,
    )


def evaluation_results(published: Published) -> str | None:
    """Return the file for the hub's `.eval_results`, YAML; None where the data are not of the hub."""
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml
    from huggingface_hub.utils import yaml_dump  # type: ignore[attr-defined]

    run, test = published.run, published.record.test
    if published.hub_data_set is None or test is None:
        return None
    entry = EvalResultEntry(
        dataset_id=published.hub_data_set,
        task_id=TASK,
        value=test.accuracy,
        dataset_revision=run.task.revision,
        date=run.started,
        notes=f"accuracy on {run.task.n_rows('test')} test rows, macro F1 {test.f1_macro:.4f}",
    )
    return str(yaml_dump(eval_result_entries_to_yaml([entry])))


def _names(published: Published) -> dict[str, str]:
    return {"strategy": Name(published.record.strategy), "data_set": published.run.task.name}


def _facts(subject: Subject, published: Published) -> Iterator[tuple[str, Words]]:
    say, run = subject.say, published.run
    yield say("classes"), say(", ").join(run.task.label_names)
    n_rows = published.record.train_size or run.task.n_rows("train")
    yield say("rows of train"), numbers.count(n_rows)
    if run.model:
        yield say("encoder"), run.model.name
    if published.record.total_parameters is not None:
        yield say("parameters"), numbers.parameters(published.record.total_parameters)


def _sections(subject: Subject, published: Published) -> Iterator[Section | None]:
    say, study = subject.say, subject.study
    lead, notes = Paragraph(the_answer(subject), "lead"), [Paragraph(each, "note") for each in answer_notes(subject)]
    yield Section("answer", say("The answer of its run"), [lead, *notes])
    yield use_section(published, say)
    yield own_scores_section(published, say)
    yield rivals_section(subject, published)
    yield confused_section(published, say)
    own = study.strategy(published.record.strategy)
    yield Section("classes", say("Scores of each class"), [class_table(subject, own)])
    yield scores_section(subject)
    yield data_section(subject)
    yield licences_section(published, say)
    made = [block for block in how_it_was_made(subject, published.run) if not isinstance(block, Fold)]  # of hashes
    yield Section("reproduction", say("How to reproduce it"), made)
