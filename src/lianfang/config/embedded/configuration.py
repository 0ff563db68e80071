"""The server's configuration, written anew at each start.

Memory is kept small: an idle product takes under 400 MiB in all. What a site wants different goes into
``local.conf`` in the cluster's folder, which is never written.
"""

from __future__ import annotations

from pathlib import Path

_SETTINGS = {
    # Reached through the socket alone.
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "60",
    "shared_buffers": "'64MB'",
    "maintenance_work_mem": "'64MB'",
    "effective_cache_size": "'512MB'",
    "jit": "off",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "autovacuum_max_workers": "2",
    # Reading ahead is not worth three more processes on one township's machine.
    "io_method": "'sync'",
    # In the cluster's folder: a container's /dev/shm is too small, and a killed server would leave files there.
    "dynamic_shared_memory_type": "mmap",
    # What was answered is on the disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Copies are made by backup, not by replication.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "min_wal_size": "'64MB'",
    "max_wal_size": "'1GB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    # Standard error is read by the launcher. Details and statements hold personal data: they are not logged.
    "logging_collector": "off",
    "log_destination": "'stderr'",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] %u '",
    "cluster_name": "'lianfang'",
}

_ACCESS = "local all all scram-sha-256\n"


def write_configuration(into: Path, *, cluster: str, socket_folder: Path) -> Path:
    """Write the two files into a folder of ours and return the one to start with. Raises OSError.

    Not into the cluster's folder: as root we would follow any link that the server's user put there.
    """
    access, settings = into / "pg_hba.conf", into / "postgresql.conf"
    named = {
        **_SETTINGS,
        "unix_socket_directories": _quoted(str(socket_folder)),
        "hba_file": _quoted(str(access)),
        "include_if_exists": _quoted(f"{cluster}/local.conf"),
    }
    access.write_text(_ACCESS, "utf-8")
    settings.write_text("".join(f"{name} = {value}\n" for name, value in named.items()), "utf-8")
    for path in (access, settings):
        path.chmod(0o644)
    return settings


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
