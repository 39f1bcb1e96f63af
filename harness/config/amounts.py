"""Durations, sizes and budgets as people write them: 90, 10m, 1h30m; 8GB, 500 MB; 16."""

import re
from typing import Any

_UNITS_OF_TIME = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MILLISECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*ms")
_UNITS_OF_SIZE = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS_OF_SIZE |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_FEWEST_BYTES = 10**6  # without a unit; fewer means gigabytes, or megabytes, that were not written
MOST_CONFIGURATIONS = 1000  # of a search; more of them flatter a validation score and find nothing better
LONGEST_BUDGET = 1e9  # seconds
_PART = r"(\d+(?:\.\d+)?)\s*([smhd])"


def read_duration(value: Any) -> Any:
    """Return seconds of text such as 90, 45s, 10m or 1h30m; what is no text as it is.

    Raises:
        ValueError: Where it is no duration.
    """
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(rf"(?:{_PART}\s*)+", text):
        raise ValueError("expected a duration such as 90, 45s, 10m or 1h30m")
    return sum(float(number) * _UNITS_OF_TIME[unit] for number, unit in re.findall(_PART, text))


def read_budget(value: Any) -> Any:
    """Return a number of configurations, or a time such as 90s, 10m or 1h30m as it was written.

    Raises:
        ValueError: Where it is neither.
    """
    text = "".join(value.split()).lower() if isinstance(value, str) else value
    if isinstance(text, str) and re.fullmatch(rf"(?:{_PART})+", text) and 0 < read_duration(text) < LONGEST_BUDGET:
        return text
    number = int(text) if isinstance(text, str) and re.fullmatch(r"\d{1,9}", text) else text
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_CONFIGURATIONS:
        raise ValueError(
            f"expected a number of configurations from 1 to {MOST_CONFIGURATIONS:,}, or a time with its unit, such as "
            "16 or 10m"
        )
    return number


def read_latency(value: Any) -> Any:
    """Return seconds of text such as 5ms or 0.2s, which names its unit; what is no text as it is.

    Raises:
        ValueError: Where it is none.
    """
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if match := _MILLISECONDS.fullmatch(text):
        return float(match[1]) / 1000
    if not re.fullmatch(_PART, text):
        raise ValueError("expected a time with its unit, such as 5ms or 0.2s")
    return read_duration(text)


def read_size(value: Any) -> Any:
    """Return bytes of text such as 8GB or 500 MB; what is no text as it is.

    Raises:
        ValueError: Where it is no size.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([a-z]*)", value.strip().lower())
    if match is None or match[2] not in _UNITS_OF_SIZE or (not match[2] and float(match[1]) < _FEWEST_BYTES):
        raise ValueError("expected a size such as 8GB or 500MB")
    return round(float(match[1]) * _UNITS_OF_SIZE[match[2]])
