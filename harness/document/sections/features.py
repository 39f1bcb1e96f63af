"""Frozen features in two dimensions: principal components, and UMAP where it is installed."""

import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from harness.document import numbers
from harness.document.figures.scatter import largest_classes, scatter_figure
from harness.document.model import Gallery, Paragraph, Phrase, Picture, Section
from harness.document.subject import Subject
from harness.results.feature_sample import FeatureSample

Plane = tuple[NDArray[np.float64], tuple[str, str], str]
FEWEST_ROWS = 3
UMAP_NEIGHBOURS = 15  # its authors' default


def features_section(subject: Subject) -> Section | None:
    """Draw the frozen features of the first run's test rows; None where it kept none."""
    say, pictures = subject.say, list(feature_pictures(subject))
    if not pictures:
        return None
    note = say(
        "Each dot is a test row as the frozen encoder sees it, coloured by its label; large dots are medians of "
        "classes. What lies apart here a linear probe can part; what overlaps here may still be apart in other "
        "directions."
    )
    return Section("features", say("Frozen features"), [Gallery(pictures), Paragraph(note, "note")])


def feature_pictures(subject: Subject) -> Iterator[Picture]:
    """Draw the test rows by each frozen state that the first run kept."""
    study = subject.study
    of_first_run = next((studied for studied in study.strategies if studied.run_index == 0), None)
    if of_first_run is None:
        return
    names = subject.label_names(of_first_run)
    for state, sample in study.features.items():
        if len(sample.positions) < FEWEST_ROWS or not np.ptp(sample.values, axis=0).any():
            continue  # such as the [CLS] of the embedding layer, which is the same for every text
        labels = of_first_run.predictions.labels[sample.positions]
        for plane in _planes(subject, sample):
            yield _picture(subject, _state_name(subject, state), plane, labels, names)


def _state_name(subject: Subject, state: str) -> str:
    """Write "layer-1-cls", the name of a file, as a person would."""
    parts = re.fullmatch(r"layer(-?\d+)-([\w+]+)", state)
    if parts is None:
        return state
    return subject.say("layer {layer}, {pooling}").format(layer=parts[1].replace("-", numbers.MINUS), pooling=parts[2])


def _picture(subject: Subject, state: str, plane: Plane, labels: NDArray[np.int64], names: list[str]) -> Picture:
    points, axis_names, how = plane
    values = {"state": state, "how": how, "n": numbers.count(len(points))}
    caption = Phrase(subject.say("{state}: {how} of {n} test rows"), values)
    named = largest_classes(labels)
    middles = [np.median(points[labels == label], axis=0) for label in named]
    told = [f"{names[label]} ({x:.2g}, {y:.2g})" for label, (x, y) in zip(named, middles, strict=True)]
    alternative = Phrase(
        subject.say("{state}: {how} of {n} test rows, coloured by label. Medians of the classes: {middles}."),
        {**values, "middles": subject.say(", ").join(told)},
    )
    return Picture(partial(scatter_figure, points, labels, names, axis_names), alternative, caption)


def _planes(subject: Subject, sample: FeatureSample) -> Iterator[Plane]:
    yield _principal_components(sample.values, subject.say)
    if find_spec("umap") and len(sample.values) > UMAP_NEIGHBOURS:
        yield _umap(sample.values)


def _principal_components(values: NDArray[np.float32], say: Callable[[str], str]) -> Plane:
    from sklearn.decomposition import PCA

    pca = PCA(n_components=2, svd_solver="covariance_eigh")
    points = pca.fit_transform(values.astype(np.float64))
    shares = [numbers.share(float(share)) for share in np.nan_to_num(pca.explained_variance_ratio_)]
    template = say("component {number} ({share} of the variance)")
    axis_names = template.format(number=1, share=shares[0]), template.format(number=2, share=shares[1])
    return points, axis_names, say("principal components")


def _umap(values: NDArray[np.float32]) -> Plane:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that tensorflow is missing, and that a seed keeps it on one thread
        from umap import UMAP

        points = UMAP(n_neighbors=UMAP_NEIGHBOURS, random_state=0, n_jobs=1).fit_transform(values)
    return points.astype(np.float64), ("UMAP 1", "UMAP 2"), "UMAP"
