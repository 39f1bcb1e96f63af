"""A prompt without examples to a language model behind any OpenAI-compatible URL: vLLM, llama.cpp, or a paid service.

Probabilities are those of the first token of each class's name, where the answer begins to name one, if the server
gives them; else all is on the class that the answer names. Answers are kept in the cache's folder: they cost money and
time once.
"""

import json
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from harness import RunContext, Split, UserError, hookimpl

from ._answers import named_class, nameless, probabilities  # noqa: TID251  of the same package, so no second copy
from ._chat import Answer, Chat  # noqa: TID251  likewise

QUESTION = "Which class fits the text: {labels}? Answer with its name alone.\n\nText: {text}\nClass:"
CHARACTERS_PER_TOKEN = 4  # of English, by OpenAI's documentation: good enough to price a run before it
MOST_ALTERNATIVES = 20  # tokens whose probabilities are told: the most that OpenAI allows
SHOWN = 40  # characters of an answer
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FILE_NAME = "prompt.json"


@dataclass(frozen=True)
class PromptClassifier:
    """A prompt and the names of the classes.

    Attributes:
        prompt: The strategy.
        context: Whose names of classes are asked for, and who is told how far it is.
        shares: Of the classes in train, (k,): they stand for an answer that names no class.
        answers: Those that it was given since it was fitted, by what was asked.
    """

    prompt: "Prompt"
    context: RunContext
    shares: tuple[float, ...]
    answers: dict[str, Answer] = field(default_factory=dict)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        names, chat = self.context.label_names, self.prompt.chat
        keys = [chat.key(self.prompt.body(text, names)) for text in texts]
        bodies = {key: self.prompt.body(text, names) for key, text in zip(keys, texts, strict=True)}
        kept = chat.kept(bodies)
        new = {key: body for key, body in bodies.items() if key not in kept}
        found = kept | chat.ask(new, lambda done: self.context.progress("answers", done, len(new)))
        self.answers.update(found)
        if kept:
            told = f"{len(kept):,} of {len(bodies):,} answers were kept from earlier"
            warnings.warn(f"{told}: the seconds to predict are without them.", stacklevel=2)
        said = [found[key] for key in keys]
        named = [named_class(answer.text, tuple(names)) for answer in said]
        if unnamed := [answer.text for answer, one in zip(said, named, strict=True) if one is None]:
            told = f"{len(unnamed):,} of {len(said):,} answers named no class, such as {unnamed[0][:SHOWN]!r}"
            warnings.warn(f"{told}: the shares of the classes in train stand for them.", stacklevel=2)
        rows = [probabilities(answer, one) if one else self.shares for answer, one in zip(said, named, strict=True)]
        return np.array(rows, np.float32).reshape(-1, len(names))

    def save(self, directory: Path) -> None:
        """Write what is no setting; no key is part of it."""
        (directory / FILE_NAME).write_text(json.dumps({"shares": self.shares}), encoding="utf-8")

    @property
    def params(self) -> dict[str, Any]:
        """The settings, with what was asked."""
        return {**vars(self.prompt), "template": self.prompt.question}

    @property
    def spent(self) -> float:
        """What its answers cost, in the currency of the prices, those that were kept from earlier, too."""
        return sum(map(self.prompt.price, self.answers.values()))

    @property
    def text_seconds(self) -> list[float]:
        """What each answer took when it was asked for."""
        return [answer.seconds for answer in self.answers.values()]


@dataclass(frozen=True)
class Prompt:
    """A language model is asked which class fits, by a prompt without examples; nothing is learnt from train.

    Texts are sent to the address that you name, and nowhere else.

    Args:
        base_url: Address of an OpenAI-compatible API, such as http://localhost:8000/v1.
        model: Name of the model there.
        key_variable: Environment variable that holds the key; `none` sends none.
        template: What is asked; {labels} are the names of the classes, {text} is the text; `auto` asks in English which
            class fits (docs/the-table.md).
        logprobs: Ask for the probabilities of tokens; a server that knows none may refuse.
        max_tokens: Most tokens of an answer.
        price_input: Price of a million tokens read.
        price_output: Price of a million tokens written.
        at_once: Requests at the same time.
        timeout: Seconds to wait for an answer.
        retries: How often to ask again where the server is busy, fails or does not answer.
    """

    name: ClassVar[str] = "prompt"
    uses_model: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("zero_shot",)
    reads_label_names: ClassVar[bool] = True
    must_be_set: ClassVar[tuple[str, ...]] = ("base_url", "model")
    base_url: str | None = None
    model: str | None = None
    key_variable: str | None = None
    template: str = "auto"
    logprobs: bool = True
    max_tokens: Annotated[int, Ge(1)] = 16
    price_input: Annotated[float, Ge(0)] = 0.0
    price_output: Annotated[float, Ge(0)] = 0.0
    at_once: Annotated[int, Interval(ge=1, le=64)] = 4
    timeout: Annotated[float, Gt(0)] = 60.0
    retries: Annotated[int, Interval(ge=0, le=20)] = 5

    @property
    def address(self) -> str:
        """What it asks over the network."""
        return self.base_url or ""

    @property
    def question(self) -> str:
        """What is asked."""
        return QUESTION if self.template == "auto" else self.template

    @property
    def chat(self) -> Chat:
        """The server."""
        return Chat(self.address, self.key_variable, self.at_once, self.timeout, self.retries)

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Return what of the settings cannot be; no value that might be a key is part of it."""
        del model, n_layers
        url = urlsplit(self.address)
        if url.scheme not in ("http", "https") or not url.hostname or url.username or url.password or url.query:
            return "base_url: expected http(s)://HOST/PATH without a password or a query."
        if "{text}" not in self.question:
            return "template: {text} is missing in it, so that every text would get the same answer."
        if (name := nameless(label_names)) is not None:
            told = f"no answer can name the class {name!r}: what is seen of its name is nothing or another class's"
            return f"{told}. Give the classes names that differ: --label-names."
        if self.key_variable is None:
            return None
        if not os.environ.get(self.key_variable):
            return "key_variable: the environment has no such variable. Export the one that holds the key, name that."
        if url.scheme == "http" and url.hostname not in LOOPBACK:
            return "base_url: a key is not sent by http, which others can read. Use https, or key_variable=none."
        return None

    def expense(self, texts: Sequence[str], label_names: Sequence[str]) -> str:
        """Say what it would still ask for, and about what that costs."""
        bodies = {self.chat.key(body): body for body in (self.body(text, label_names) for text in texts)}
        kept = self.chat.kept(bodies)
        new = [body["messages"][0]["content"] for key, body in bodies.items() if key not in kept]
        n_read = sum(map(len, new)) // CHARACTERS_PER_TOKEN
        cost = self.price(Answer("", (), n_read, self.max_tokens * len(new), 0.0))
        return f"{len(new):,} texts to ask about, some {n_read:,} tokens, at most about {cost:,.2f}"

    def price(self, answer: Answer) -> float:
        """Return what an answer costs."""
        return (answer.prompt_tokens * self.price_input + answer.completion_tokens * self.price_output) / 1e6

    def fit(self, train: Split, validation: Split, context: RunContext) -> PromptClassifier:
        """Take note of the shares of the classes, and of the server, which this user asks for."""
        del validation
        self.chat.remember()
        shares = np.bincount(train.labels, minlength=context.n_classes) / max(len(train), 1)
        return PromptClassifier(self, context, tuple(shares.tolist()))

    def load(self, directory: Path, context: RunContext) -> PromptClassifier:
        """Return the classifier saved in `directory`.

        Raises:
            UserError: Where it asks a server that no run of this user asked: it would be given texts and key.
        """
        if not self.chat.is_known():
            raise UserError(
                f"The classifier asks {self.address}, which no run on this machine did. If you trust that server with "
                "your texts and key, name it once: harness run -d sample -n 12 -s prompt --set prompt.base_url=..."
            )
        shares = np.asarray(json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))["shares"], np.float64)
        if shares.shape != (context.n_classes,) or not np.isclose(shares.sum(), 1) or shares.min() < 0:
            raise ValueError(f"{FILE_NAME}: expected the shares of {context.n_classes} classes")
        return PromptClassifier(self, context, tuple(shares.tolist()))

    def body(self, text: str, label_names: Sequence[str]) -> dict[str, Any]:
        """Return what is sent for a text, all that its answer depends on."""
        slots = {"{text}": text, "{labels}": ", ".join(label_names)}
        content = re.sub("{text}|{labels}", lambda slot: slots[slot[0]], self.question)
        tokens = {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES} if self.logprobs else {}
        messages = [{"role": "user", "content": content}]
        return {"model": self.model, "messages": messages, "temperature": 0, "max_tokens": self.max_tokens, **tokens}


@hookimpl
def harness_strategies() -> list[Prompt]:
    """Offer the prompt."""
    return [Prompt()]
