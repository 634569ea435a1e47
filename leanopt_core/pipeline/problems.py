"""Collects every mistake of a pipeline, each at its key path and under the file it came from."""

from __future__ import annotations

from attrs import asdict, define, field

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.toml import KeyPath, key_text, printable


@define
class Problems:
    """The mistakes found so far.

    `file` is how the user named the pipeline's file; `labels` holds, by key path, what stands in
    its place in messages about values that came from elsewhere, as `--set seed=7`, and `made` the
    same for tables that only are there because of such a value.
    """

    file: str
    labels: dict[KeyPath, str] = field(factory=dict)
    made: dict[KeyPath, str] = field(factory=dict)
    _mistakes: list[Mistake] = field(factory=list)
    _touched: set[KeyPath] = field(factory=set)

    def add(
        self, at: KeyPath, found: str, expected: str, hint: str = "", source: str | None = None
    ) -> None:
        """Note a mistake, unless one is known at `at` or below: that one is then the cause.

        `source` says where the value came from, where the places noted here do not know it.
        """
        if not self.touched(at):
            self._touched.update(at[:length] for length in range(len(at) + 1))
            self.note(Mistake(source or self._source(at), key_text(at), found, expected, hint))

    def note(self, mistake: Mistake) -> None:
        """Note a mistake that has no place in the document."""
        texts = {name: printable(text) for name, text in asdict(mistake).items()}
        self._mistakes.append(Mistake(**texts))

    def touched(self, at: KeyPath) -> bool:
        """Say whether a mistake is known at `at` or below it."""
        return at in self._touched

    @property
    def found(self) -> bool:
        """Say whether there is any mistake."""
        return bool(self._mistakes)

    def error(self) -> PipelineError:
        """Return the error that holds all mistakes, in the order they were found."""
        return PipelineError(self._mistakes)

    def _source(self, at: KeyPath) -> str:
        parts = (at[:length] for length in range(len(at), 0, -1))
        own = self.made.get(at, self.file)
        return next((self.labels[part] for part in parts if part in self.labels), own)
