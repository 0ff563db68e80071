#!/usr/bin/env bash
# What the tests need beside Python: a browser, a Chinese font, pdftotext to read what the browser prints, and Java with
# Spark for the engine on a cluster. Installs them on Debian as root (Spark into the virtual environment); elsewhere it says
# what is missing, and with CI=true that is a failure rather than a skipped test.
#
#   tools/test_needs.sh [VENV]
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
if [ -x "$venv/bin/uv" ] && ! "$venv/bin/python" -c 'import pyspark' 2>/dev/null; then
  echo "Installing for the tests: Spark ..."
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.spark.lock || [ "${CI:-}" != true ]
fi
missing=()
command -v chromium >/dev/null || missing+=(chromium)
# Read to its end: with pipefail a reader that stops at the first line would fail the whole.
fc-list 2>/dev/null | grep -i "noto sans cjk" >/dev/null || missing+=(fontconfig fonts-noto-cjk)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests: ${missing[*]} ..."
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi
echo "For the tests, install: sudo apt-get install ${missing[*]}" >&2
[ "${CI:-}" != true ]
