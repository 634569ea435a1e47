"""`leanopt completion`: shell completion for leanopt's commands."""

from __future__ import annotations

from pathlib import Path

import click

#: The file each shell reads, and the line its start-up file needs, if any.
_TARGETS = {
    "bash": ("~/.local/share/bash-completion/completions/leanopt", ""),
    "zsh": ("~/.zfunc/_leanopt", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
    "fish": ("~/.config/fish/completions/leanopt.fish", ""),
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_TARGETS)), metavar="SHELL")
@click.option("--install", is_flag=True, help="Write the script to the file the shell reads.")
def command(shell: str, install: bool) -> None:
    """Print the completion script for SHELL: bash, zsh or fish.

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
    click.echo(f"wrote {path}; takes effect in new shells")
    if line:
        click.echo(f"if ~/.zshrc does not have this line yet, add it: {line}")
