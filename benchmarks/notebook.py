"""The tutorial's notebook as a script, with a strategy for each of the harness's: the baseline of end_to_end.py.

Reads a folder with train, validation and test .jsonl, extracts [CLS] features with the tutorial's code, fits a
majority classifier, logistic regression on TF-IDF, logistic regression and an MLP on the features, fine-tunes with
the tutorial's Trainer, predicts validation and test with each, and prints scores and confusion matrices.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import seed
from corpus import load_task
from numpy.typing import NDArray
from options import make_parser, prepare

EVALUATED = ("validation", "test")


def probes() -> dict[str, Any]:
    """Return name -> classifier of [CLS] features, unscaled as in the tutorial."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    mlp = MLPClassifier((256,), batch_size=256, early_stopping=True, n_iter_no_change=5, max_iter=100, random_state=0)
    return {"logistic regression": LogisticRegression(max_iter=3000), "MLP": mlp}


def baselines() -> dict[str, Any]:
    """Return name -> classifier of texts."""
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return {
        "majority": DummyClassifier(strategy="most_frequent"),
        "TF-IDF": make_pipeline(words, LogisticRegression(C=10, max_iter=1000)),
    }


def fine_tune(options: argparse.Namespace, splits: dict[str, Any], n_classes: int, checkpoint: Any) -> dict[str, Any]:
    """Return split -> predicted classes of the tutorial's fine-tuning, two epochs."""
    from sklearn.metrics import accuracy_score, f1_score

    def compute_metrics(pred: Any) -> dict[str, float]:
        labels, preds = pred.label_ids, pred.predictions.argmax(-1)
        return {"accuracy": accuracy_score(labels, preds), "f1": f1_score(labels, preds, average="weighted")}

    folder, tokenizer, max_length = checkpoint
    with tempfile.TemporaryDirectory() as workdir:
        trainer = seed.make_trainer(
            folder,
            splits,
            n_classes,
            Path(workdir),
            tokenizer=tokenizer,
            max_length=max_length,
            device=options.device,
            dtype=options.dtype,
            num_train_epochs=2,
            eval_strategy="epoch",
        )
        trainer.compute_metrics = compute_metrics
        trainer.train()
        data = {name: seed.encode_dataset(splits[name], tokenizer, max_length) for name in EVALUATED}
        return {name: trainer.predict(data[name]).predictions.argmax(-1) for name in EVALUATED}


def show(strategy: str, splits: dict[str, Any], predicted: dict[str, NDArray[np.int64]]) -> None:
    """Print scores and confusion matrices of one strategy."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    for name in EVALUATED:
        labels, guesses = splits[name].labels, predicted[name]
        scores = {average: f1_score(labels, guesses, average=average) for average in ("macro", "weighted")}
        print(f"{strategy}, {name}: accuracy {accuracy_score(labels, guesses):.4f}, f1 {scores}")
    print(confusion_matrix(splits["test"].labels, predicted["test"]))


def run(options: argparse.Namespace) -> None:
    """Run the notebook from the first cell to the last."""
    from harness.huggingface import load_tokenizer
    from harness.huggingface.checkpoint import find_checkpoint

    task = load_task(options.data, options.rows)
    splits = {name: getattr(task, name) for name in ("train", *EVALUATED)}
    for name, classifier in baselines().items():
        classifier.fit(list(task.train.texts), task.train.labels)
        show(name, splits, {split: classifier.predict(list(splits[split].texts)) for split in EVALUATED})
    folder = str(find_checkpoint(options.model, None, True)[0])
    tokenizer = load_tokenizer(folder)
    model = seed.load_model(folder, options.device, options.dtype)
    max_length = min(tokenizer.model_max_length, model.config.max_position_embeddings)
    features = seed.encode_splits({n: s.texts for n, s in splits.items()}, tokenizer, model, max_length)
    for name, classifier in probes().items():
        classifier.fit(features["train"], task.train.labels)
        show(name, splits, {split: classifier.predict(features[split]) for split in EVALUATED})
    show("fine-tuning", splits, fine_tune(options, splits, task.n_classes, (folder, tokenizer, max_length)))


def main() -> None:
    """Run the notebook on a folder of data, or on generated texts."""
    parser = make_parser(__doc__ or "", rows=1000, repeats=1)
    options = parser.parse_args()
    prepare(options)
    run(options)


if __name__ == "__main__":
    main()
