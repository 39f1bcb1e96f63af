"""The console and untrusted text."""

import io

import pytest

from harness.terminal import make_console, print_banner, print_error, print_run, safe_text

from .factory import EXAMPLE, RED, a_run, coloured, scored


def test_untrusted_text_is_shown_as_it_is_and_steers_nothing() -> None:
    assert safe_text("[/] [bold]x[/bold] :smile:").plain == "[/] [bold]x[/bold] :smile:"
    assert safe_text("\x1b[31mred\x07\x9b").plain == r"\x1b[31mred\x07\x9b"
    assert safe_text("one\ntwo\r\nthree\tfour").plain == r"one↵two↵three\tfour"
    assert safe_text("\u202etxt.exe \u200bx\ufeff").plain == r"\u202etxt.exe \u200bx\ufeff"
    assert safe_text("\udc80").plain == r"\udc80"
    assert safe_text("中文", encoding="ascii").plain == r"\u4e2d\u6587"
    assert safe_text("a\nb", encoding="ascii").plain == r"a\nb"
    assert safe_text("中文").cell_len == 4


def test_an_ascii_stream_gets_ascii_only() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = make_console(stream, width=140)
    print_run(a_run(scored("中", 0.9, 0.9), scored("lazy", 0.6, 0.6), names=["é", "ñ"], fallback="…"), console)
    console.print("→ printed by somebody else")
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert r"Best by validation f1_macro: \u4e2d" in text
    assert text.isascii()
    assert r"\xe9" in text
    assert r"\u2192 printed by somebody else" in text


@pytest.mark.parametrize(
    ("columns", "width"),
    [(None, 100), ("", 100), ("0", 80), ("wide", 80), ("-5", 80), ("1", 20), ("132", 132)],
)
def test_a_pipe_is_a_hundred_columns_wide_unless_columns_says_otherwise(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert make_console(io.StringIO()).width == width


def test_columns_wins_on_a_dumb_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert make_console(io.StringIO()).width == 50


def test_no_color_prints_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RED in coloured(EXAMPLE, monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    text = coloured(EXAMPLE, monkeypatch)
    assert RED not in text
    assert "\x1b[38" not in text
    assert "\x1b[48" not in text


def test_errors_and_banners_are_printed_as_they_are() -> None:
    stream = io.StringIO()
    print_error("No strategy '[/]'\x1b[2J. " + "It goes on. " * 20, make_console(stream, width=40))
    assert stream.getvalue().startswith(r"Error: No strategy '[/]'\x1b[2J. It goes on.")
    assert stream.getvalue().count("\n") == 1
    stream = io.StringIO()
    print_banner("[/] stands in", make_console(stream, width=40))
    assert "│ [/] stands in │" in stream.getvalue()
