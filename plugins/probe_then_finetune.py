"""LP-FT: first a linear probe, then fine-tuning of all weights from there (Kumar et al., ICLR 2022).

A random head sends gradients through the encoder that spoil what it knows; a head that is a probe already does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness import FineTunedClassifier, FineTuning, RunContext, Split, StrategyError, hookimpl, sklearn_class_weight

KEPT = "keep_head: the head of probe_then_finetune begins as a probe. Leave keep_head out."
NEVER = -100.0  # logit of a class that train does not hold: its probability rounds to 0


@dataclass(frozen=True)
class ProbeThenFineTune(FineTuning):
    """All weights trained end to end, the head beginning as logistic regression on what it reads.

    That is the standardised input of the head's last layer: of BERT the pooled state, of others what a dense layer
    that nobody has trained makes of [CLS]. Where that layer has no bias, as in decoders, the probe has no intercept
    and its input is scaled only. The probe's own scores are epoch 0; it is kept where no epoch does better.

    Args:
        C: Inverse strength of the probe's L2 penalty.
        max_iter: Most iterations of L-BFGS.
    """

    name: ClassVar[str] = "probe_then_finetune"
    imports: ClassVar[tuple[str, ...]] = (*FineTuning.imports, "sklearn.linear_model", "sklearn.preprocessing")
    scores_start: ClassVar[bool] = True
    C: Annotated[float, Gt(0)] = 1.0
    max_iter: Annotated[int, Ge(1)] = 1000

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Return why the checkpoint's head cannot be kept: it begins as a probe."""
        return KEPT if self.keep_head else None

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Fit the probe and write it into the head's last layer."""
        import torch

        if self.keep_head:
            raise StrategyError(KEPT)
        module, name = untrained.last_layer()
        layer = getattr(module, name)
        setattr(module, name, torch.nn.Identity())  # so that its input comes out
        inputs = untrained.logits(train.texts).numpy()
        setattr(module, name, layer)
        weight, bias = self._probe(inputs, train, context, has_bias=layer.bias is not None)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(bias))

    def _probe(
        self, inputs: NDArray[np.float32], train: Split, context: RunContext, *, has_bias: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (k, width) and biases (k,) of a probe that reads inputs (n, width) as they are."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        scaler = StandardScaler(with_mean=has_bias)
        counts = sklearn_class_weight(self.class_weight)
        probe = LogisticRegression(
            C=self.C, max_iter=self.max_iter, class_weight=counts, random_state=context.seed, fit_intercept=has_bias
        )
        with threadpool_limits(1, user_api="blas"):  # a product with one column a class is too narrow to share
            probe.fit(scaler.fit_transform(inputs), train.labels)
        rows, constants = probe.coef_, probe.intercept_
        if len(probe.classes_) == 2:  # scikit-learn has one row for two classes  # noqa: PLR2004
            rows, constants = np.concatenate([-rows, rows]) / 2, np.concatenate([-constants, constants]) / 2
        weight = np.zeros((context.n_classes, inputs.shape[1]))
        bias = np.full(context.n_classes, NEVER)
        weight[probe.classes_] = rows / scaler.scale_
        if has_bias:
            bias[probe.classes_] = constants - weight[probe.classes_] @ scaler.mean_
        elif len(probe.classes_) < context.n_classes:
            raise StrategyError("the head has no bias, so a probe cannot rule out classes that train does not hold.")
        return weight, bias


@hookimpl
def harness_strategies() -> list[ProbeThenFineTune]:
    """Offer LP-FT."""
    return [ProbeThenFineTune()]
