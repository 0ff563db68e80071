#!/usr/bin/env bash
# Fetches the web libraries that lie in the repository again, by npm package name, and writes VERSIONS.
# With a folder as argument, takes packed copies (npm pack) from there where it has them.
set -euo pipefail
packed=${1:+$(cd "$1" && pwd)}
cd "$(dirname "$0")/.."
into=$PWD/src/lianfang/foundation/web/static/lianfang/vendor
# What the field app carries: it comes from another server, and must be whole without the desk's pages.
field=$PWD/src/lianfang/interfaces/field/app/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Tabler 1.0.0 is the last whose colours need no browser of 2023 or later (1.1 brought color-mix, 1.6 oklch and
# light-dark): the office computers of a township still run Windows 7 and with it Chrome 109.
packages=("@tabler/core@1.0.0" "@tabler/icons@3.51.0" "htmx.org@2.0.11" "echarts@5.6.0")
# noble: Ed25519 for browsers before Chromium 137; version 2 is the last that needs nothing of 2022 or later.
field_packages=("idb@8.0.4" "zxing-wasm@3.1.4" "qrcode-generator@2.0.4" "@noble/ed25519@2.3.0")

: >"$work/VERSIONS"
: >"$work/FIELD_VERSIONS"
for package in "${packages[@]}" "${field_packages[@]}"; do
  name=${package%@*} version=${package##*@}
  file=${name#@}; file=${file//\//-}-$version.tgz
  if [ -n "$packed" ] && [ -f "$packed/$file" ]; then cp "$packed/$file" "$work/"
  else (cd "$work" && npm pack --silent "$package" >/dev/null); fi
  mkdir "$work/${name##*/}"
  tar -xzf "$work/$file" -C "$work/${name##*/}" --strip-components=1
  integrity=$(openssl dgst -sha512 -binary "$work/$file" | base64 -w0)
  known=$(awk -v n="$name" -v v="$version" '$1 == "package" && $2 == n && $3 == v {print $4}' "$into/VERSIONS" "$field/VERSIONS" 2>/dev/null || true)
  if [ -n "$known" ] && [ "$known" != "sha512-$integrity" ]; then
    echo "$name $version is not what it was when it was first fetched; nothing was changed." >&2
    exit 1
  fi
  list=VERSIONS
  case " ${field_packages[*]} " in *" $package "*) list=FIELD_VERSIONS ;; esac
  echo "package $name $version sha512-$integrity" >>"$work/$list"
done

put() { mkdir -p "$into/$(dirname "$2")"; sed '/^\/[*\/]# sourceMappingURL=/d' "$work/$1" >"$into/$2"; }
put core/dist/css/tabler.min.css tabler.min.css
put core/LICENSE tabler.LICENSE
put htmx.org/dist/htmx.min.js htmx.min.js
put htmx.org/LICENSE htmx.LICENSE
put echarts/dist/echarts.common.min.js echarts.common.min.js
put echarts/LICENSE echarts.LICENSE
put echarts/NOTICE echarts.NOTICE
put echarts/licenses/LICENSE-d3 echarts.LICENSE-d3
put icons/LICENSE icons.LICENSE

carry() { mkdir -p "$field/$(dirname "$2")"; sed '/^\/[*\/]# sourceMappingURL=/d' "$work/$1" >"$field/$2"; }
carry idb/build/index.js idb.js
carry idb/LICENSE idb.LICENSE
carry ed25519/index.js noble/ed25519.js
carry ed25519/LICENSE noble/LICENSE
carry zxing-wasm/dist/es/reader/index.js zxing/reader/index.js
carry qrcode-generator/dist/qrcode.mjs qrcode.js
carry zxing-wasm/dist/es/share.js zxing/share.js
carry zxing-wasm/LICENSE zxing/LICENSE
cp "$work/zxing-wasm/dist/reader/zxing_reader.wasm" "$field/zxing/"

{
  echo '<svg xmlns="http://www.w3.org/2000/svg">'
  grep -v '^#' "$into/icons.txt" | sort -u | while read -r icon; do
    shape=$(tr -s '\n ' ' ' <"$work/icons/icons/outline/$icon.svg" |
      sed -e 's/^<svg[^>]*>//' -e 's/<\/svg>.*$//' -e 's/<path stroke="none"[^>]*>//' -e 's/> </></g' -e 's/^ *//' -e 's/ *$//' -e 's/ \/>/\/>/g')
    echo "<symbol id=\"$icon\" viewBox=\"0 0 24 24\">$shape</symbol>"
  done
  echo '</svg>'
} >"$into/icons.svg"

# A village's network is slow: WhiteNoise serves the packed copy where the browser takes it.
for file in tabler.min.css htmx.min.js echarts.common.min.js icons.svg; do gzip -9 -n -k -f "$into/$file"; done

cp "$into/icons.svg" "$into/icons.LICENSE" "$field/"

(cd "$into" && sha256sum $(ls | grep -v '^VERSIONS$') | sed 's/^/file /') >>"$work/VERSIONS"
cp "$work/VERSIONS" "$into/VERSIONS"
(cd "$field" && find . -type f ! -name VERSIONS | sed 's#^[.]/##' | LC_ALL=C sort | xargs sha256sum | sed 's/^/file /') >>"$work/FIELD_VERSIONS"
cp "$work/FIELD_VERSIONS" "$field/VERSIONS"
du -sh "$into"
