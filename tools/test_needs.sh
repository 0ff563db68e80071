#!/usr/bin/env bash
# What the tests need beside Python: a browser, a Chinese font, and pdftotext to read what the browser prints. Installs
# them on Debian as root; elsewhere it says what is missing, and with CI=true that is a failure rather than a skipped
# test.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
# Read to its end: with pipefail a reader that stops at the first line would fail the whole.
fc-list 2>/dev/null | grep -i "noto sans cjk" >/dev/null || missing+=(fontconfig fonts-noto-cjk)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests: ${missing[*]} ..."
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi
echo "For the tests of pages, install: sudo apt-get install ${missing[*]}" >&2
[ "${CI:-}" != true ]
