#!/usr/bin/env bash
# make run: the whole service with a demo tenant. DEBUG is on unless the environment says otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBUG=${DEBUG:-true}
scripts/setup.sh
exec .venv/bin/python scripts/run.py
