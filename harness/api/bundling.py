"""Data and encoders fetched into a bundle for machines without a network, and a bundle held against its own sha256."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.verification import Check, leading_outside
from harness.api.row_texts import Tell
from harness.huggingface import settle_network_for
from harness.huggingface.bundles import (
    SUMS_FILE,
    Bundle,
    Bundled,
    add_data,
    add_encoder,
    is_bundle,
    read_bundle,
    write_bundle,
)
from harness.huggingface.network import network_block
from harness.runs.opening import open_plugins
from harness.system.files import sha256_of

if TYPE_CHECKING:
    from harness.config.run_config import RunConfig

README_FILE = "README.md"
NOT_COVERED = "whether bundle.json itself is as it was written, which only another copy of it can tell"


@network_block()
def prefetch(
    config: "RunConfig",
    models: Sequence[str],
    output: Path,
    tell: Tell = lambda note: None,
    plugins: Sequence[object] = (),
    *,
    with_data: bool = True,
) -> Bundle:
    """Put data and encoders into a folder that can be carried to a machine without a network.

    All of it is loaded and checked as a run would do it. The data are written as the three splits of a run.

    Args:
        config: Which data, and how they are read.
        models: Encoders: folders or hub ids.
        output: The bundle: a new folder, or one that holds a bundle, to which this is added.
        tell: Told of each thing once it is there.
        plugins: Modules or objects with hooks, besides those that `config` names.
        with_data: Whether the data are wanted, too.

    Returns:
        All that the bundle holds now.

    Raises:
        UserError: For a folder that holds something else, or other things of the same names.
        HarnessError: Where something cannot be had, or is not what it should be.
    """
    before, items = read_bundle(output), list[Bundled]()
    configs = [config.model_copy(update={"model": model, "dtype": "float32"}) for model in models]
    for each in configs or [config]:
        settle_network_for(each, needs_model=bool(models))
    manager = open_plugins(config.plugins, plugins)
    if with_data:
        task = manager.load_task(config)
        items.append(add_data(output, task.limited(config.limit) if config.limit else task))
        _keep(output, items, before, tell)
    for each in configs:
        items.append(add_encoder(output, manager.load_encoder(each, "cpu", "float32")))
        _keep(output, items, before, tell)
    bundle = write_bundle(output, items, before)
    (output / README_FILE).write_text(_readme(bundle), encoding="utf-8", errors="backslashreplace")
    return bundle


def _keep(output: Path, items: list[Bundled], before: Bundle, tell: Tell) -> None:
    """Record what is there, so that what fails later costs nothing of it."""
    write_bundle(output, items, before)
    tell(f"{items[-1].name} is in {output / items[-1].folder}")


def command_of(bundle: Bundle, folder: str) -> str:
    """Return the command that runs with what a bundle holds: its last data and its last encoder."""
    words = ["harness", "run", "--offline"]
    for kind, option in (("data", "-d"), ("model", "-m")):
        found = [item.folder for item in bundle.items if item.kind == kind]
        words += [option, f"{folder}/{found[-1]}"] if found else []
    return shlex.join(words)


def checks_of_bundle(name: str) -> list[Check] | None:
    """Hold each file of a bundle against its sha256; None for a folder that holds no bundle.

    Raises:
        UserError: Where its record is damaged.
    """
    folder = Path(name).expanduser()
    if not is_bundle(folder):
        return None
    bundle = read_bundle(folder)
    if outside := list(leading_outside(bundle.files, folder)):
        return outside
    checks = [Check(file, _problem(folder / file, digest)) for file, digest in bundle.files.items()]
    there = {path.relative_to(folder).as_posix() for top in ("data", "models") for path in (folder / top).rglob("*")
             if path.is_file()}  # fmt: skip
    return checks + [Check(file, "bundle.json does not list it: the file was added") for file in
                     sorted(there - {*bundle.files})]  # fmt: skip


def _problem(file: Path, digest: str) -> str | None:
    if not file.is_file():
        return "the file is missing"
    return None if sha256_of(file) == digest else "its sha256 is not the one in bundle.json: the file was changed"


def _readme(bundle: Bundle) -> str:
    cells = ((item.kind, f"`{item.name}`", f"`{item.folder}`", item.revision or "") for item in bundle.items)
    rows = "".join(f"| {' | '.join(each)} |\n" for each in cells)
    return f"""\
# Data and encoders for a machine without a network

| | name | folder | revision |
|---|---|---|---|
{rows}
    sha256sum --check {SUMS_FILE}    # or: harness verify THIS_FOLDER
    {command_of(bundle, ".")}
"""
