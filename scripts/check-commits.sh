#!/bin/sh
# Checks commit messages against CONTRIBUTING.md:  check-commits.sh [FILE]
# With FILE, as git's commit-msg hook, the message in it. Without, the commits that origin/main does
# not have; where there is no origin/main, those since this script came. Older ones stay as they are.
set -eu

check_subjects() {
    awk 'length > 72 { print "Subject longer than 72 characters: " $0; bad = 1 }
         /\.$/ { print "Subject ends with a full stop: " $0; bad = 1 }
         END { exit bad }' >&2
}

if [ $# -gt 0 ]; then
    head -n 1 "$1" | check_subjects
    exit
fi

cd "$(dirname "$0")"
git rev-parse --quiet --verify HEAD >/dev/null 2>&1 || exit 0 # an unpacked archive
base=$(git rev-parse --quiet --verify origin/main) ||
    base=$(git log --diff-filter=A --format=%H -- check-commits.sh | tail -n 1)
[ -n "$base" ] || exit 0

status=0
git log --no-merges --format=%s "$base..HEAD" | check_subjects || status=1
merges=$(git log --merges --format='%h %s' "$base..HEAD")
if [ -n "$merges" ]; then
    echo "Merge commits; rebase instead: $merges" >&2
    status=1
fi
exit $status
