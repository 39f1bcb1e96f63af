"""`harness run --on slurm` and `--on ray`: each tried without a cluster, where its extra is installed."""

from pathlib import Path

import pytest

from .commands import Harness, digests, run_of


def same_here_and(run: Harness, folder: Path, *there: str) -> None:
    """Assert that trials elsewhere predict what they predict here, leave nothing, and are scored alike."""
    assert run("-o", str(folder / "here")).code == 0
    outcome = run(*there, "-o", str(folder / "there"))
    assert outcome.code == 0, outcome.err
    here, elsewhere = run_of(folder / "here"), run_of(folder / "there")
    assert digests(elsewhere) == digests(here)
    assert [record["test"] for record in elsewhere["records"]] == [record["test"] for record in here["records"]]
    assert elsewhere["evidence"] == here["evidence"]
    assert not [*folder.glob("there/*/.work")]


@pytest.mark.parametrize("shared", [False, True], ids=["one disk", "by way of a share"])
def test_jobs_of_slurm_predict_the_same(run: Harness, tmp_path: Path, shared: bool) -> None:
    pytest.importorskip("submitit")
    share = ["--share", str(tmp_path / "share")] if shared else []
    same_here_and(run, tmp_path, "--on", "slurm:local", *share)


def test_workers_of_ray_predict_the_same(run: Harness, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    same_here_and(run, tmp_path, "--on", "ray")
