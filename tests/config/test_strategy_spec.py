import pytest

from harness import RunConfig, UserError
from harness.config.run_config import build_config
from harness.config.strategy_spec import parse_specs


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("majority,logreg_probe", ["majority", "logreg_probe"]),
        (" logreg_probe( C = 0.1 ) , all ", ["logreg_probe(C=0.1)", "all"]),
        ("p(a=1, b=x|y),!q", ["p(a=1, b=x|y)", "!q"]),
        ('p(a="1,2"|"(")', ['p(a="1,2"|"(")']),
        ("p()", ["p"]),
    ],
)
def test_a_spec_has_one_canonical_spelling_that_reads_back(written: str, canonical: list[str]) -> None:
    assert [str(spec) for spec in parse_specs(written)] == canonical
    assert [str(spec) for spec in parse_specs(",".join(canonical))] == canonical


def test_a_grid_is_every_choice_of_a_value_for_each_field() -> None:
    (spec,) = parse_specs("p(a=1|2, b=x|y)")
    assert spec.configurations() == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
    ]


@pytest.mark.parametrize("written", ["p(a=1", "p(a)", "p(a=1, a=2)", "!p(a=1)", "p q", "p(=1)", 'p(a="1)', "p)"])
def test_what_cannot_be_read_is_refused_and_quoted(written: str) -> None:
    with pytest.raises(UserError, match="--strategies"):
        parse_specs(written)


def test_a_list_and_tables_of_a_file_say_the_same_as_the_flag(tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(
        '[[strategies]]\nname = "majority"\n[[strategies]]\nname = "logreg_probe"\nC = [0.1, 1.0]\npooling = "mean"\n'
    )
    flag = RunConfig(strategies="majority,logreg_probe(C=0.1|1.0, pooling=mean)")  # type: ignore[arg-type]
    assert build_config({}, file).strategies == flag.strategies
    file.write_text('strategies = ["majority", "logreg_probe(C=0.1|1.0, pooling=mean)"]\n')
    assert build_config({}, file).strategies == flag.strategies


def test_a_table_without_a_name_is_refused(tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[[strategies]]\nC = 1\n")
    with pytest.raises(UserError, match="needs a name"):
        build_config({}, file)
