"""Text without the user's tokens: the one place that says what a token is. Whatever is printed or written passes it."""

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

REDACTED = "[token removed]"
SHORTEST = 8  # characters; a shorter value of a variable would be found inside of ordinary words

# What services hand out under a known beginning, what an HTTP header proves who one is with, and the password of a URL.
_SHAPES = re.compile(
    r"(?:hf[_-]|api_org_)(?:[A-Za-z0-9]{30,}|(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{16,})"
    r"|(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}"
    r"|(?<=\bBearer )[A-Za-z0-9._~+/=-]{16,}|(?<=\bBasic )[A-Za-z0-9+/=]{16,}"
    r"|(?<=://)[^\s/@:\"']*:[^\s/@\"']+(?=@)"
)
_TOKENS = re.compile(r"(?:^|_)(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY)(?:_|$)", re.IGNORECASE)
_NO_TOKENS = re.compile(r"_(?:PATH|FILE|DIR|NAME|URL|LIMIT)$", re.IGNORECASE)


def redacted(text: str, secrets: Sequence[str] | None = None) -> str:
    """Return text with every token replaced: values of variables such as HF_TOKEN, and what looks like one.

    Args:
        text: Any text, such as a library's message or a traceback.
        secrets: Values to replace, by default those of the environment.
    """
    if secrets is None:  # numbers in a table are too short to hold one, and looking around for each takes a while
        secrets = _secrets_of_the_environment() if len(text) >= SHORTEST else ()
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _SHAPES.sub(REDACTED, text)


def without_secrets(value: Any, secrets: Sequence[str] | None = None) -> Any:
    """Return plain values, as JSON has them, with every text in them redacted."""
    secrets = _secrets_of_the_environment() if secrets is None else secrets
    if isinstance(value, str):
        return redacted(value, secrets)
    if isinstance(value, dict):
        return {without_secrets(key, secrets): without_secrets(each, secrets) for key, each in value.items()}
    return [without_secrets(each, secrets) for each in value] if isinstance(value, list | tuple) else value


def _secrets_of_the_environment() -> list[str]:
    """Return the values of variables that are named as tokens, longest first."""
    values = {os.environ.get(name, "") for name in os.environ if _names_a_token(name)}
    return sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)


@cache
def _names_a_token(variable: str) -> bool:
    return bool(_TOKENS.search(variable)) and not _NO_TOKENS.search(variable)
