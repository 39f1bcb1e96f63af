"""Data sets of the hub: names, splits as the hub spells them, columns that can be texts or labels."""

from pathlib import Path

import datasets
import pytest

from harness import DataError, RunConfig, UnavailableError, UserError
from harness.data.columns import build_task
from harness.huggingface import harness_load_task
from harness.huggingface.hub_dataset import SHORT_NAMES, load_hub_dataset, tables_of, task_of_dataset

MOODS = ("sunny", "rainy", "always calm")  # not in alphabetical order


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def load(name: str) -> None:
    load_hub_dataset(name, RunConfig(dataset=name, offline=True))


def rows(**extra: datasets.Features) -> datasets.Dataset:
    features = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(MOODS)), **extra}
    columns = {"text": ["a", "b", "c"], "label": [0, 1, 2], **{name: [[1], [2], [3]] for name in extra}}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def test_class_names_keep_the_order_the_data_set_declares() -> None:
    splits = datasets.DatasetDict(train=rows(), validation=rows(), test=rows())
    tables = tables_of(splits, "acme/moods")
    assert list(tables) == ["train", "validation", "test"]
    assert tables["train"].class_names == {"label": MOODS}
    assert tables["train"].columns == {"text": ["a", "b", "c"], "label": [0, 1, 2]}
    assert tables["test"].path == "acme/moods (test)"
    task = build_task("moods", tables, source="acme/moods")
    assert task.label_names == MOODS
    assert task.train.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("spelling", ["dev", "val", "valid", "validation"])
def test_other_spellings_of_validation_are_understood(spelling: str) -> None:
    tables = tables_of(datasets.DatasetDict({"train": rows(), spelling: rows(), "test": rows()}), "acme/moods")
    assert list(tables) == ["train", "validation", "test"]
    assert tables["validation"].path == f"acme/moods ({spelling})"


def test_splits_of_unknown_names_are_left_out_where_known_ones_exist() -> None:
    assert list(tables_of({"train": rows(), "unsupervised": rows()}, "acme/moods")) == ["train"]


def test_splits_of_unknown_names_alone_keep_their_names_so_that_a_message_can_name_them() -> None:
    assert list(tables_of({"first": rows(), "second": rows()}, "acme/moods")) == ["first", "second"]


def test_columns_that_are_neither_text_nor_number_nor_class_are_left_out() -> None:
    table = tables_of({"train": rows(tokens=datasets.List(datasets.Value("int32")))}, "acme/moods")["train"]
    assert set(table.columns) == {"text", "label"}


def test_lists_of_one_class_label_are_read_as_from_disk(tmp_path: Path) -> None:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.List(datasets.ClassLabel(names=MOODS)))
    cells = {"text": [f"text {i}" for i in range(30)], "label": [[i % 3] for i in range(30)]}
    data = datasets.Dataset.from_dict(cells, features=features)
    data.save_to_disk(tmp_path / "saved")
    task = task_of_dataset(data, RunConfig())
    assert task.label_names == MOODS
    from_disk = harness_load_task(str(tmp_path / "saved"), RunConfig(test_size=0.2))
    assert task.content_hash() == from_disk.content_hash()


def test_lists_of_several_class_labels_are_refused_with_the_row() -> None:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.List(datasets.ClassLabel(names=MOODS)))
    cells = {"text": ["a", "b"], "label": [[0], [1, 2]]}
    with pytest.raises(
        DataError, match=r"column 'label': rows 1 and 2 hold a list of labels \(\[0\]\)\. Several labels"
    ):
        task_of_dataset(datasets.Dataset.from_dict(cells, features=features), RunConfig())


@pytest.mark.parametrize("kind", ["torch", "numpy", "pandas", "arrow", "python"])
@pytest.mark.parametrize("shown", [None, ["label"]])
def test_a_format_changes_no_cell_and_hides_no_column(kind: str, shown: list[str] | None) -> None:
    assert tables_of({"train": rows().with_format(kind, columns=shown)}, "acme/moods") == tables_of(
        {"train": rows()}, "acme/moods"
    )


def test_a_transform_is_heeded_and_what_it_drops_is_no_column() -> None:
    loud = rows().with_transform(lambda batch: {"text": [text.upper() for text in batch["text"]]})
    assert tables_of({"train": loud}, "acme/moods")["train"].columns == {"text": ["A", "B", "C"]}


def test_nothing_becomes_missing_or_a_number_on_the_way() -> None:
    texts = ["null", "NA", "None", "nan", "123", "", "01"]
    data = datasets.Dataset.from_dict({"text": texts, "label": ["01", "1", "a", "b", "NA", "null", "x"]})
    table = tables_of({"train": data}, "acme/odd")["train"]
    assert table.columns == {"text": texts, "label": ["01", "1", "a", "b", "NA", "null", "x"]}
    assert table.class_names == {}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("emotion", "'dair-ai/emotion', 'split'"),
        ("acme/none", "'acme/none'"),
        ("acme/none:config-1.0", "'acme/none', 'config-1.0'"),
        ("acme/none@v1.2/rc", "'acme/none'"),
        ("acme/none:config@v1", "'acme/none', 'config'"),
        ("none@0123abc", "'none'"),
    ],
)
def test_offline_a_data_set_that_is_not_cached_is_refused_with_the_command_that_gets_it(
    name: str, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnavailableError) as caught:
        load(name)
    identifier = told.split("'")[1]
    assert str(caught.value) == (
        f"Data set '{identifier}' is not on this machine, neither as a folder nor in the hub's cache, "
        "and --offline forbids asking the hub. "
        f'Where there is a network, get it with: python -c "import datasets; datasets.load_dataset({told})"; or make a '
        f"folder there to be carried here: harness prefetch -d {SHORT_NAMES.get(name, name)} -o BUNDLE"
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name", ["two words", "a/b/c", "acme/x:", "acme/x@", "acme/x:c@", ":c", "@v1", "acme/x:c:d", "acme/\x1b[31m"]
)
def test_a_name_that_cannot_be_meant_is_refused_with_the_form_it_should_have(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load(name)
    assert str(caught.value) == (
        f"--dataset {name!r} is no file or folder here, and no hub id of the form owner/name[:config][@revision]."
    )


def test_a_single_split_is_train_whatever_its_name() -> None:
    assert list(tables_of({"all": rows()}, "acme/moods")) == ["train"]


def test_labels_that_are_lists_are_refused_as_several_labels_a_text() -> None:
    several = datasets.Dataset.from_dict({"text": ["a", "b"], "labels": [[0], [0, 1]]})
    tables = tables_of({"train": several, "test": several}, "acme/moods")
    with pytest.raises(DataError, match=r"column 'labels' holds a list in each row.*multi-label"):
        build_task("moods", tables, source="acme/moods")
    with pytest.raises(DataError, match=r"column 'labels' holds a list in each row"):
        build_task("moods", tables, source="acme/moods", label_column="labels")


def test_options_for_files_are_refused_for_the_hub() -> None:
    with pytest.raises(DataError, match="--encoding is for csv, tsv and txt files, and this is a data set of the hub"):
        load_hub_dataset("acme/none", RunConfig(dataset="acme/none", offline=True, encoding="cp1252"))
