#!/usr/bin/env bash
# The table of what was compared with the oracles, out of what the tests printed: exactness.sh LOG. Fails where there is none,
# where anything was wrong, where a row that must be there is not or has too few queries, and where fewer than 10,000 queries of 20 to
# 2,000 staff in cities and towns were compared. Toy graphs, on which thousands take a second, come on top of that.
# Without Seoul's data its rows are not asked for, which is said.
set -euo pipefail
log=$1
queries_in_all=10000
# Of each city, way of moving and number of staff.
city_least=60
town_least=640

number='[0-9]+ +'
rows=$(grep -aoE "[A-Za-z][^|]* (${number}staff, +[0-9]+\.\.[0-9]+ +stood|RoutingKit) +${number}queries +${number}answers +${number}wrong.*" "$log" \
  | LC_ALL=C sort -u) \
  || { echo "no exactness rows in $log: the comparisons did not run, or their output was not shown" >&2; exit 1; }
echo "$rows"

# Where the tests look for Seoul, too.
seoul_data() {
  local file=$1 folder=${DONGHAENG_SEOUL_DATA:-}
  if [ -z "$folder" ]; then
    folder=$(cd "$(dirname "$0")/../geo" && pwd)
    until [ -d "$folder/shared/data" ] || [ "$folder" = / ]; do folder=$(dirname "$folder"); done
    folder=$folder/shared/data
  fi
  [ -f "$folder/$file" ]
}

missing=0
# Rows of this name with so many staff (or: of RoutingKit) have so many queries at least.
need() {
  local name=$1 of=$2 least=$3 queries
  queries=$(awk -v name="$name" -v of="$of" '
    index($0, name " ") == 1 {
      rest = substr($0, length(name) + 1)
      if (rest !~ "^ +" of "[, ]") next
      for (i = 2; i <= NF; i++) if ($i == "queries") n += $(i - 1)
    }
    END { print n + 0 }' <<<"$rows")
  if [ "$queries" -lt "$least" ]; then
    echo "missing: $name, $of: $queries queries, at least $least are asked for" >&2
    missing=1
  fi
}
need_city() {
  local city=$1 least=$2 moving staff
  shift 2
  for moving in "$@"; do
    for staff in 20 100 500 2000; do need "$city, $moving" "$staff staff" "$least"; done
  done
}

need_city generated "$city_least" "drive, turns" walk "cycle, turns" transit
need_city "generated town" "$town_least" "drive, turns" walk "cycle, turns" transit
for moving in "drive, turns" walk; do need "generated, $moving, meanwhile" "2000 staff" 100; done
for moving in "cycle, turns" transit; do need "generated town, $moving, meanwhile" "2000 staff" 100; done
for kind in junctions turns; do
  need "pathfinding: tangles, $kind" "20 staff" 1000
  need "generated, small, $kind" RoutingKit 100
done
if seoul_data roads/seoul-drive-2025-05.osm.pbf; then
  need_city Seoul "$city_least" "drive, turns" walk "cycle, turns"
  if seoul_data subway/stations.csv; then
    need_city Seoul "$city_least" transit
  else
    echo "Seoul's subway: absent, its rows are not asked for"
  fi
else
  echo "Seoul: absent, its rows are not asked for"
fi

# Queries, answers and wrong ones of the rows whose names begin so.
sum() {
  awk -v begin="$1" '$0 ~ begin {
    for (i = 2; i <= NF; i++) { if ($i == "queries") q += $(i-1); if ($i == "answers") a += $(i-1); if ($i == "wrong") w += $(i-1) }
  } END { print q + 0, a + 0, w + 0 }' <<<"$rows"
}
read -r queries answers wrong <<<"$(sum '')"
echo "in all: $queries queries, $answers answers, $wrong wrong"
read -r cities answers _ <<<"$(sum "^(generated|generated town|Seoul|Jung-gu), .* staff, ")"
echo "of these in cities and towns with 20 to 2,000 staff: $cities queries, $answers answers (every pickup is asked for by four crowds: one query each)"
if [ "$cities" -lt "$queries_in_all" ]; then
  echo "$cities queries in cities and towns were compared, at least $queries_in_all are asked for" >&2
  missing=1
fi
[ "$wrong" -eq 0 ] && [ "$missing" -eq 0 ]
