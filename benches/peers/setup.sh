#!/usr/bin/env bash
# Installs OSRM and Valhalla from the Python package index beside this file and makes their road graphs of one extract:
# setup.sh [EXTRACT.osm.pbf]. Needs Python 3.12 or newer (PYTHON names it). What exists already is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
extract=$(realpath -m "${1:-${DONGHAENG_SEOUL_DATA:-$here/../../../shared/data}/roads/seoul-drive-2025-05.osm.pbf}")
[ -f "$extract" ] || { echo "no extract at $extract: give one as the argument" >&2; exit 2; }
say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.14 python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.1[2-9].*/bin/python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "no Python 3.12 or newer: the wheels need it (PYTHON=/path/to/python3.12 names one; pyenv, uv and most systems have it)" >&2
  exit 2
}

venv=$here/.venv
if ! "$venv/bin/python" -c 'import osrm, valhalla' 2>/dev/null; then
  python=$(find_python)
  say "1 of 3: OSRM and Valhalla into $venv (about 100 MB)"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: --requirement "$here/requirements.txt"
else
  say "1 of 3: OSRM and Valhalla are installed"
fi

# Valhalla's own starters look for one another there.
PATH=$venv/bin:$PATH

data=$here/.data
# Another extract is another road graph.
if [ "$(cat "$data/extract" 2>/dev/null || true)" != "$(cksum <"$extract")" ]; then
  rm -rf "$data"
  mkdir -p "$data"
  cksum <"$extract" >"$data/extract"
fi
profiles=$("$venv/bin/python" -c 'import osrm, pathlib; print(pathlib.Path(osrm.__file__).parent / "share/profiles")')

osrm() { # tool, then its arguments; what it says is kept beside the data
  "$venv/bin/python" -m osrm "$@" >>"$data/osrm.log" 2>&1 || { tail -20 "$data/osrm.log" >&2; exit 1; }
}

if [ ! -f "$data/valhalla/done" ]; then
  say "2 of 3: Valhalla's tiles (some seconds)"
  rm -rf "$data/valhalla"
  mkdir -p "$data/valhalla"
  began=$(date +%s)
  valhalla_build_config --mjolnir-tile-dir "$data/valhalla/tiles" >"$data/valhalla/config.json"
  valhalla_build_tiles -c "$data/valhalla/config.json" -j 2 "$extract" >"$data/valhalla.log" 2>&1 \
    || { tail -20 "$data/valhalla.log" >&2; exit 1; }
  echo $(($(date +%s) - began)) >"$data/valhalla/done"
else
  say "2 of 3: Valhalla's tiles are made"
fi
# What is quick first.
for kind in mld ch; do
  for profile in car foot; do
    dir=$data/$profile-$kind
    [ -f "$dir/done" ] && { say "3 of 3: OSRM $profile, $kind is made"; continue; }
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$extract" "$dir/map.osm.pbf"
    if [ "$kind" = ch ]; then say "3 of 3: OSRM $profile, $kind (some minutes)"; else say "3 of 3: OSRM $profile, $kind (half a minute)"; fi
    began=$(date +%s)
    osrm extract -t 2 -p "$profiles/$profile.lua" "$dir/map.osm.pbf"
    if [ "$kind" = ch ]; then
      osrm contract -t 2 "$dir/map.osrm"
    else
      osrm partition -t 2 "$dir/map.osrm"
      osrm customize -t 2 "$dir/map.osrm"
    fi
    echo $(($(date +%s) - began)) >"$dir/done"
    rm "$dir/map.osm.pbf"
  done
done

say "ready: make bench-eta"
