"""Changes to the files of a run's folder, as somebody might make them."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def edit_json(file: Path, change: Callable[[dict], None]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def rewritten(file: Path, column: str, values: Callable[[list], list]) -> None:
    table = pq.ParquetFile(file).read()
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(values(table[column].to_pylist()))), file)
