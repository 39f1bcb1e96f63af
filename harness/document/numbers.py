"""Numbers -> the few characters a reader wants to see; None, not measured, is a dash."""

from harness.wording import quantities

DASH = MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
HALF_A_CENT = 0.005  # what is less would be written as nothing


def score(fraction: float | None) -> str:
    """Write a fraction 0-1 with four decimals."""
    return MISSING if fraction is None else quantities.score(fraction)


def interval(low: float, high: float) -> str:
    """Write a 95 % interval of a score, three decimals, so that it is seen to be the rougher number."""
    return f"{low:.3f}{DASH}{high:.3f}"


def difference(value: float) -> str:
    """Write a difference of scores with its sign, three decimals."""
    written = f"{abs(value):.3f}"
    if float(written) == 0:
        return written
    return f"+{written}" if value > 0 else f"{MINUS}{written}"


def difference_interval(low: float, high: float) -> str:
    """Write an interval of a difference, both ends with their signs."""
    return f"{difference(low)} … {difference(high)}"


def p_value(p: float) -> str:
    """Write a p value as the APA's manual does: three decimals, no more than < .001, no leading zero."""
    if p < 0.001:  # noqa: PLR2004
        return "< .001"
    return f"{p:.3f}".removeprefix("0") if p < 1 else "1"


def share(fraction: float) -> str:
    """Write a fraction as a percentage with one decimal."""
    return f"{100 * fraction:.1f} %"


def count(value: int | None) -> str:
    """Write a number of things, thousands parted."""
    return MISSING if value is None else f"{value:,}"


def seconds(value: float | None) -> str:
    """Write seconds with about three digits: < 0.01, 3.21, 85.3, 1,912."""
    if value is None:
        return MISSING
    if 0 < value < 0.005:  # noqa: PLR2004
        return "< 0.01"
    for limit, decimals in ((9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{decimals}f}"
    return f"{value:,.0f}"


def milliseconds(value: float | None) -> str:
    """Write milliseconds as `seconds` writes seconds."""
    return seconds(value)


def seconds_tick(value: float) -> str:
    """Write round seconds for an axis: 0.01, 0.5, 20, 1,000."""
    return f"{value:,.6g}" if value < 1 else seconds(value).removesuffix(".00").removesuffix(".0")


def parameters_tick(value: float) -> str:
    """Write a round number of weights for an axis: 500, 20k, 1M."""
    return parameters(round(value)).replace(".0", "")


def parameters(value: int | None) -> str:
    """Write a number of weights compactly: 512, 2.3k, 66.4M, 1.1B."""
    return MISSING if value is None else quantities.parameter_count(value)


def money(value: float | None) -> str:
    """Write an amount of whatever currency with two decimals, less than a cent with one digit that counts."""
    if value is None:
        return MISSING
    return f"{value:.1g}" if 0 < value < HALF_A_CENT else f"{value:,.2f}"


def size(n_bytes: int | None) -> str:
    """Write bytes on disk as B, kB, MB or GB (powers of ten)."""
    return MISSING if n_bytes is None else quantities.size(n_bytes)


def memory(n_bytes: int | None) -> str:
    """Write bytes as MB or GB (powers of ten)."""
    return MISSING if n_bytes is None else quantities.memory(n_bytes)
