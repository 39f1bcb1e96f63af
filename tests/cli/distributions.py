"""Distributions of third parties that look installed: metadata, an entry point and a module in a folder on the path."""

import importlib
from pathlib import Path

import pytest

IMPORTS = """
from dataclasses import dataclass
import os, random, sys, warnings
import numpy as np
import torch
from sklearn.naive_bayes import GaussianNB
from harness import Features, SklearnProbe, hookimpl
"""


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, source: str, module: str | None = None) -> None:
    """Make `pip install name` seem to have happened; its entry point is called `name`, too.

    Args:
        monkeypatch: Undoes it after the test.
        folder: Where to put it.
        name: Of distribution and entry point, an identifier.
        source: Of the module.
        module: Its name, `name` by default.
    """
    module = module or name
    site = folder / f"site-{name}-{module}"
    info = site / f"{module}-0.1.dist-info"
    info.mkdir(parents=True)
    (site / f"{module}.py").write_text(source, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(f"[harness]\n{name} = {module}\n")
    (info / "RECORD").write_text(f"{module}.py,,\n")
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()


def probe(name: str, fit: str = "pass", extra: str = "", predict: str = "") -> str:
    """Return the source of a plugin with one probe.

    Args:
        name: Of the strategy.
        fit: A statement that runs inside `fit`.
        extra: More lines of the class.
        predict: An expression for what `predict_proba` returns, of `p`, what it should return.
    """
    spoilt = f"""
class Spoilt(GaussianNB):
    def predict_proba(self, x):
        p = super().predict_proba(x)
        return {predict}
"""
    return f"""{IMPORTS}{spoilt if predict else ""}
@dataclass(frozen=True)
class Probe(SklearnProbe):
    name = {name!r}
    {extra}
    def estimator(self, seed):
        {fit}
        return {"Spoilt" if predict else "GaussianNB"}()

@hookimpl
def harness_strategies():
    return [Probe()]
"""
