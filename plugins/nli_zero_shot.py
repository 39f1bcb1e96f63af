"""Zero-shot classification by entailment: which class's hypothesis follows from the text (Yin et al., EMNLP 2019).

A checkpoint trained on natural language inference reads each text with a sentence for each class. Nothing is learnt.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from harness import ModelError, RunContext, Split, find_model, hookimpl, load_tokenizer, model_hash, silent_transformers

OPTION = "--set nli_zero_shot.model"
FILE_NAME = "nli_zero_shot.json"


@dataclass(frozen=True)
class EntailmentClassifier:
    """A checkpoint and the sentence that each class is.

    Attributes:
        strategy: How it was asked for.
        folder: Of the checkpoint.
        model: The checkpoint, with a head for entailment.
        tokenizer: Its tokenizer.
        context: Whose names of classes are put into the hypotheses.
    """

    strategy: "NLIZeroShot"
    folder: Path
    model: Any
    tokenizer: Any
    context: RunContext

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k): the softmax of what speaks for entailment, over the classes."""
        import torch

        hypotheses = self.strategy.hypotheses(self.context.label_names)
        if n_cut := self._count_cut(texts, hypotheses):
            told = f"{n_cut:,} of {len(texts):,} texts were cut: with the sentence of a class"
            warnings.warn(f"{told} the checkpoint reads {self._longest():,} tokens.", stacklevel=2)
        pairs = [(text, hypothesis) for text in texts for hypothesis in hypotheses]
        entails, longest = _entailment(self.model.config.label2id), self._longest()
        scores = torch.zeros(len(pairs))
        order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))  # of one length side by side: less padding
        for start in range(0, len(pairs), self.strategy.batch_size):
            rows = order[start : start + self.strategy.batch_size]
            inputs = self.tokenizer(
                *([pairs[i][side] for i in rows] for side in (0, 1)),
                truncation="only_first", max_length=longest, padding=True, return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                logits = self.model(**inputs.to(self.context.device)).logits
            scores[rows] = logits[:, entails].float().cpu()
            self.context.progress("texts with hypotheses", start + len(rows), len(pairs))
        return scores.reshape(len(texts), len(hypotheses)).softmax(dim=1).numpy()

    def _longest(self) -> int:
        """Return the tokens that texts with their hypotheses are cut at."""
        of_model = getattr(self.model.config, "max_position_embeddings", None) or self.tokenizer.model_max_length
        return int(min(of_model, self.tokenizer.model_max_length))

    def _count_cut(self, texts: Sequence[str], hypotheses: Sequence[str]) -> int:
        """Return how many texts are cut for the longest of the hypotheses."""
        of_texts, of_hypotheses = (_token_ids(self.tokenizer, given) for given in (texts, hypotheses))
        besides = max(map(len, of_hypotheses), default=0) + self.tokenizer.num_special_tokens_to_add(pair=True)
        return sum(len(ids) + besides > self._longest() for ids in of_texts)

    def save(self, directory: Path) -> None:
        """Write which checkpoint it is; the checkpoint itself stays where it is, as an encoder does."""
        (directory / FILE_NAME).write_text(json.dumps({"sha256": model_hash(self.folder)}), encoding="utf-8")

    @property
    def own_parameters(self) -> int:
        """Number of weights that it needs, none of them trained."""
        return sum(weight.numel() for weight in self.model.parameters())

    trainable_parameters = 0


@dataclass(frozen=True)
class NLIZeroShot:
    """A sentence for each class, and how much a checkpoint for inference takes it to follow from the text.

    As transformers' pipeline for zero-shot classification; nothing is learnt from train. Each text is read once a
    class, so that its price grows with their number.

    Args:
        model: Folder or hub id of a checkpoint for natural language inference, such as facebook/bart-large-mnli.
        template: The hypothesis, {} standing for the name of a class.
        batch_size: Texts with a hypothesis in a batch.
    """

    name: ClassVar[str] = "nli_zero_shot"
    uses_model: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("zero_shot",)
    reads_label_names: ClassVar[bool] = True
    must_be_set: ClassVar[tuple[str, ...]] = ("model",)
    imports: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    model: str | None = None
    template: str = "This example is {}."
    batch_size: Annotated[int, Ge(1)] = 32

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Download the checkpoint where that is allowed, and return why it cannot be asked, by its config.json."""
        del model, n_layers
        if "{}" not in self.template:
            return "template: {} is missing in it, so that every class would be the same sentence."
        from transformers import AutoConfig

        folder = self._folder()
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        if _entailment(config.label2id) is None:
            known = ", ".join(repr(str(name)[:40]) for name in list(config.label2id)[:5])
            told = f"{folder} is no checkpoint for inference: expected a class entailment, found {known}"
            return f"{told}. Name another one."
        return self._alike(label_names, load_tokenizer(str(folder)))

    def _alike(self, label_names: Sequence[str], tokenizer: Any) -> str | None:
        """Say which two classes are one and the same to a tokenizer, such as two signs that it does not know."""
        first: dict[tuple[int, ...], str] = {}
        for name, ids in zip(label_names, _token_ids(tokenizer, self.hypotheses(label_names)), strict=True):
            if (other := first.setdefault(tuple(ids), name)) != name:
                told = f"its tokenizer reads the names of the classes {other!r} and {name!r} alike"
                return f"{told}. Give the classes other names, by --label-names, or name another checkpoint."
        return None

    def hypotheses(self, label_names: Sequence[str]) -> list[str]:
        """Return the sentence of each class."""
        return [self.template.replace("{}", name) for name in label_names]

    def fit(self, train: Split, validation: Split, context: RunContext) -> EntailmentClassifier:
        """Load the checkpoint; nothing is learnt."""
        del train, validation
        folder = self._folder()
        return EntailmentClassifier(self, folder, _load(folder, context.device), load_tokenizer(str(folder)), context)

    def load(self, directory: Path, context: RunContext) -> EntailmentClassifier:
        """Return the classifier saved in `directory`, with the checkpoint that it was made of.

        Raises:
            ModelError: Where that is another one by now.
        """
        saved = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        folder = self._folder()
        if model_hash(folder) != saved["sha256"]:
            raise ModelError(f"{folder} is another checkpoint than the one that the run asked. Restore its files.")
        return EntailmentClassifier(self, folder, _load(folder, context.device), load_tokenizer(str(folder)), context)

    def content_hash(self) -> str:
        """Return the hash of the checkpoint."""
        return model_hash(self._folder())

    def _folder(self) -> Path:
        return find_model(str(self.model), OPTION)


def _entailment(label2id: dict[str, int]) -> int | None:
    """Return the id of the class entailment, None where there is none."""
    return next((i for label, i in label2id.items() if str(label).lower().startswith("entail")), None)


def _token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each text, none of them special, however many there are."""
    return tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []


def _load(folder: Path, device: str) -> Any:
    """Return the checkpoint with its head, in float32.

    Raises:
        ModelError: Where weights are missing, which would be random.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    try:
        with silent_transformers():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                str(folder), trust_remote_code=False, local_files_only=True, use_safetensors=True, dtype=torch.float32,
                output_loading_info=True,
            )  # fmt: skip
    except Exception as error:  # of transformers or safetensors, whichever finds the damage
        raise ModelError(f"{folder} cannot be loaded: {type(error).__name__}: {error}".splitlines()[0]) from error
    if missing := sorted(info["missing_keys"]):
        raise ModelError(f"{folder} lacks {missing[0]}, which would be random. Name a checkpoint for inference.")
    return model.eval().to(device)


@hookimpl
def harness_strategies() -> list[NLIZeroShot]:
    """Offer the entailment."""
    return [NLIZeroShot()]
