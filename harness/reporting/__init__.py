"""Study -> a report to hand on: HTML, Markdown, LaTeX, CSV or JSON, by the ending of the file."""

from harness.reporting.writing import ENDINGS, write_report, writer_for

__all__ = ["ENDINGS", "write_report", "writer_for"]
