"""Check the project's store for damage."""

from __future__ import annotations

from collections.abc import Iterator

from leanopt_core.check import Finding
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import StoreError
from leanopt_core.project_files import STORE
from leanopt_core.report.figures import counted, size
from leanopt_core.store.database import recovery
from leanopt_core.store.opening import OlderStoreError
from leanopt_core.store.store import open_store

# Lines about damage that are shown.
_MOST = 5


def damage(subject: Subject) -> Iterator[Finding]:
    """Look at all of the store; an older one is not updated for it."""
    path = subject.folder / STORE
    if not path.is_file():
        yield Finding.ok(f"there is none yet in {subject.folder}")
        return
    try:
        with open_store(path, read_only=True) as store:
            found = store.damage()
            runs = 0 if found else len(store.runs.summaries())
    except OlderStoreError as error:
        yield Finding.warning(str(error))
        return
    except StoreError as error:
        yield Finding.wrong(str(error), exit_code=StoreError.exit_code)
        return
    if found:
        more = len(found) - _MOST
        lines = [*found[:_MOST], *([f"and {more} more"] if more > 0 else [])]
        what = "\n".join([f"{path} is damaged:", *lines])
        yield Finding.wrong(what, recovery(path), exit_code=StoreError.exit_code)
    else:
        what = f"{size(path.stat().st_size)}, {counted(runs, 'run')}, no damage"
        yield Finding.ok(what)
