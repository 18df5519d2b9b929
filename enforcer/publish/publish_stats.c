/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/publish_stats.h"

#include "process/clock.h"
#include "process/log.h"

static void keep_worst(uint64_t *worst, uint64_t ns)
{
	if (ns > *worst)
		*worst = ns;
}

void publish_stats_swept(struct publish_stats *stats, const struct sweep_stats *sweep, bool all)
{
	stats->sweep = *sweep;
	stats->sweeps++;
	stats->sweeps_of_ends += !all;
	stats->revoked += sweep->revoked;
	histogram_add(&stats->swept, sweep->nanoseconds);
}

void publish_stats_published(struct publish_stats *stats, const struct waiting_change *change)
{
	stats->changes++;
	keep_worst(&stats->worst_judged_ns, change->judged_ns);
	histogram_add(&stats->compiles, change->compile_ns);
	histogram_add(&stats->publishes, change->publish_ns);
	histogram_add(&stats->until_published,
		change->read_ns + change->wait_ns + change->compile_ns + change->publish_ns);
}

void publish_stats_enforced(struct publish_stats *stats, const struct waiting_change *change,
	const struct sweep_stats *sweep, uint64_t now_ns)
{
	static const struct sweep_stats none;

	if (sweep == NULL)
		sweep = &none;
	stats->seen_ns = clock_wall_ns() - (clock_ns() - change->seen_ns);
	stats->read_ns = change->read_ns;
	stats->wait_ns = change->wait_ns;
	stats->compile_ns = change->compile_ns;
	stats->publish_ns = change->publish_ns;
	stats->judged_ns = change->judged_ns;
	stats->sweep_ns = sweep->nanoseconds;
	stats->total_ns = now_ns - change->seen_ns;
	keep_worst(&stats->worst_total_ns, stats->total_ns);
	histogram_add(&stats->until_swept, change->read_ns + stats->total_ns);
	log_info("revision %llu in force %.1f ms after the change was made: %zu flows judged, %zu "
		 "cut",
		(unsigned long long)change->revision,
		(double)(change->read_ns + stats->total_ns) / 1e6, sweep->judged, sweep->revoked);
}
