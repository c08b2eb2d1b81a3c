"""``cs2 identities``: who is who, with the evidence, doubtful decisions first. Needs PostgreSQL, not the API."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.database import fail, session
from cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from cs2.storage.results import IdentityFinding


def identities(
    about: Annotated[str, typer.Option(help="Only `team` or only `player`.")] = "",
    name: Annotated[str, typer.Option(help="Only names that contain this text; case does not matter.")] = "",
    doubtful: Annotated[bool, typer.Option("--doubtful", help="Only what an operator should look at.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List which names were joined, split or left apart at the last rebuild of the tables, doubtful ones first.

    To decide a case yourself, add a row to identities.csv in the archive folder:

    date,about,name1,member1,name2,member2,verdict,reason

    `about` is team or player, `verdict` is one or two; member1 and member2 name somebody who played with the one and
    with the other, and may be empty. The decision holds from its date on. docs/data.md explains the rules.
    """
    from sqlalchemy import func, or_, select

    from cs2.storage.results import IdentityFinding

    if about not in ("", "team", "player"):
        fail(f"--about takes team or player, not {about}", ExitCode.WRONG_INPUT)
    conditions = []
    if about:
        conditions.append(IdentityFinding.about == about)
    if name:
        columns = (IdentityFinding.name, IdentityFinding.other_name)
        conditions.append(or_(*(column.icontains(name, autoescape=True) for column in columns)))
    if doubtful:
        conditions.append(IdentityFinding.is_doubtful.is_(True))
    with session() as rows:
        total = rows.scalar(select(func.count()).select_from(IdentityFinding).where(*conditions)) or 0
        query = select(IdentityFinding).where(*conditions).order_by(IdentityFinding.id).limit(limit)
        findings = list(rows.scalars(query))
    if as_json:
        typer.echo(json.dumps([_as_dict(finding) for finding in findings], indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not findings:
        console.print("no decision about such a name is stored")
        return
    table = Table("", "about", "name", "other name", "they are", "since", "evidence", "why", box=None)
    for finding in findings:
        table.add_row(
            "?" if finding.is_doubtful else "",
            finding.about,
            _shown(finding.name, finding.first_id),
            _shown(finding.other_name, finding.second_id),
            "one" if finding.is_one else "two",
            f"{finding.decided_on or '-'}",
            "-" if finding.evidence is None else f"{finding.evidence:g}",
            finding.reason,
        )
    console.print(table)
    if total > len(findings):
        console.print(f"{len(findings)} of {total}; the others: --limit {total}")


def _shown(name: str, number: int | None) -> str:
    return name if number is None else f"{name} ({number})"


def _as_dict(finding: "IdentityFinding") -> dict[str, object]:
    columns = [column.name for column in finding.__table__.columns if column.name != "id"]
    values = {column: getattr(finding, column) for column in columns}
    return values | {"decided_on": values["decided_on"] and values["decided_on"].isoformat()}
