#!/usr/bin/env bash
# A PostgreSQL 15 server (Debian 12's own) on a temporary folder, for running the tests against it.
#
#   tools/postgres15.sh install           only install it where it is missing
#   tools/postgres15.sh with COMMAND...   start it, run COMMAND with LIANFANG_TEST_SERVER (the superuser's address, for
#                                         the product's tests), stop it
#   tools/postgres15.sh start             start it and print, as lines for eval: that, POSTGRES15_FOLDER, and the
#                                         DATABASE_URL and DATABASE_OWNER_URL of a database ready for Lianfang
#   tools/postgres15.sh stop FOLDER       stop what start has started (FOLDER: POSTGRES15_FOLDER that it printed)
#
# As root it installs the package where it is missing and runs the server as the user postgres.
# The server keeps nothing safe (fsync off): it is for tests.
set -euo pipefail
programs=${POSTGRES15_PROGRAMS:-/usr/lib/postgresql/15/bin}

install_it() {
  [ -x "$programs/postgres" ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "PostgreSQL 15 is missing ($programs). Install it with: sudo apt-get install postgresql-15" >&2
    exit 1
  fi
  echo "Installing Debian's postgresql-15 ..." >&2
  # Without this Debian would also start a server of its own.
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/lianfang.conf
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql-15; } >/dev/null
  rm -f /etc/postgresql-common/createcluster.d/lianfang.conf
}

as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid postgres --regid postgres --clear-groups "$@"); else "$@"; fi
}

start_it() {
  install_it
  folder=$(mktemp -d "${TMPDIR:-/tmp}/lianfang-pg15-XXXXXX")
  if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
  as_server "$programs/initdb" -D "$folder/data" -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync >/dev/null
  as_server "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -w start >/dev/null \
    -o "-c listen_addresses='' -c unix_socket_directories=$folder -c fsync=off -c max_connections=60"
  as_server "$programs/psql" -q -X -v ON_ERROR_STOP=1 -h "$folder" -U postgres -d postgres <<'SQL'
SET password_encryption = 'scram-sha-256';
CREATE ROLE lianfang_owner LOGIN NOSUPERUSER CREATEROLE CREATEDB PASSWORD 'owner';
CREATE ROLE lianfang_app LOGIN NOSUPERUSER NOINHERIT PASSWORD 'app';
CREATE DATABASE lianfang OWNER lianfang_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';
REVOKE ALL ON DATABASE lianfang FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE lianfang TO lianfang_app;
SQL
  server_url="postgresql://postgres@/postgres?host=$folder"
  owner_url="postgresql://lianfang_owner:owner@/lianfang?host=$folder"
  app_url="postgresql://lianfang_app:app@/lianfang?host=$folder"
}

stop_it() {
  as_server "$programs/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null
  rm -rf "$1"
}

case "${1:-}" in
  install)
    install_it
    ;;
  with)
    shift
    start_it
    trap 'stop_it "$folder"' EXIT
    LIANFANG_TEST_SERVER="$server_url" "$@"
    ;;
  start)
    start_it
    printf "export %s='%s'\n" POSTGRES15_FOLDER "$folder" LIANFANG_TEST_SERVER "$server_url" \
      DATABASE_OWNER_URL "$owner_url" DATABASE_URL "$app_url"
    ;;
  stop)
    stop_it "${2:-${POSTGRES15_FOLDER:?say which folder}}"
    ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
