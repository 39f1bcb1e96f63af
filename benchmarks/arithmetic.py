"""How much arithmetic a piece of code executes, and how fast this machine can do such arithmetic at best."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from measuring import median, seconds_of

if TYPE_CHECKING:
    import torch

SQUARES = {"cpu": (1024, 2048, 4096), "cuda": (4096, 8192, 16384)}
SHORTEST = 0.3  # seconds that one measurement of a rate takes


@dataclass
class Work:
    """What some code executed.

    Attributes:
        flops: Floating-point operations of its matrix products, attention among them.
        batches: Shape (texts, positions a text) of every batch that entered a transformer, padding included.
    """

    flops: int = 0
    batches: list[tuple[int, int]] = field(default_factory=list)

    @property
    def positions(self) -> int:
        """Token positions of all batches, padding included."""
        return sum(texts * longest for texts, longest in self.batches)

    def padding_waste(self, tokens: int) -> float:
        """Return the share of the positions that held no token, given the tokens of the texts themselves."""
        return 1 - tokens / self.positions

    def usual_positions(self) -> int:
        """Return the median number of positions in a batch."""
        return int(median([texts * longest for texts, longest in self.batches]))


@contextmanager
def counted(vocabulary_size: int) -> Iterator[Work]:
    """Count what is executed inside: matrix products by torch's own counter, batches at the word embeddings.

    It slows what it counts, so nothing is timed in it.

    Args:
        vocabulary_size: Rows of the word embeddings, to know them from other embeddings.
    """
    import torch
    from torch.nn.modules.module import register_module_forward_pre_hook
    from torch.utils.flop_counter import FlopCounterMode

    work = Work()

    def note(module: Any, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, torch.nn.Embedding) and module.num_embeddings == vocabulary_size:
            work.batches.append((int(inputs[0].shape[0]), int(inputs[0].shape[-1])))

    hook = register_module_forward_pre_hook(note)
    try:
        with FlopCounterMode(display=False, custom_mapping=_cpu_attention()) as counter:
            yield work
    finally:
        hook.remove()
    work.flops = counter.get_total_flops()


def _cpu_attention() -> dict[Any, Callable[..., int]]:
    """Return what torch's counter lacks: the fused attention of the CPU."""
    import torch

    def forward(query: Sequence[int], key: Sequence[int], *args: Any, out_shape: Any = None, **kwargs: Any) -> int:
        batch, heads, n_queries, width = query
        return 4 * batch * heads * n_queries * key[2] * width  # q k^T and its product with v

    def backward(gradient: Any, query: Sequence[int], key: Sequence[int], *args: Any, **kwargs: Any) -> int:
        return forward(query, key) * 5 // 2  # q k^T again, and four products for three gradients

    ops = torch.ops.aten
    return {
        ops._scaled_dot_product_flash_attention_for_cpu: forward,
        ops._scaled_dot_product_flash_attention_for_cpu_backward: backward,
    }


@dataclass(frozen=True)
class Products:
    """Matrix products to time: calling it runs them all, `flops` is what that takes."""

    run: Callable[[], None]
    flops: int

    def __call__(self) -> None:
        """Run the products."""
        self.run()

    def repeated(self, device: str, seconds: float = SHORTEST) -> "Products":
        """Return them as often as it takes to last the given time."""
        self()
        times = max(round(seconds / max(seconds_of(self, device), 1e-6)), 1)

        def run() -> None:
            for _ in range(times):
                self.run()

        return Products(run, times * self.flops)


def block_weights(model: Any) -> list["torch.Tensor"]:
    """Return the weights (out, in) of all linear layers inside the numbered blocks of a transformer."""
    import torch

    found = [
        module.weight.detach()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and re.search(r"\.\d+\.", name)
    ]
    if not found:
        raise ValueError(f"{type(model).__name__} has no linear layers in numbered blocks")
    return found


def model_products(weights: Sequence["torch.Tensor"], positions: int, backward: bool = False) -> Products:
    """Return the products of a model's linear layers, one after the other, with the model's own weights.

    Args:
        weights: Each (out, in).
        positions: Rows of the other factor, as many as a batch has token positions.
        backward: Also take the two products by which the gradients of input and weight are computed.
    """
    import torch

    def factor(width: int) -> "torch.Tensor":
        return torch.randn(positions, width, device=weights[0].device).to(weights[0].dtype)

    inputs = {width: factor(width) for weight in weights for width in weight.shape}
    outputs = {width: torch.empty_like(value) for width, value in inputs.items()}
    gradients = {weight.shape: torch.empty_like(weight) for weight in weights} if backward else {}

    def run() -> None:
        with torch.inference_mode():
            for weight in weights:
                n_out, n_in = weight.shape
                torch.mm(inputs[n_in], weight.t(), out=outputs[n_out])
                if backward:
                    torch.mm(inputs[n_out], weight, out=outputs[n_in])
                    torch.mm(inputs[n_out].t(), inputs[n_in], out=gradients[weight.shape])

    passes = 3 if backward else 1
    return Products(run, passes * sum(2 * positions * weight.numel() for weight in weights))


def square_products(size: int, device: str, dtype: str) -> Products:
    """Return one product of two square matrices."""
    import torch

    left, right = (torch.randn(size, size, device=device).to(getattr(torch, dtype)) for _ in range(2))
    result = torch.empty_like(left)

    def run() -> None:
        with torch.inference_mode():
            torch.mm(left, right, out=result)

    return Products(run, 2 * size**3)


def best_square(device: str, dtype: str) -> Products:
    """Return the square product that runs at the highest rate here, larger ones not tried once one takes long."""

    def rate(products: Products) -> float:
        return products.flops / min(seconds_of(products, device) for _ in range(2))

    tried: list[Products] = []
    for size in SQUARES.get(device, SQUARES["cpu"]):
        product = square_products(size, device, dtype)
        tried.append(product.repeated(device))
        if tried[-1].flops == product.flops:  # once is as long as a measurement is to take
            break
    return max(tried, key=rate)
