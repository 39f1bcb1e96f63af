"""Text that somebody hopes will be more than text, and a study in which every name is such text."""

from pathlib import Path

from harness.analysis.study import Study
from harness.document.text import visible

from ..studies import HISTORY, Contestant, a_study, a_task, failed

HOSTILE = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "javascript:window.pwned=1",
    "</style><script>window.pwned=1</script>",
    "</title></textarea><script>window.pwned=1</script>",
    "<!-- <script>window.pwned=1</script>",
    "--><script>window.pwned=1</script>",
    "]]><script>window.pwned=1</script>",
    "<![CDATA[<script>window.pwned=1</script>]]>",
    "<a href='http://evil.example/'>here</a>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "{{7*7}}",
    "{% include '/etc/passwd' %}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "{0.__class__} {best} %s %n",
    "[bold red]rich[/] [/] :smile:",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x1b\\",
    "\x00nul \x07bell \x7fdelete",
    "\u202egnp.exe \u2066 \u200b",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "$x^2$ $$\\frac{1}{0}$$",
    "\\input{/etc/passwd} \\end{document} 50% & #1 ~ ^ _x_",
    "`code` **bold** _em_ # no heading",
    "| a | b |\n|---|---|",
    "[link](http://evil.example) ![](http://evil.example/x.png)",
    "http://evil.example/x www.evil.example a@evil.example",
    "&lt;b&gt;&amp;nbsp;&#x3c;",
    "\ufffe\uffff\ufeff",
    "line\nbreak\r\nend",
    "w" * 120,
    "中文標籤" * 20,
    "עברית العربية",
)


def hostile_study(folder: Path) -> Study:
    """Return a study whose texts, labels, data set, model, strategies, errors and notes are all hostile."""
    labels = [f"{text} {i}" for i, text in enumerate(HOSTILE)]
    contestants = [
        Contestant(
            f"{text[:60]} {i}",
            2.0 + i / 20,
            fields={
                "history": [{**epoch, text[:20] or "x": 0.5} for epoch in HISTORY],
                "degradations": [text],
                "params": {text: text},
                "plugin": text,
                "fit_seconds": 1.0 + i,
            },
        )
        for i, text in enumerate(HOSTILE[::3])
    ]
    return a_study(
        folder,
        contestants,
        task=a_task(labels, n_rows=160, name=HOSTILE[5], texts=HOSTILE),
        failures=[failed(f"failed {text}", text) for text in HOSTILE],
        notes=list(HOSTILE),
        fallback=HOSTILE[0],
        command=["harness", *HOSTILE],
        model_name=HOSTILE[1],
    )


def shown(text: str) -> str:
    """Return what a reader sees of a text where white space collapses."""
    return " ".join(visible(text).split())
