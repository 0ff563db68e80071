#!/usr/bin/env bash
# Renews requirements.lock from pyproject.toml: versions and hashes, no host names.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp --suffix=.in)
trap 'rm -f "$wanted"' EXIT
{ sed -n '/^dependencies = \[/,/^\]/p; /^dev = \[/,/^\]/p' pyproject.toml | grep -o '"[^"]*"' | tr -d '"'; echo "hatchling==1.33.0"; echo "editables"; echo "uv"; echo "pip"; } > "$wanted"
"${UV:-.venv/bin/uv}" pip compile --quiet --generate-hashes --no-annotate --no-header \
  --python-version 3.11 --output-file requirements.lock "$wanted"
# The extra for clusters, on top of the above: hundreds of megabytes that only its tests and its users need.
sed -n '/^spark = \[/p' pyproject.toml | grep -o '"[^"]*"' | tr -d '"' > "$wanted"
"${UV:-.venv/bin/uv}" pip compile --quiet --generate-hashes --no-annotate --no-header \
  --python-version 3.11 --output-file requirements.spark.lock "$wanted"
