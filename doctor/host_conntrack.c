/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <inttypes.h>

#include "conntrack/flow_room.h"
#include "process/sysctl.h"

/* How much room the flow table has, and whether there was always enough. */

enum { CROWDED = 4 /* flows a bucket: from there on each look-up costs more */ };

static void check_losses(struct host_report *report, long count, long most)
{
	struct flow_room room;

	if (flow_room_read(&room) != 0)
		return; /* a kernel without these counters */
	if (room.dropped + room.evicted == 0) {
		host_report_add(report, "conntrack-losses", HOST_OK,
			"no flow was ever dropped for want of room in the table");
		return;
	}
	/* The counters never go back: with room again by now, this is no warning. */
	host_report_add(report, "conntrack-losses", count * 4 >= most ? HOST_WARNING : HOST_OK,
		"for want of room in the table the kernel dropped %" PRIu64 " packets and evicted "
		"%" PRIu64 " flows since boot; %" PRIu64
		" packets clashed with others of their flow",
		room.dropped, room.evicted, room.clashed);
	if (count * 4 >= most)
		host_report_remedy(
			report, "sysctl -w net.netfilter.nf_conntrack_max=%ld", most * 2);
}

static void check_buckets(struct host_report *report, long count)
{
	long buckets;

	if (sysctl_read("/proc/sys/net/netfilter/nf_conntrack_buckets", &buckets) != 0 ||
		buckets <= 0)
		return;
	if (count < buckets * CROWDED) {
		host_report_add(report, "conntrack-buckets", HOST_OK,
			"the flow table has %ld buckets", buckets);
		return;
	}
	host_report_add(report, "conntrack-buckets", HOST_WARNING, "%ld flows share %ld buckets",
		count, buckets);
	host_report_remedy(report, "sysctl -w net.netfilter.nf_conntrack_buckets=%ld", count);
}

void host_check_conntrack(struct host_report *report)
{
	long count, most;

	if (sysctl_read("/proc/sys/net/netfilter/nf_conntrack_count", &count) != 0 ||
		sysctl_read("/proc/sys/net/netfilter/nf_conntrack_max", &most) != 0) {
		host_report_add(report, "conntrack-table", HOST_WARNING,
			"the flow table's size can't be read");
		host_report_remedy(report, "load nf_conntrack");
		return;
	}
	if (most > 0 && count >= most - most / 5) {
		host_report_add(report, "conntrack-table", HOST_WARNING,
			"the flow table is nearly full: %ld of %ld; new flows get dropped", count,
			most);
		host_report_remedy(
			report, "sysctl -w net.netfilter.nf_conntrack_max=%ld", most * 2);
	} else {
		host_report_add(report, "conntrack-table", HOST_OK,
			"the flow table holds %ld of %ld flows", count, most);
	}
	check_buckets(report, count);
	check_losses(report, count, most);
}
