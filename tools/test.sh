#!/usr/bin/env bash
# Runs the tests: all of them on the embedded PostgreSQL, as a user has it, then those of the product again on Debian's
# PostgreSQL 15, as a county's data centre has it. WORKERS says how many processes (one more than cores: some of the
# tests wait for programs that they have started). The crawl of bad input goes through our own code, hardly through the
# database's, and takes minutes: it is not repeated.
#
#   tools/test.sh VENV [PYTEST ARGUMENTS...]   with arguments: pytest with them, on the embedded one only
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
shift || true
# The tests start hundreds of programs. Where Python may not keep what it has compiled, as in many images for containers,
# each of them compiles all of Django again.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$PWD/.pytest_cache/compiled"
pytest=("$venv/bin/pytest" -n "${WORKERS:-$(($(nproc) + 1))}" --dist loadfile)
if [ $# -gt 0 ]; then exec "${pytest[@]}" "$@"; fi
# Some of the tests move a database there and back.
has_postgres15=1
tools/postgres15.sh install || { [ "${CI:-}" != true ] && has_postgres15=; }
"${pytest[@]}"
if [ -z "$has_postgres15" ]; then
  echo "Not run again on PostgreSQL 15, which is missing; with CI=true that is a failure." >&2
  exit 0
fi
echo "The product's tests again, on PostgreSQL 15:"
tools/postgres15.sh with "${pytest[@]}" tests/product --ignore=tests/product/crawl
