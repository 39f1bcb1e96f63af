"""Numbers as a reader wants to see them."""

import pytest

from harness.document import numbers
from harness.document.numbers import DASH, MINUS


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (numbers.score(0.12345), "0.1235"),
        (numbers.score(None), DASH),
        (numbers.interval(0.8, 0.91234), f"0.800{DASH}0.912"),
        (numbers.difference(0.0123), "+0.012"),
        (numbers.difference(-0.0123), f"{MINUS}0.012"),
        (numbers.difference(-0.0004), "0.000"),
        (numbers.p_value(0.0004), "< .001"),
        (numbers.p_value(0.0456), ".046"),
        (numbers.p_value(0.9999), "1.000"),
        (numbers.p_value(1.0), "1"),
        (numbers.share(0.0667), "6.7 %"),
        (numbers.count(1234), "1,234"),
        (numbers.seconds(0.0), "0.00"),
        (numbers.seconds(0.002), "< 0.01"),
        (numbers.seconds(9.996), "10.0"),
        (numbers.seconds(99.96), "100"),
        (numbers.seconds(1912.2), "1,912"),
        (numbers.seconds(None), DASH),
        (numbers.seconds_tick(0.001), "0.001"),
        (numbers.seconds_tick(10.0), "10"),
        (numbers.seconds_tick(2000.0), "2,000"),
        (numbers.parameters(None), DASH),
        (numbers.parameters_tick(1000.0), "1k"),
        (numbers.parameters_tick(66_958_086), "67M"),
        (numbers.memory(1_200_000_000), "1.2 GB"),
        (numbers.memory(None), DASH),
    ],
)
def test_a_number_is_written_as(written: str, expected: str) -> None:
    assert written == expected
