"""What ``cs2 ingest`` prints of a run: numbers of rows, and each reason of a rejection once."""

import json
from io import StringIO

from rich.console import Console

from cli.exit_codes import ExitCode
from cli.ingest import report_ingest
from cli.run_outcome import RunOutcome


def test_each_reason_is_printed_once_with_some_of_its_rows() -> None:
    examples = [f"maps.csv line {line}: 2025-11-01, Nuke, TBD, Harbor" for line in range(2, 7)]
    reasons = [
        {"reason": "a team is not known yet", "rows": 1200, "examples": examples},
        {"reason": "3 fields, but the header has 9", "rows": 1, "examples": ["maps.csv line 9: a,\x1b[31m"]},
    ]
    metadata = {
        "map_results": {"map_rows_stored": 5, "map_rows_rejected": 1201},
        "rejected_rows": {"rows": 1201, "examples": json.dumps(reasons)},
    }
    output = StringIO()
    console = Console(file=output, width=100)
    assert report_ingest(RunOutcome("1", status="SUCCESS", metadata=metadata), console) is ExitCode.OK
    lines = [line.rstrip() for line in output.getvalue().splitlines()]
    printed = lines[lines.index("rejected 1,200: a team is not known yet") :]
    assert printed == [
        "rejected 1,200: a team is not known yet",
        *(f"  {example}" for example in examples),
        "  … and 1,195 more: cs2 check lists the rows of a folder",
        "rejected 1: 3 fields, but the header has 9",
        "  maps.csv line 9: a,\ufffd[31m",
    ]
