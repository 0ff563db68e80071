#!/usr/bin/env bash
# Puts everything Lianfang needs into one virtual environment; nothing outside the checkout is changed
# except, on a bare Debian as root, the package python3-venv.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
python=${PYTHON:-python3}

"$python" - <<'PY' || { echo "Lianfang needs Python 3.11 or newer (set PYTHON=/path/to/python3.11)." >&2; exit 1; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

make_venv() { "$python" -m venv "$venv" >/dev/null 2>&1; }
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; then
  rm -rf "$venv"
  if ! make_venv; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "Installing Debian's python3-venv ..."
      apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
      rm -rf "$venv"; make_venv
    else
      echo "Python's venv module is missing. Install it with: sudo apt-get install python3-venv" >&2
      exit 1
    fi
  fi
fi

"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv>=0.9"
"$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
