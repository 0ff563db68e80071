#!/usr/bin/env bash
# Writes the demo township's spreadsheets for the night just past, reconciles them, scores the answer against the
# truth, then serves the product with that township loaded. Ctrl-C stops it; started again it serves what is there.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${1:-.venv}/bin"
people=${PEOPLE:-60000}
port=${PORT:-8000}
folder=demo
data=demo-data-folder

# Only a folder that the demo itself has written is replaced.
if [ -e "$folder" ] && ! compgen -G "$folder/truth.jsonl*" >/dev/null; then
  echo "The folder $folder exists and was not written by the demo; move it away first." >&2
  exit 1
fi
# Loading was cut short: nothing in there but generated people. While it runs it holds the lock.
if [ -e "$data/demo.loading" ] && flock -n "$data/serve.lock" true; then
  echo "The demo was not loaded to the end the last time; it begins again." >&2
  rm -rf "$data"
fi
if [ ! -e "$data/postgres" ] || [ ! -e "$folder" ]; then
  rm -rf "$folder"
  night=$("$bin/python" -c 'from datetime import datetime, timedelta
print((datetime.now() - timedelta(hours=4)).strftime("%Y-%m-%dT03:10"))')
  "$bin/lianfang" demo-data "$folder" --people "$people" --as-of "$night"
  echo
  # Exit code 1 says that something needs a look, which the planted mistakes do.
  code=0
  "$bin/lianfang" reconcile --roster "$folder"/rosters/* --samples "$folder"/samples/* --results "$folder"/results/* \
    --exempt "$folder"/exempt/* --as-of "$night" --late-after 7 \
    -o "$folder/report.xlsx" --json "$folder/answer.json" || code=$?
  [ "$code" -le 1 ] || exit "$code"
  echo
  "$bin/lianfang" demo-data --score "$folder"/truth.jsonl* "$folder/answer.json"
  echo
fi
[ -z "${FILES_ONLY:-}" ] || exit 0
exec "$bin/lianfang" serve --folder "$data" --port "$port" --demo "$folder"
