# SPDX-License-Identifier: GPL-2.0-or-later
#
# awk -v MARKDOWN=MANIFESTS.md -v OUT=PAGE -f manifests_man.awk PAGE.mdoc
#
# Copies a page, and replaces its line ".\" @MANIFESTS@" by the Markdown, as mdoc: headings,
# paragraphs, tables (a list of the first column), lists, and code, indented or fenced. It knows no
# other Markdown.

# Text as roff has it: nothing of it is a macro or an escape.
function plain(text) {
	gsub(/\\/, "\\e", text)
	return text
}

# `code`, **strong**, *weak* and [links](to) of one paragraph.
function inline(text,   out, at, code) {
	out = ""
	while (match(text, /`[^`]+`|\[[^]]+\]\([^)]*\)|\*\*[^*]+\*\*|\*[^*]+\*/)) {
		out = out plain(substr(text, 1, RSTART - 1))
		code = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (code ~ /^`/) {
			code = plain(substr(code, 2, length(code) - 2))
			gsub(/-/, "\\-", code)
			out = out "\\fB" code "\\fP"
		} else if (code ~ /^\[/) {
			at = index(code, "](")
			out = out inline(substr(code, 2, at - 2))
		} else if (code ~ /^\*\*/) {
			out = out "\\fB" inline(substr(code, 3, length(code) - 4)) "\\fP"
		} else {
			out = out "\\fI" plain(substr(code, 2, length(code) - 2)) "\\fP"
		}
	}
	return out plain(text)
}

function line(text) {
	sub(/^[ \t]+/, "", text)
	gsub(/\. +/, ".\n", text)	# a sentence a line: mdoc puts more room behind it
	if (text ~ /^[.']/)
		text = "\\&" text
	print text > OUT
}

# In a macro's line every word may be a macro, a quote opens an argument, and a lone punctuation
# mark moves.
function argument(text,   words, count, i, out) {
	gsub(/"/, "\\(dq", text)
	count = split(text, words, " ")
	out = ""
	for (i = 1; i <= count; i++)
		out = out (i > 1 ? " " : "") (words[i] ~ /^[A-Za-z%][A-Za-z0-9]?[a-z0-9]?$|^[].,:;()?!|[]+$/ ? "\\&" : "") words[i]
	return out
}

function end_paragraph() {
	if (paragraph != "") {
		if (state == "" && !fresh)
			print ".Pp" > OUT
		line(inline(paragraph))
		fresh = 0
	}
	paragraph = ""
}

function enter(next_state) {
	if (state == next_state)
		return
	if (state == "code")
		print ".Ed" > OUT
	else if (state != "")
		print ".El" > OUT
	if (next_state == "code")
		print ".Bd -literal -offset indent" > OUT
	else if (next_state == "table")
		print ".Bl -tag -width Ds" > OUT
	else if (next_state == "list")
		print ".Bl -bullet -compact" > OUT
	state = next_state
	fresh = 0
}

function row(text,   cells, count, i, cell) {
	gsub(/\\\|/, "\001", text)
	count = split(text, cells, "|")
	for (i = 1; i <= count; i++) {
		gsub(/^ +| +$/, "", cells[i])
		gsub(/\001/, "|", cells[i])
	}
	if (state != "table") {		# the heading, which the list does without
		end_paragraph()
		enter("table")
		return
	}
	if (cells[2] ~ /^-+$/)
		return
	print ".It " argument(inline(cells[2])) > OUT
	cell = cells[3]
	for (i = 4; i < count; i++)
		cell = cell ": " cells[i]
	line(inline(cell))
}

function heading(text, macro) {
	end_paragraph()
	enter("")
	sub(/^#+ */, "", text)
	print macro " " (macro == ".Sh" ? toupper(text) : text) > OUT
	fresh = 1
}

function markdown(text) {
	if (text ~ /^```/) {
		end_paragraph()
		fenced = !fenced
		enter(fenced ? "code" : "")
	} else if (fenced || (text ~ /^    / && paragraph == "" && state != "list")) {
		enter("code")
		if (!fenced)
			sub(/^    /, "", text)
		text = plain(text)
		print (text ~ /^[.']/ ? "\\&" : "") text > OUT
	} else if (text ~ /^# /) {
		return
	} else if (text ~ /^## /) {
		heading(text, ".Sh")
	} else if (text ~ /^### /) {
		heading(text, ".Ss")
	} else if (text ~ /^\|/) {
		row(text)
	} else if (text ~ /^- /) {
		end_paragraph()
		enter("list")
		print ".It" > OUT
		paragraph = substr(text, 3)
	} else if (text ~ /^ *$/) {
		end_paragraph()
		if (state == "table" || state == "list")
			enter("")
	} else {
		if (state != "list" || paragraph == "")
			enter("")
		sub(/^ +/, "", text)
		paragraph = paragraph == "" ? text : paragraph " " text
	}
}

$0 == ".\\\" @MANIFESTS@" {
	places++
	fresh = 1
	while ((getline text < MARKDOWN) > 0)
		markdown(text)
	end_paragraph()
	enter("")
	next
}
{ print > OUT }
END {
	if (places != 1) {
		print "manifests_man.awk: the page needs one line .\\\" @MANIFESTS@" > "/dev/stderr"
		exit 1
	}
}
