"""No token of the user's is printed or written, whoever quotes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from harness import hookimpl
from harness.cli import main
from harness.wording.secrets import redacted, without_secrets

TOKEN = "hf_" + "Secret" * 6


@pytest.mark.parametrize(
    "text",
    [
        f"401 for {TOKEN}",
        f"No such option --{TOKEN.replace('_', '-')}",
        f"b'\\n{TOKEN}'",
        "Authorization: Bearer abcdef.0123-456789",
        "https://me:abcdef@host/x",
    ],
)
def test_what_looks_like_a_token_is_replaced(text: str) -> None:
    assert "token removed" in redacted(text)
    assert not {"Secret", "abcdef"} & {part for part in ("Secret", "abcdef") if part in redacted(text)}


def test_the_value_of_a_variable_for_tokens_is_replaced_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "open sesame")
    monkeypatch.setenv("MY_SERVICE_API_KEY", "k-0123456")
    found = without_secrets({"argv": ["--x", "open sesame!"], "k-0123456": ("a k-0123456", 1, None)})
    assert found == {"argv": ["--x", "[token removed]!"], "[token removed]": ["a [token removed]", 1, None]}


@pytest.mark.parametrize("text", ["hf_transformers", "tokens a text", "the bearer of bad news", "https://host/a@b", ""])
def test_ordinary_text_stays_as_it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "tokens a text")
    monkeypatch.setenv("HF_TOKEN", "")
    assert redacted(text) == text


@dataclass(frozen=True)
class Quotes:
    """Quotes a token where it fails.

    Args:
        key: A setting that should not be one.
    """

    name: ClassVar[str] = "quotes"
    uses_model: ClassVar[bool] = False
    key: str = ""

    def fit(self, train: object, validation: object, context: object) -> object:
        raise RuntimeError(f"401 Unauthorized: Bearer {TOKEN}")

    def load(self, directory: object, context: object) -> object:
        raise NotImplementedError


class Plugin:
    """Offers the strategy."""

    @hookimpl
    def harness_strategies(self) -> list[Quotes]:
        return [Quotes()]


@pytest.mark.slow
def test_a_token_stands_in_no_file_of_a_run_and_on_no_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "runs"
    setting = f"quotes.key={TOKEN}"
    argv = ["-d", "sample", "-n", "12", "-s", "majority,quotes", "--set", setting, "-o", str(runs), "--debug"]
    assert main(["run", *argv], plugins=[Plugin()]) == 1
    report = tmp_path / "report.html"
    assert main(["report", "-o", str(report), "--output-dir", str(runs)]) == 0
    assert main(["show", "--json", "-o", str(runs)]) == 0
    written = [*runs.rglob("*"), report]
    assert not [path for path in written if path.is_file() and b"Secret" in path.read_bytes()]
    assert not [text for text in capfd.readouterr() if "Secret" in text]
