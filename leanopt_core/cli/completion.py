"""`leanopt completion`: what a shell needs to complete leanopt's commands."""

from __future__ import annotations

from pathlib import Path

import click

#: Where each shell looks for it, and the line that its start-up file needs beside it, if any.
_TARGETS = {
    "bash": ("~/.local/share/bash-completion/completions/leanopt", ""),
    "zsh": ("~/.zfunc/_leanopt", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
    "fish": ("~/.config/fish/completions/leanopt.fish", ""),
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_TARGETS)), metavar="SHELL")
@click.option("--install", is_flag=True, help="Write it to where the shell looks for it.")
def command(shell: str, install: bool) -> None:
    """Print what completes leanopt's commands in SHELL: bash, zsh or fish.

    Example: leanopt completion bash --install
    """
    from click.shell_completion import get_completion_class

    from leanopt_core.cli.group import leanopt

    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has all three
    text = made(leanopt, {}, "leanopt", "_LEANOPT_COMPLETE").source()
    if not install:
        click.echo(text)
        return
    target, line = _TARGETS[shell]
    path = Path(target).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"written: {path}; it counts in shells that are started from now on")
    if line:
        click.echo(f"~/.zshrc needs this line, where it is not there yet: {line}")
