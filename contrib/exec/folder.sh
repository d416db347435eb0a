#!/bin/bash
# SPDX-License-Identifier: MIT
# folder: a directory of files as a channel of mentiond(8), by its plugin exec; see mentiond-exec(7).
#
#   folder.sh NAME DIRECTORY
#
# Whatever can write a file can open a ticket: a form on a web page, a door that was left open, a nightly job.  A file
# DIRECTORY/in/7 has who writes in its first line and what in the others; 7.1 and 7.2 go on with what 7 began.  It must appear
# whole: write it elsewhere, and rename it.  Answers appear as files in DIRECTORY/out, named for what they answer, a dash, and a
# key; their first line is who is answered.  Needs jq(1).
set -euo pipefail
name=$1 directory=$2

poll() {
	local file
	find "$directory/in" -maxdepth 1 -type f ! -name '.*' -printf '%T@ %f\n' | sort -rn | while read -r _ file; do
		jq -Rsc --arg id "$file" --arg time "$(date -u -r "$directory/in/$file" +%FT%TZ)" '(. / "\n") as $lines | {
			kind: "message", visibility: "direct", $id, root: ($id / ".")[0], created_usec: $time, text: ($lines[1:] | join("\n")),
			parent: (if $id | contains(".") then ($id / ".")[0] else null end),
			author: { id: $lines[0], handle: $lines[0] } }' "$directory/in/$file"
	done | jq -sc '{ verdict: "ok", mentions: . }'
}

# The key names the file, and a rename is all or nothing: to post again changes nothing, and to find is to look.
post() {
	local to
	to=$(jq -r '.post | "\(.parent)-\(.key)"' <<<"$1")
	jq -r '.post | "\(.only)\n\(.text)"' <<<"$1" >"$directory/out/.$to"
	mv "$directory/out/.$to" "$directory/out/$to"
	jq -nc --arg id "$to" '{ verdict: "ok", $id }'
}

find_post() {
	local to
	to=$(jq -r '.post | "\(.parent)-\(.key)"' <<<"$1")
	if [ -e "$directory/out/$to" ]; then jq -nc --arg id "$to" '{ verdict: "ok", $id }'; else echo '{ "verdict": "absent" }'; fi
}

mkdir -p "$directory/in" "$directory/out"
while read -r line; do
	case $(jq -r .call <<<"$line") in
	start)
		answer=$(jq -nc --arg id "$name" '{ verdict: "ok", $id, handle: $id, operations: ["post", "find"],
			caps: { flags: ["can_direct"] } }')
		;;
	poll) answer=$(poll) ;;
	post) answer=$(post "$line") ;;
	find) answer=$(find_post "$line") ;;
	esac
	jq -c --argjson op "$(jq .op <<<"$line")" '. + { $op }' <<<"$answer"
done
