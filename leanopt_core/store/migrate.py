"""Applies the migrations with sqlite-utils; loaded only where there are some to apply."""

from __future__ import annotations

import sqlite3

import sqlite_utils
from sqlite_utils.migrations import Migrations

from leanopt_core.store.database import Database
from leanopt_core.store.faults import explain
from leanopt_core.store.schema import APPLICATION_ID, MIGRATION_SET, MIGRATIONS


def migrate(database: Database) -> None:
    """Bring the schema up to date, in one transaction: a second process waits, then finds it done.

    Raises StoreError where SQLite fails.
    """
    with database.transaction():
        try:
            _migrations().apply(
                sqlite_utils.Database(
                    database.connection, recursive_triggers=False, execute_plugins=False
                )
            )
        except sqlite3.Error as error:
            raise explain(database.path, error) from error
        database.run(f"PRAGMA application_id = {APPLICATION_ID}")


def _migrations() -> Migrations:
    migrations = Migrations(MIGRATION_SET)
    for name, statements in MIGRATIONS:

        def apply(target: sqlite_utils.Database, statements: tuple[str, ...] = statements) -> None:
            for statement in statements:
                target.execute(statement)

        migrations(name=name)(apply)
    return migrations
