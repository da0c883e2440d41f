"""`handrail`: the operator's door. Each group of commands is a module beside this one."""

import typer

from cli import policy

app = typer.Typer(
    name="handrail",
    help="Customer inquiries and handoffs as durable Temporal workflows.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(policy.app, name="policy")


def main() -> None:
    """Run the command that the arguments name."""
    app()
