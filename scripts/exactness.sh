#!/usr/bin/env bash
# The table of what was compared with the oracles, out of what the tests printed: exactness.sh LOG. Fails where there is none,
# where anything was wrong, and where fewer than 10,000 queries were compared.
set -euo pipefail
rows=$(grep -oE '[A-Za-z][^|]* (staff|RoutingKit) +[0-9]+ queries +[0-9]+ answers +[0-9]+ wrong.*' "$1" | LC_ALL=C sort -u) \
  || { echo "no exactness rows in $1: the comparisons did not run, or their output was not shown" >&2; exit 1; }
echo "$rows"
echo "$rows" | awk '
  { for (i = 2; i <= NF; i++) { if ($i ~ /^queries/) queries += $(i-1); if ($i ~ /^answers/) answers += $(i-1); if ($i ~ /^wrong/) wrong += $(i-1) } }
  END { printf "in all: %d queries, %d answers, %d wrong\n", queries, answers, wrong; exit wrong > 0 || queries < 10000 }'
