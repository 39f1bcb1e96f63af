"""Confusion matrices and what takes their place."""

import io

import pytest
from rich.cells import cell_len

from harness.terminal import confusion_matrix, make_console

from .factory import EMOTIONS, block, evaluation, matrix_text


def test_a_confusion_matrix_has_counts_row_shares_and_shades() -> None:
    assert matrix_text([[90, 10], [3, 2]], ["no", "yes"], make_console(io.StringIO(), width=80)) == block(
        """
        probe
             predicted
        true   no  yes
        no     90█  10░
              90%  10%
        yes     3▓   2▒
              60%  40%
        """
    )


def test_without_unicode_the_shades_are_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = make_console(stream, width=40)
    console.print(confusion_matrix(evaluation(0.5, confusion=[[90, 10], [3, 2]]), ["no", "yes"], "probe", console))
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "90#  10." in text
    assert "3+   2:" in text


def test_shades_are_colours_on_a_terminal_and_characters_under_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    background = ";48;5;"
    assert background in matrix_text([[9, 1], [1, 9]], ["no", "yes"], make_console(io.StringIO(), width=80))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = matrix_text([[9, 1], [1, 9]], ["no", "yes"], make_console(io.StringIO(), width=80))
    assert background not in plain
    assert "█" in plain


def test_six_classes_fit_forty_columns() -> None:
    confusion = [[500 if i == j else 12 for j in range(6)] for i in range(6)]
    text = matrix_text(confusion, EMOTIONS, make_console(io.StringIO(), width=40))
    assert text.splitlines()[2:4] == [
        "true     sad…  joy love ang… fear sur…",
        "sadness   500█  12   12   12   12   12",
    ]


def test_more_classes_than_fit_become_the_ten_most_frequent_confusions() -> None:
    confusion = [[100 if i == j else 0 for j in range(30)] for i in range(30)]
    for rank in range(12):
        confusion[rank][rank + 1] = 50 - rank
    names = [f"class {i}" for i in range(30)]
    text = matrix_text(confusion, names, make_console(io.StringIO(), width=80))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "30 x 30 cells do not fit 80 columns; the most frequent confusions:" in lines
    assert {"class 0 class 1 50 33.3 %", "class 1 class 2 49 32.9 %"} <= {*lines}
    assert any("class 9 class 10" in line for line in lines)
    assert not any("class 10 class 11" in line for line in lines)


def test_long_class_names_put_a_confusion_on_several_lines() -> None:
    names = [f"the customer asks for {i}" for i in range(30)]
    confusion = [[100 if i == j else 0 for j in range(30)] for i in range(30)]
    confusion[3][4] = 25
    text = " ".join(matrix_text(confusion, names, make_console(io.StringIO(), width=40)).split())
    for fact in ("the customer asks for 3", "the customer asks for 4", "rows 25", "20.0 %"):
        assert fact in text


def test_many_classes_without_confusions_say_so() -> None:
    confusion = [[100 if i == j else 0 for j in range(30)] for i in range(30)]
    text = matrix_text(confusion, [str(i) for i in range(30)], make_console(io.StringIO(), width=40))
    assert "no confusions" in text


def test_a_class_without_rows_has_no_shares() -> None:
    text = matrix_text([[5, 0], [0, 0]], ["no", "yes"], make_console(io.StringIO(), width=80))
    assert text.splitlines()[-1].split() == ["-", "-"]


def test_chinese_labels_keep_the_columns_straight() -> None:
    text = matrix_text([[9, 1], [2, 8]], ["喜悦", "悲伤"], make_console(io.StringIO(), width=80))
    heading, first, second = (text.splitlines()[i] for i in (2, 3, 5))
    assert cell_len(heading) == cell_len(first[: first.rindex("1") + 1]) == cell_len(second[: second.rindex("8") + 1])
