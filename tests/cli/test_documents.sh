#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_documents.sh PODGATE: the samples of README and the man pages work as they are: podgate reads
# their manifests without an error, and their export from a cluster leaves the last one in place
# when it fails.
set -uo pipefail
PODGATE=$1
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-documents.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
failed=0 passed=0

ok() {	# TEXT COMMAND...
	local text=$1
	shift
	if "$@"; then passed=$((passed + 1)); else echo "FAIL: $text"; failed=$((failed + 1)); fi
}

# Prints the indented blocks of Markdown, and the literal blocks of mdoc, that begin with PATTERN,
# each with --- behind it.
markdown_blocks() {	# FILE PATTERN
	awk -v first="$2" '/^    / { line = substr($0, 5); if (!inside) { inside = 1; wanted = line ~ first } if (wanted) print line; next }
		inside && /^$/ { next } { if (inside && wanted) print "---"; inside = 0; wanted = 0 }' "$1"
}
mdoc_blocks() {
	awk -v first="$2" '/^\.Bd -literal/ { getline; wanted = $0 ~ first; inside = 1 } /^\.Ed/ { if (wanted) print "---"; inside = 0; wanted = 0 }
		inside && wanted' "$1"
}

markdown_blocks "$ROOT/README.md" '^apiVersion' >"$WORK/readme.yaml"
mdoc_blocks "$ROOT/docs/man/podgate-manifests.5.mdoc" '^apiVersion' >"$WORK/page.yaml"
for document in readme page; do
	ok "$document has a manifest" grep -q '^kind: NetworkPolicy' "$WORK/$document.yaml"
	"$PODGATE" check "$WORK/$document.yaml" >"$WORK/out" 2>&1
	ok "$document: $(cat "$WORK/out")" grep -q '^0 errors' "$WORK/out"
done
"$PODGATE" check "$WORK/page.yaml" >/dev/null
ok "the page's manifests are without a warning" [ $? = 0 ]
"$PODGATE" explain -f "$WORK/page.yaml" shop/web shop/db:5432 >/dev/null
ok "the page's web server reaches its database" [ $? = 0 ]
"$PODGATE" explain -f "$WORK/page.yaml" shop/web shop/db:22 >/dev/null
ok "at one port only" [ $? = 1 ]

# A kubectl of our own: the variable KUBECTL controls it.
mkdir "$WORK/bin" "$WORK/manifests"
printf '#!/bin/sh\ncase $KUBECTL in\nexpired) echo "{\\"apiVersion\\": \\"v1\\", \\"kind\\": \\"List\\", \\"items\\": []}"; exit 1 ;;\naway) exit 1 ;;\n*) echo "$KUBECTL"; exit 0 ;;\nesac\n' >"$WORK/bin/kubectl"
chmod +x "$WORK/bin/kubectl"
export_as_shown() {	# DOCUMENT KUBECTL
	sed "s|/etc/podgate/manifests|$WORK/manifests|" "$WORK/$1.sh" | KUBECTL=$2 PATH=$WORK/bin:$PATH bash
}
markdown_blocks "$ROOT/README.md" '^cd /etc/podgate/manifests' | grep -v '^---$' >"$WORK/readme.sh"
mdoc_blocks "$ROOT/docs/man/podgate.8.mdoc" '^cd /etc/podgate/manifests' | grep -v '^---$' >"$WORK/page.sh"
for document in readme page; do
	echo before >"$WORK/manifests/cluster.json"
	for trouble in expired away; do
		! export_as_shown $document $trouble
		ok "$document: an export that failed ($trouble) says so" [ $? = 0 ]
		ok "$document: and leaves the last one in place" [ "$(cat "$WORK/manifests/cluster.json")" = before ]
	done
	export_as_shown $document after
	ok "$document: an export that succeeded is in place" [ "$(cat "$WORK/manifests/cluster.json")" = after ]
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
