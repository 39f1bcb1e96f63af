"""Numbers -> the few characters a person wants to see; None, not measured, is a dash."""

MISSING = "-"


def score(fraction: float) -> str:
    """Write a fraction 0-1 with four decimals."""
    return f"{fraction:.4f}"


def short_score(fraction: float) -> str:
    """Write a fraction 0-1 in five characters: .6470, 1.000."""
    written = f"{fraction:.4f}"
    return written[1:] if written.startswith("0.") else written[:5]


def seconds(value: float | None) -> str:
    """Write seconds, to hundredths below a thousand."""
    if value is None:
        return MISSING
    return f"{value:.2f}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004


def parameter_count(value: int | None) -> str:
    """Write a number of weights compactly: 512, 2.3k, 66.4M, 1.1B."""
    if value is None:
        return MISSING
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= 0.99995 * size:  # so that 999,999 is 1.0M, not 1000.0k
            return f"{value / size:.1f}{unit}"
    return str(value)


def memory(n_bytes: int | None) -> str:
    """Write bytes as MB or GB (powers of ten)."""
    if n_bytes is None:
        return MISSING
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"  # noqa: PLR2004


def size(n_bytes: int) -> str:
    """Write bytes on disk as B, kB, MB or GB (powers of ten)."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= 0.9995 * scale:  # so that 999,999 is 1.0 MB, not 1000 kB
            return f"{n_bytes / scale:.1f} {unit}" if n_bytes < 9.95 * scale else f"{n_bytes / scale:.0f} {unit}"
    return f"{n_bytes} B"


def share(part: int, whole: int) -> str:
    """Write part of whole as a percentage in at most four characters; a few are never shown as none."""
    if not whole:
        return MISSING
    percent = 100 * part / whole
    if 0 < percent < 0.5:  # noqa: PLR2004
        return "<1%"
    if 99.5 <= percent < 100:  # noqa: PLR2004
        return ">99%"
    return f"{percent:.0f}%"


def duration(value: float) -> str:
    """Write seconds as 0:51 or 1:02:03."""
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def latency(value: float) -> str:
    """Write seconds that a text takes: 0.123 ms, 5 ms, 12.3 ms, 1.2 s."""
    return f"{1000 * value:.3g} ms" if value < 0.9995 else f"{value:.3g} s"  # noqa: PLR2004


def rate(per_second: float) -> str:
    """Write a rate with two significant digits or more: 0.25, 3.2, 234, 1,234."""
    if per_second >= 10:  # noqa: PLR2004
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 1 else f"{per_second:.2f}"
