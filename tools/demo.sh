#!/usr/bin/env bash
# Writes the demo township's spreadsheets, reconciles them, and scores the answer against the truth.
set -euo pipefail
cd "$(dirname "$0")/.."
lianfang="${1:-.venv}/bin/lianfang"
people=${PEOPLE:-60000}
folder=demo

# Only a folder that the demo itself has written is replaced.
if [ -e "$folder" ]; then
  if ! compgen -G "$folder/truth.jsonl*" >/dev/null; then
    echo "The folder $folder exists and was not written by the demo; move it away first." >&2
    exit 1
  fi
  rm -rf "$folder"
fi
"$lianfang" demo-data "$folder" --people "$people"
echo

# Exit code 1 says that something needs a look, which the planted mistakes do.
code=0
"$lianfang" reconcile --roster "$folder"/rosters/* --samples "$folder"/samples/* --results "$folder"/results/* \
  --exempt "$folder"/exempt/* --as-of 2022-08-30T03:10 --late-after 7 \
  -o "$folder/report.xlsx" --json "$folder/answer.json" || code=$?
[ "$code" -le 1 ] || exit "$code"
echo
"$lianfang" demo-data --score "$folder"/truth.jsonl* "$folder/answer.json"
