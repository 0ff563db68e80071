#!/usr/bin/env bash
# Renders a workbook to PNG pages, as a printer would see it:  tools/render_report.sh REPORT.xlsx FOLDER [DPI]
# Needs LibreOffice Calc (soffice), poppler (pdftoppm) and a CJK font; on Debian the packages are
# libreoffice-calc, poppler-utils and fonts-noto-cjk. None of them is needed to run or test Lianfang.
set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
for tool in soffice pdftoppm; do
  if ! command -v "$tool" >/dev/null; then
    echo "$tool is missing: install libreoffice-calc and poppler-utils (Debian names), and fonts-noto-cjk" >&2
    exit 3
  fi
done

report=$1 folder=$2 dpi=${3:-70}
mkdir -p "$folder"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
soffice "-env:UserInstallation=file://$profile" --headless --convert-to pdf --outdir "$folder" "$report" >/dev/null
pdf="$folder/$(basename "${report%.*}").pdf"
pdftoppm -r "$dpi" -png "$pdf" "$folder/page"
ls "$folder"/page*.png
