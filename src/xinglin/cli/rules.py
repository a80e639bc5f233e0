"""`xinglin rules`."""

from typing import Annotated

import typer


def rules(
    section: Annotated[str, typer.Option(help="Only rules of this section of the books, such as 6.4 or A.9.")] = "",
    open: Annotated[
        bool, typer.Option("--open", help="Only rules that nothing enforces yet, with the reason.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a rule.")] = False,
) -> None:
    """Print the rules of the field: source, where each is enforced, which test shows it, and which are open and why."""
    from xinglin.cli import rule_list

    found = [one for one in rule_list.joined() if one.rule.section.startswith(section) and (one.is_open or not open)]
    if not found:
        typer.echo(f"No rule of section {section}.", err=True)
        raise typer.Exit(1)
    if json:
        import msgspec

        for one in found:
            made = msgspec.to_builtins(one.rule) | {"enforced": one.enforced, "shown": one.shown}
            typer.echo(msgspec.json.encode(made))
        return
    for one in found:
        typer.echo(f"{one.rule.id}  {one.rule.what}  [{one.rule.tag}; {one.rule.source}]")
        for place in one.enforced:
            typer.echo(f"        enforced  {place}")
        for test in one.shown:
            typer.echo(f"        shown by  {test}")
        if one.is_open:
            typer.echo(f"        open      {one.rule.open or 'without a reason'}")
        if one.rule.partly:
            typer.echo(f"        missing   {one.rule.partly}")
    count = sum(one.is_open for one in found)
    typer.echo(f"{len(found)} rules, {len(found) - count} enforced, {count} open.")
