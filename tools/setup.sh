#!/usr/bin/env bash
# Sets up this checkout: system packages, virtual environment, models, keys.
#
#   tools/setup.sh [base|test|bench]
#
# Every step that is done leaves a stamp under .venv/.stamps, so that a second call is quick.
# Where packages come from is the machine's own affair: pip, uv and apt read their usual
# configuration; nothing here names an address.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

purpose="${1:-base}"
venv=.venv
stamps="$venv/.stamps"

say() { printf '▸ %s\n' "$*" >&2; }
fail() {
  printf '\n✖ %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 3
}

system_packages() {
  echo poppler-utils libzbar0 libgl1 libglib2.0-0
  echo fonts-ipaexfont fonts-klee fonts-yusei-magic fonts-seto fonts-kiloji
  case "$purpose" in
    test) echo chromium slapd ;;
    bench) echo chromium tesseract-ocr tesseract-ocr-jpn ;;
  esac
}

# The command that runs as root, or nothing where we cannot become root.
as_root() {
  if [ "$(id -u)" = 0 ]; then echo env
  elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then echo sudo
  fi
}

apt_install() {
  local root
  root="$(as_root)"
  [ -n "$root" ] && command -v apt-get >/dev/null || return 1
  say "システムのパッケージを入れます / installing system packages: $*"
  # The tests start a directory server of their own; Debian would start one for the whole machine.
  [[ " $* " != *" slapd "* ]] || $root sh -c 'mkdir -p /etc/ldap && touch /etc/ldap/noslapd'
  $root apt-get update -q >&2 || true
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

installed() { # a Debian package, under its own name or the one of the 64-bit-time transition
  local state
  state="$(dpkg-query -W -f '${db:Status-Abbrev} ' "$1" "${1}t64" 2>/dev/null || true)"
  [[ "$state" == *"ii "* ]]
}

ensure_system() {
  local wanted missing=() package
  wanted="$(system_packages | tr '\n' ' ')"
  [ "$(cat "$stamps/system-$purpose" 2>/dev/null)" = "$wanted" ] && return
  if ! command -v dpkg-query >/dev/null; then
    say "Debian/Ubuntu ではありません。次に当たるものを入れてください / not Debian or Ubuntu, please install the like of: $wanted"
    return
  fi
  for package in $wanted; do installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -gt 0 ] && ! apt_install "${missing[@]}"; then
    fail "システムのパッケージが足りません / system packages are missing: ${missing[*]}" \
      "管理者として次を実行し、もう一度お試しください / run this as an administrator, then try again:" \
      "apt-get install ${missing[*]}"
  fi
  printf '%s' "$wanted" >"$stamps/system-$purpose"
}

is_python_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  # Every one on the path, for a version manager may have put a stand-in before the real one.
  for candidate in "${PYTHON:-}" $(type -aP python3.11 python3); do
    [ -n "$candidate" ] && is_python_311 "$candidate" && { echo "$candidate"; return; }
  done
  return 1
}

ensure_venv() {
  local python
  if [ -x "$venv/bin/python" ] && is_python_311 "$venv/bin/python" \
    && [ "$(cat "$stamps/place" 2>/dev/null || pwd)" = "$(pwd)" ]; then
    mkdir -p "$stamps"
    pwd >"$stamps/place"
    return
  fi
  python="$(find_python)" || { apt_install python3.11 python3.11-venv && python="$(find_python)"; } || fail \
    "Python 3.11 が見つかりません / Python 3.11 was not found" \
    "入れてからもう一度お試しください / install it and try again:" \
    "apt-get install python3.11 python3.11-venv   (Debian 12)" \
    "別の場所にあるとき / where it stands elsewhere:  make setup PYTHON=…/bin/python3.11"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3.11-venv || fail \
    "Python の venv が使えません / this Python cannot make virtual environments" \
    "apt-get install python3.11-venv"
  # A link leads to another checkout's environment, which must stay as it is.
  [ ! -L "$venv" ] || rm "$venv"
  say "仮想環境を作ります / making the virtual environment: $venv"
  "$python" -m venv --clear "$venv"
  mkdir -p "$stamps"
  pwd >"$stamps/place"
}

ensure_packages() {
  local sum
  sum="$(cat requirements.lock tools/bootstrap.lock pyproject.toml | sha256sum)"
  [ "$(cat "$stamps/packages" 2>/dev/null)" = "$sum" ] && [ -x "$venv/bin/uketsuke" ] && return
  say "Python のパッケージを入れます（約 1.5 GB、数分）/ installing Python packages (about 1.5 GB, minutes)"
  "$venv/bin/python" -m pip install -q --require-hashes -r tools/bootstrap.lock || true
  if ! { [ -x "$venv/bin/uv" ] && "$venv/bin/uv" pip install --python "$venv/bin/python" \
    --only-binary :all: --require-hashes -r requirements.lock >&2; }; then
    # The lock names everything, so pip need not look for dependencies (and cannot, by hash, with extras).
    say "uv では入らないため pip を使います / uv could not do it, using pip"
    "$venv/bin/python" -m pip install --progress-bar on --no-deps --only-binary :all: --require-hashes -r requirements.lock >&2 || fail \
      "Python のパッケージを入れられません / Python packages could not be installed" \
      "上の pip の理由と、pip の設定（PIP_INDEX_URL、プロキシ）を確かめてください" \
      "see pip's reason above and check pip's configuration (PIP_INDEX_URL, proxy)"
  fi
  "$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e . >&2
  printf '%s' "$sum" >"$stamps/packages"
}

ensure_models() {
  local sum
  sum="$(cat models/manifest.toml | sha256sum)"
  [ "$(cat "$stamps/models" 2>/dev/null)" = "$sum" ] && return
  say "モデルを用意します / fetching models"
  "$venv/bin/uketsuke" models fetch >&2
  printf '%s' "$sum" >"$stamps/models"
}

ensure_keys() {
  local keys="${UKETSUKE_HOME:-var}/keys"
  [ -n "$(ls -A "$keys" 2>/dev/null)" ] && return
  say "暗号鍵を作ります / generating keys: $keys"
  "$venv/bin/uketsuke" keys init --keep >&2
}

ensure_venv
ensure_system
ensure_packages
ensure_models
ensure_keys
