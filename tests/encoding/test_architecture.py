"""Which modules loading a checkpoint imports is read off its config.json, whatever that holds."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.encoding.architecture import loading_modules

SHARED = "transformers.modeling_utils"


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_the_modules_of_an_architecture_are_those_of_transformers(tmp_path: Path, kind: str) -> None:
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    shared, *own = loading_modules(str(tmp_path))
    assert shared == SHARED
    assert len(own) == 2
    assert all(find_spec(module) for module in own)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model_type": ["bert"]}', '{"model_type": "../os"}'])
def test_a_folder_that_does_not_tell_its_architecture_needs_what_all_share(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    assert loading_modules(str(tmp_path)) == (SHARED,)


def test_no_folder_needs_what_all_share() -> None:
    assert loading_modules("") == (SHARED,)
