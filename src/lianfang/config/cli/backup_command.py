"""``lianfang backup`` and ``lianfang restore``."""

from __future__ import annotations

import argparse
import os

from lianfang.config.cli.console import Console
from lianfang.config.embedded import EmbeddedError, running_database
from lianfang.config.serving.archive import read_manifest
from lianfang.config.serving.backup import keys_file, write_backup
from lianfang.config.serving.database import database_for_reading, start_database
from lianfang.config.serving.options import folder_from
from lianfang.config.serving.problems import ServingError
from lianfang.config.serving.restore import check_backup, restore

DONE, REFUSED = 0, 3


def run_backup(arguments: argparse.Namespace, console: Console) -> int:
    """Write the backup; 0 when it is written and whole, 3 where it is not (then no file was touched)."""
    say = console.text
    folder = folder_from(os.environ, arguments.folder)
    keys = keys_file(folder, os.environ)
    try:
        with database_for_reading(folder, os.environ) as database:
            manifest, previous = write_backup(database, arguments.file.absolute(), keys=keys)
    except (ServingError, EmbeddedError) as error:
        return _refuse(error, console)
    tables, rows = len(manifest.tables), f"{manifest.rows:,}"
    console.answer(say("serving.backup_done", file=str(arguments.file), tables=tables, rows=rows), style="bold")
    if previous is not None:
        console.tell(say("serving.backup_previous", file=str(previous)))
    if keys.exists():
        console.tell(say("serving.backup_keys", file=str(keys)))
    return DONE


def run_restore(arguments: argparse.Namespace, console: Console) -> int:
    """Bring a backup back; 0 when every table was checked, 3 where nothing was changed."""
    say = console.text
    folder = folder_from(os.environ, arguments.folder)
    keys = keys_file(folder, os.environ)
    try:
        manifest = read_manifest(arguments.file)
        check_backup(manifest, keys, without_keys=arguments.without_keys)
        if not os.environ.get("DATABASE_URL") and running_database(folder) is not None:
            raise ServingError("stop_before_restore", folder=str(folder))
        database = start_database(folder, os.environ)
        try:
            kept = restore(
                database,
                arguments.file,
                manifest,
                replace=arguments.replace,
                keep_in=folder / "backups",
                keys=keys,
            )
        finally:
            if database.embedded is not None:
                database.embedded.stop()
    except (ServingError, EmbeddedError) as error:
        return _refuse(error, console)
    tables, rows = len(manifest.tables), f"{manifest.rows:,}"
    console.answer(say("serving.restore_done", made_at=manifest.made_at, tables=tables, rows=rows), style="bold")
    if kept is not None:
        console.answer(say("serving.restore_kept", file=str(kept)))
    return DONE


def _refuse(error: ServingError | EmbeddedError, console: Console) -> int:
    console.error(console.text(f"serving.problem.{error.code}", **error.gaps))
    return REFUSED
