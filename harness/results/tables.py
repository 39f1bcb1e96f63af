"""Parquet files of a run's folder, read as somebody else's: no larger than a run writes them, all of it valid."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.system.foreign_files import read_regular_file

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CELLS = 500_000_000  # rows times columns; a million rows of a thousand classes are twice as many, unread


def read_table(file: Path, folder: Path) -> "pa.Table":
    """Return the table of a parquet file.

    Args:
        file: The file.
        folder: Folder of the run, which no link may lead out of.

    Raises:
        FileNotFoundError: Where there is none.
        ValueError: Where it is not such a table, or a larger one; the message says in a few words why.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(read_regular_file(file, inside=folder))) as parquet:
            if parquet.metadata.num_rows * parquet.metadata.num_columns > MOST_CELLS:
                raise ValueError(f"it has more than {MOST_CELLS:,} cells")
            table = parquet.read()
        table.validate(full=True)  # finds text that is not UTF-8
        return table
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, OverflowError, MemoryError) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
