#!/usr/bin/env bash
# The counts of each suite, from what nextest printed: suites.sh LOG. What cargo's own runner prints says it already.
set -euo pipefail
sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
  $1 == "PASS" || $1 == "FAIL" || $1 == "SIGABRT" || $1 == "TIMEOUT" {
    rest = $0
    sub(/^ *[A-Z]+ \[[^]]*\] *(\([^)]*\) *)?/, "", rest)
    split(rest, word, " ")
    seen[word[1]] = 1
    if ($1 == "PASS") passed[word[1]]++
    else if (!(rest in failed_once)) { failed_once[rest] = 1; failed[word[1]]++ }
  }
  END { for (suite in seen) printf "%-40s %5d passed %3d failed\n", suite, passed[suite], failed[suite] }' | sort
