#!/usr/bin/env bash
# Makes this checkout ready to run: system packages where they are missing and may be installed, .venv, database, static files.
# Running it again is quick and changes nothing. usage: scripts/setup.sh [--no-database] [--browser]
# --browser adds Chromium, for the tests that drive the admin as a person does; without it they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
warn() { printf '\033[33m%s\033[0m\n' "$*" >&2; }

PYTHON=${PYTHON:-python3}
arguments="$*"

# --- system packages -----------------------------------------------------------------------------------------------
missing=()
command -v tesseract >/dev/null || missing+=(tesseract-ocr tesseract-ocr-eng)
if command -v tesseract >/dev/null && ! tesseract --list-langs 2>/dev/null | grep -qx osd; then missing+=(tesseract-ocr-osd); fi
if ! command -v "$PYTHON" >/dev/null; then
  missing+=(python3 python3-venv)
elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
  missing+=(python3-venv)
fi

wants() { case " $arguments " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
if wants --browser && ! command -v chromium >/dev/null; then missing+=(chromium fonts-dejavu-core); fi

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else return 1; fi
  fi
  command -v apt-get >/dev/null || return 1
  say "Installing system packages: $*"
  "${as_root[@]}" apt-get -qq update >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1
}

if [ ${#missing[@]} -gt 0 ] && ! install_packages "${missing[@]}"; then
  warn "Not installed (no rights, no apt-get, or no network): ${missing[*]}"
  warn "Install them with:  sudo apt-get install ${missing[*]}"
  command -v "$PYTHON" >/dev/null && "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || exit 1
  warn "Going on without: the built-in engine reads; Tesseract, the second opinion, is switched off."
fi
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { warn "Python 3.11 or newer is needed; PYTHON=/path/to/python names another one."; exit 1; }

# --- .venv ---------------------------------------------------------------------------------------------------------
stamp=.venv/.requirements
wanted=$(cat requirements.txt requirements-dev.txt | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  say "Installing Python packages into .venv"
  packages=(--require-hashes -r requirements-dev.lock)
  if ! grep -qF "$wanted" requirements-dev.lock 2>/dev/null; then
    warn "requirements-dev.lock is of other requirements (make lock): packages are installed without checking hashes."
    packages=(-r requirements-dev.txt)
  fi
  [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"; then
    warn "The packages of requirements-dev.txt could not be installed: is the package index reachable from here?"
    exit 1
  fi
  printf '%s' "$wanted" > "$stamp"
fi

# --- database and static files ---------------------------------------------------------------------------------------
if ! wants --no-database; then
  .venv/bin/python manage.py migrate --verbosity 0
  .venv/bin/python manage.py collectstatic --noinput --verbosity 0
fi
