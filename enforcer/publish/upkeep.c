/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/upkeep.h"

#include <stdio.h>
#include <string.h>

#include "enforcer/publish/own_addresses.h"
#include "process/log.h"

#define NS_PER_MS 1000000ULL

/* With a tick and the look itself, a repair comes well below 2 s after what made it necessary. */
#define PAUSE_NS (1000 * NS_PER_MS)
#define PAUSE_MOST_NS (64000 * NS_PER_MS) /* between two repairs that do not hold */
/* This many equal repairs, at most REPAIR_ROW_NS apart: another program undoes them. */
#define REPAIRS_IN_A_ROW 5
#define REPAIR_ROW_NS (5000 * NS_PER_MS)

int upkeep_run(struct enforcement *enforcement, const struct settings *settings,
	const struct snapshot *snapshot, struct upkeep_findings *out, char problem[PROBLEM_SIZE])
{
	struct bridge_view view;
	int err = enforcement_verify(enforcement, snapshot, &out->rules, problem);

	/* Bridges often come with the first pod. */
	(void)bridge_guard_look(settings, &view);
	out->bridges = view.state;
	if ((view.state == BRIDGES_HIDDEN || view.state == BRIDGES_UNKNOWN) &&
		settings->bridge != BRIDGE_IGNORE) {
		memcpy(out->bridges_found, view.found, sizeof(view.found));
		out->bridges_mended = bridge_guard_prepare(settings, out->bridges_found) == 0;
		if (out->bridges_mended)
			out->bridges = BRIDGES_SHOWN;
	}
	if (err == 0 && !out->rules.tampered)
		err = enforcement_follow_bridges(enforcement, snapshot, out->bridges, problem);
	(void)flow_room_read(&out->room);
	enforcement_find_unnamed(enforcement, snapshot, &out->unnamed);
	out->own_addresses_moved = own_addresses_moved(snapshot);
	return err;
}

bool upkeep_is_due(const struct upkeep *upkeep, uint64_t now_ns)
{
	return now_ns - upkeep->ended_ns >= upkeep->pause_ns;
}

void upkeep_make_due(struct upkeep *upkeep)
{
	upkeep->pause_ns = 0;
}

/* No record tells of packets that the kernel drops for want of room. */
static void note_room(struct upkeep *upkeep, const struct flow_room *room, struct flow_room *before)
{
	const bool crowded = upkeep->room_seen &&
		room->dropped + room->evicted > before->dropped + before->evicted;

	if (crowded && !upkeep->crowded)
		log_warnx("the kernel's flow table is full (%llu of %llu): new flows take the "
			  "place of others or are dropped, whatever the policies say; raise "
			  "net.netfilter.nf_conntrack_max",
			(unsigned long long)room->flows, (unsigned long long)room->most);
	else if (!crowded && upkeep->crowded)
		log_info("mended: the kernel's flow table has room again (%llu of %llu); in all it "
			 "dropped %llu packets and put %llu flows out",
			(unsigned long long)room->flows, (unsigned long long)room->most,
			(unsigned long long)room->dropped, (unsigned long long)room->evicted);
	upkeep->room_seen = true;
	upkeep->crowded = crowded;
	*before = *room;
}

/*
 * A program that undoes each repair opens the gate each time: so repairs go on at the same pace. It
 * is a problem until a while after the last one.
 */
static void note_repairs(struct upkeep *upkeep, const struct verify_result *rules,
	struct publish_stats *stats, struct lasting_problems *problems, uint64_t now_ns)
{
	const bool in_a_row = now_ns - upkeep->repaired_ns <= REPAIR_ROW_NS;
	bool undone;

	if (rules->repaired) {
		const bool same = strcmp(upkeep->repaired, rules->found) == 0;

		upkeep->repairs_in_a_row = in_a_row && same ? upkeep->repairs_in_a_row + 1 : 1;
		memcpy(upkeep->repaired, rules->found, sizeof(upkeep->repaired));
		upkeep->repaired_ns = now_ns;
		stats->repairs++;
	} else if (!in_a_row) {
		upkeep->repairs_in_a_row = 0;
	}
	undone = upkeep->repairs_in_a_row >= REPAIRS_IN_A_ROW;
	lasting_problems_note(problems, PROBLEM_REPAIRS,
		undone ? "our rules are changed again and again, and repaired each time: another "
			 "program undoes them, and in between flows pass unjudged; find it (for "
			 "nf_tables: `nft monitor`)"
		       : "");
	stats->intact = stats->intact && !undone;
	if (rules->repaired && upkeep->repairs_in_a_row <= REPAIRS_IN_A_ROW)
		log_warnx("another program changed our rules (%s): repaired", rules->found);
}

static void note_bridges(const struct upkeep_findings *findings, struct publish_stats *stats,
	struct lasting_problems *problems)
{
	const char *found = findings->bridges_found;

	lasting_problems_note(problems, PROBLEM_BRIDGES, findings->bridges_mended ? "" : found);
	if (findings->bridges_mended) {
		log_warnx("%s: switched on", found);
		stats->bridges_mended++;
	} else if (findings->bridges != stats->bridges && found[0] == '\0') {
		log_info("bridges: %s",
			findings->bridges == BRIDGES_NONE ? "there is none any more"
				: findings->bridges == BRIDGES_SHOWN
				? "what they forward passes the rules"
				: "what they forward does not pass the rules (`bridge: ignore` is "
				  "set)");
	}
	stats->bridges = findings->bridges;
}

/* Logged when there are more than before, and when there is none any more. */
static void note_unnamed(const struct unnamed *unnamed, struct unnamed *before)
{
	char text[UNNAMED_TEXT];

	unnamed_format(unnamed, text);
	if (unnamed->count > before->count)
		log_warnx("%s", text);
	else if (unnamed->count == 0 && before->count > 0)
		log_info("mended: no pod is known to have an address that no manifest names");
	*before = *unnamed;
}

bool upkeep_note(struct upkeep *upkeep, const struct upkeep_findings *findings, int err,
	struct publish_stats *stats, struct lasting_problems *problems, uint64_t now_ns)
{
	const struct verify_result *rules = &findings->rules;
	const uint64_t doubled = upkeep->pause_ns * 2;

	upkeep->ended_ns = now_ns;
	upkeep->pause_ns = !rules->futile || doubled < PAUSE_NS ? PAUSE_NS
		: doubled > PAUSE_MOST_NS			? PAUSE_MOST_NS
								: doubled;
	stats->intact = err == 0;
	memcpy(stats->set_sizes, rules->set_sizes, sizeof(stats->set_sizes));
	note_room(upkeep, &findings->room, &stats->room);
	note_repairs(upkeep, rules, stats, problems, now_ns);
	note_bridges(findings, stats, problems);
	note_unnamed(&findings->unnamed, &stats->unnamed);
	return rules->repaired || findings->bridges_mended;
}
