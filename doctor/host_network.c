/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "kernel/queue/nfqueue_proc.h"
#include "process/sysctl.h"

/* How this network namespace is set up, and what else uses it. */

/* The first of our queues that somebody holds. 0; -ENOENT when all are free; or another -errno. */
static int find_held(unsigned int first, unsigned int last, struct nfqueue_row *row)
{
	const int fd = nfqueue_proc_open();
	int err = fd < 0 ? fd : -ENOENT;

	for (unsigned int queue = first; fd >= 0 && queue <= last && err == -ENOENT; queue++)
		err = nfqueue_proc_read(fd, (uint16_t)queue, row);
	if (fd >= 0)
		close(fd);
	return err;
}

/* Of a holder such as "pid 812, podgate". */
static bool is_program(const char *holder, const char *name)
{
	const char *comma = strchr(holder, ',');

	return comma != NULL && strcmp(comma + 2, name) == 0;
}

void host_check_queues(struct host_report *report)
{
	const unsigned int first = report->settings->queue_base,
			   last = first + settings_queues(report->settings) - 1;
	struct nfqueue_row row;
	char holder[NFQUEUE_HOLDER] = "";
	int err = find_held(first, last, &row);

	if (err == -ENOENT) {
		host_report_add(report, "queues", HOST_OK, "queues %u to %u are free", first, last);
		return;
	}
	if (err != 0) {
		host_report_add(report, "queues", HOST_WARNING,
			"the queues in use can't be read: %s", strerror(-err));
		host_report_remedy(report, "look at /proc/net/netfilter/nfnetlink_queue as root");
		return;
	}
	nfqueue_proc_name_holder(row.port, holder);
	if (is_program(holder, "podgate") || is_program(holder, "systemd")) {
		host_report_add(report, "queues", HOST_OK,
			"queue %u is held by podgate itself%s (%s)", row.queue,
			is_program(holder, "systemd") ? ", or kept for it by the service manager"
						      : "",
			holder);
		return;
	}
	host_report_add(report, "queues", HOST_FAILED, "queue %u is held by another program (%s)",
		row.queue, holder[0] != '\0' ? holder : "not visible from here");
	host_report_remedy(report,
		"end that program, or set queue_base so that %u numbers from it on are free",
		last - first + 1);
}

/*
 * A queue that a program other than podgate holds, outside our numbers; the first. Returns how many
 * there are.
 */
static unsigned int find_others(
	const char *table, unsigned int first, unsigned int last, struct nfqueue_row *found)
{
	char holder[NFQUEUE_HOLDER];
	unsigned int count = 0;
	struct nfqueue_row row;

	while ((table = nfqueue_proc_next(table, &row)) != NULL) {
		nfqueue_proc_name_holder(row.port, holder);
		if ((row.queue >= first && row.queue <= last) || is_program(holder, "podgate"))
			continue;
		if (count++ == 0)
			*found = row;
	}
	return count;
}

/*
 * What others hold behind our rules was judged before, and enters the flow table when they let it
 * go.
 */
void host_check_other_queues(struct host_report *report)
{
	const unsigned int first = report->settings->queue_base,
			   last = first + settings_queues(report->settings) - 1;
	const int fd = nfqueue_proc_open();
	char holder[NFQUEUE_HOLDER] = "", *table = NULL;
	unsigned int count = 0;
	struct nfqueue_row row;

	if (fd >= 0 && nfqueue_proc_read_all(fd, &table) == 0)
		count = find_others(table, first, last, &row);
	free(table);
	if (fd >= 0)
		close(fd);
	if (count == 0) {
		host_report_add(report, "other-queues", HOST_OK,
			"no other program takes packets from NFQUEUE");
		return;
	}
	nfqueue_proc_name_holder(row.port, holder);
	host_report_add(report, "other-queues", HOST_WARNING,
		"another program takes packets from NFQUEUE: queue %u (%s)%s", row.queue,
		holder[0] != '\0' ? holder : "not visible from here",
		count > 1 ? ", and there are more" : "");
	host_report_remedy(report, "let it answer each packet at once, or end it");
}

static void check_forwarding(
	struct host_report *report, const char *check, const char *path, const char *sysctl)
{
	long value;

	if (sysctl_read(path, &value) == 0 && value != 0) {
		host_report_add(report, check, HOST_OK, "%s is on", sysctl);
		return;
	}
	host_report_add(report, check, HOST_WARNING,
		"%s is off: this host routes nothing, so pods on different interfaces can't talk",
		sysctl);
	host_report_remedy(report, "sysctl -w %s=1, if pods are routed here", sysctl);
}

void host_check_forwarding(struct host_report *report)
{
	check_forwarding(
		report, "ip-forward", "/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward");
	if (report->ipv6)
		check_forwarding(report, "ipv6-forward", "/proc/sys/net/ipv6/conf/all/forwarding",
			"net.ipv6.conf.all.forwarding");
}

/* An interface's own value and that of `all`: the stricter one counts. */
static bool accepts_any_source(const char *interface, long all)
{
	char path[300];
	long own;

	if (interface[0] == '.' || strcmp(interface, "all") == 0 ||
		strcmp(interface, "default") == 0 || strcmp(interface, "lo") == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
	return sysctl_read(path, &own) == 0 && all == 0 && own == 0;
}

/*
 * Policies go by addresses: a pod that may send from any address can send as if it were another, or
 * as nobody that a policy names.
 */
void host_check_spoofing(struct host_report *report)
{
	DIR *interfaces = opendir("/proc/sys/net/ipv4/conf");
	const struct dirent *entry;
	char first[64] = "";
	unsigned int count = 0;
	long all = 0;

	(void)sysctl_read("/proc/sys/net/ipv4/conf/all/rp_filter", &all);
	while (interfaces != NULL && (entry = readdir(interfaces)) != NULL) {
		if (!accepts_any_source(entry->d_name, all))
			continue;
		if (count++ == 0)
			snprintf(first, sizeof(first), "%.63s", entry->d_name);
	}
	if (interfaces != NULL)
		closedir(interfaces);
	if (count == 0) {
		host_report_add(report, "spoofing", HOST_OK,
			"source addresses are checked on every interface (rp_filter)");
		return;
	}
	host_report_add(report, "spoofing", HOST_WARNING,
		"rp_filter is off on %u interface%s (%s%s): a pod there can send from addresses "
		"that are not its own",
		count, count == 1 ? "" : "s", first, count == 1 ? "" : "...");
	host_report_remedy(report,
		"sysctl -w net.ipv4.conf.all.rp_filter=1, or 2 where routes are asymmetric");
}

/*
 * A gateway without a battery-backed clock starts in 1970, and logs so until it has asked the
 * network.
 */
void host_check_clock(struct host_report *report)
{
	static const time_t earliest = 1735689600; /* 2025-01-01: before podgate was written */
	struct timex state = {.modes = 0};	   /* asks, changes nothing */
	const time_t now = time(NULL);

	if (now < earliest) {
		host_report_add(report, "clock", HOST_WARNING,
			"the clock says a time before podgate was written: records will carry "
			"wrong times");
		host_report_remedy(report,
			"set the clock, or let podgate start after time synchronisation "
			"(time-sync.target)");
		return;
	}
	(void)adjtimex(&state);
	host_report_add(report, "clock", HOST_OK,
		(state.status & STA_UNSYNC) == 0
			? "the clock is plausible, and the kernel is told that it is synchronised"
			: "the clock is plausible; the kernel is not told that anybody "
			  "synchronises it");
}

/*
 * The kernel takes a packet's route from the packet where both "all" and the interface say so
 * (IN_DEV_SOURCE_ROUTE(), include/linux/inetdevice.h). It is then addressed to the gateway when the
 * rules look at it, and to a pod after that.
 */
void host_check_source_route(struct host_report *report)
{
	DIR *interfaces = opendir("/proc/sys/net/ipv4/conf");
	const struct dirent *entry;
	char first[64] = "", path[320];
	long all = 0, own;

	(void)sysctl_read("/proc/sys/net/ipv4/conf/all/accept_source_route", &all);
	while (all != 0 && interfaces != NULL && first[0] == '\0' &&
		(entry = readdir(interfaces)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "all") == 0 ||
			strcmp(entry->d_name, "default") == 0 || strcmp(entry->d_name, "lo") == 0)
			continue;
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%.255s/accept_source_route",
			entry->d_name);
		if (sysctl_read(path, &own) == 0 && own != 0)
			snprintf(first, sizeof(first), "%.63s", entry->d_name);
	}
	if (interfaces != NULL)
		closedir(interfaces);
	if (first[0] == '\0') {
		host_report_add(report, "source-route", HOST_OK,
			"packets do not choose their own route (accept_source_route)");
		return;
	}
	host_report_add(report, "source-route", HOST_WARNING,
		"accept_source_route is on for all and for %s: a pod can have the gateway send "
		"packets on to pods that deny them",
		first);
	host_report_remedy(report, "sysctl -w net.ipv4.conf.all.accept_source_route=0");
}
