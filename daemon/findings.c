/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/findings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "policy/lint/odd_claims.h"
#include "policy/values/arena.h"
#include "policy/values/diag.h"
#include "policy/values/hash.h"
#include "process/log.h"

enum { LOGGED_MOST = 10 };

/* Of the text and its end. */
static uint64_t mix(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

/*
 * Errors, and warnings that a pod is enforced with less than its manifest names, or an object as it
 * was.
 */
static bool is_logged(const struct diag *diag)
{
	static const char *const codes[] = {"impossible-address", "untrusted-address",
		"contested-address", "outranked-address", "gateway-address", "from-state"};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(diag->code, codes[i]) == 0)
			return true;
	return diag->severity == DIAG_ERROR;
}

static uint64_t hash_logged(const struct diag_list *diags)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		if (is_logged(diag))
			hash = mix(mix(hash ^ HASH_START ^ diag->pos.line, diag->pos.file),
				diag->text);
	}
	return hash;
}

static void log_diags(const struct diag_list *diags)
{
	char place[32];
	size_t logged = 0, left = diags->dropped;

	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		if (!is_logged(diag))
			continue;
		if (logged == LOGGED_MOST) {
			left++;
			continue;
		}
		place[0] = '\0';
		if (diag->pos.line > 0) /* else it is about the file as such */
			snprintf(place, sizeof(place), "%u:%u:", diag->pos.line, diag->pos.column);
		log_warnx("%s:%s %s%s%s", diag->pos.file, place, diag->text,
			diag->hint == NULL ? "" : "; ", diag->hint == NULL ? "" : diag->hint);
		logged++;
	}
	if (left > 0)
		log_warnx("%zu more findings in the manifests: `podgate check` shows all", left);
}

/* Unless they are those of the last call, whose hash is *before; `none` says that they are over. */
static void log_news(const struct diag_list *diags, uint64_t *before, const char *none)
{
	const uint64_t hash = hash_logged(diags);

	if (hash != *before && hash != 0)
		log_diags(diags);
	else if (hash != *before)
		log_info("%s", none);
	*before = hash;
}

static void log_others(struct findings *findings, const struct store *store)
{
	char text[OTHER_POLICIES_TEXT];
	struct other_policies others;
	uint64_t hash;

	store_other_policies(store, &others);
	other_policies_format(&others, text);
	hash = text[0] == '\0' ? 0 : mix(HASH_START, text);
	if (hash == findings->logged_others)
		return;
	findings->logged_others = hash;
	if (hash != 0)
		log_warnx("the manifests have policies that are NOT ENFORCED: %s; only "
			  "NetworkPolicy of networking.k8s.io is",
			text);
	else
		log_info("the manifests have no policies of other kinds any more");
}

void findings_log(struct findings *findings, struct store *store)
{
	struct arena *arena = arena_create();
	struct diag_list diags;

	log_others(findings, store);
	if (arena == NULL || store_diags(store, arena, &diags) != 0) {
		log_warnx("out of memory: can't say what is wrong in the manifests");
		arena_unref(arena);
		return;
	}
	log_news(&diags, &findings->logged, "the manifests have no errors any more");
	arena_unref(arena);
}

void findings_log_claims(struct findings *findings, const struct snapshot *snapshot)
{
	struct arena *arena = arena_create();
	struct diag_list diags;

	if (arena == NULL) {
		log_warnx("out of memory: can't say which addresses several pods claim");
		return;
	}
	diag_list_init(&diags, arena);
	odd_claims_report(snapshot, false, &diags);
	log_news(&diags, &findings->logged_claims,
		"no address is claimed by a pod that can't be its only owner any more");
	arena_unref(arena);
}
