/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/bridge/bridge_guard.h"

#include <errno.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"
#include "kernel/rules/iptables.h"
#include "kernel/rules/rule_guard.h"
#include "kernel/rules/ruleset_rules.h"
#include "process/capabilities.h"
#include "process/command.h"
#include "process/sysctl.h"

/*
 * Pods on one Linux bridge reach each other without passing FORWARD, unless br_netfilter shows
 * iptables what a bridge forwards: for a whole network namespace (a sysctl) or for one bridge (an
 * option of its own); either is enough.
 *
 * What carries a VLAN tag is shown only when another sysctl says so, for which no bridge has an
 * option. It is needed where nobody uses VLANs, too: a tag of VLAN 0 says no more than a priority,
 * and every pod takes the packet behind it as one without a tag.
 */

enum { SEEN_IPV4, SEEN_IPV6, SEEN_TAGGED, SWITCH_COUNT };

struct bridges {
	unsigned int count;
	unsigned int unseen[SWITCH_COUNT]; /* without an option of their own */
	char name[IFNAMSIZ];		   /* one that is unseen, or any */
};

static const struct switch_file {
	const char *path, *sysctl;
} switches[SWITCH_COUNT] = {
	{"/proc/sys/net/bridge/bridge-nf-call-iptables", "net.bridge.bridge-nf-call-iptables"},
	{"/proc/sys/net/bridge/bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-ip6tables"},
	{"/proc/sys/net/bridge/bridge-nf-filter-vlan-tagged",
		"net.bridge.bridge-nf-filter-vlan-tagged"},
};

static int take_link(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *link[IFLA_LINKINFO + 1], *info[IFLA_INFO_DATA + 1];
	const struct nlattr *data[IFLA_BR_NF_CALL_IP6TABLES + 1];
	struct bridges *bridges = context;
	uint8_t ipv4 = 0, ipv6 = 0;

	if (!netlink_attrs_index_message(link, IFLA_LINKINFO, message, sizeof(struct ifinfomsg)))
		return -EBADMSG;
	netlink_attrs_index_nested(info, IFLA_INFO_DATA, link[IFLA_LINKINFO]);
	if (strcmp(netlink_attr_text(info[IFLA_INFO_KIND]), "bridge") != 0)
		return 0;
	netlink_attrs_index_nested(data, IFLA_BR_NF_CALL_IP6TABLES, info[IFLA_INFO_DATA]);
	(void)netlink_attr_u8(&ipv4, data[IFLA_BR_NF_CALL_IPTABLES]);
	(void)netlink_attr_u8(&ipv6, data[IFLA_BR_NF_CALL_IP6TABLES]);
	bridges->count++;
	bridges->unseen[SEEN_IPV4] += ipv4 == 0;
	bridges->unseen[SEEN_IPV6] += ipv6 == 0;
	bridges->unseen[SEEN_TAGGED]++;
	if (link[IFLA_IFNAME] != NULL)
		snprintf(bridges->name, sizeof(bridges->name), "%s",
			netlink_attr_text(link[IFLA_IFNAME]));
	return 0;
}

/*
 * Asks over netlink: /sys shows the network namespace that it was mounted in, which need not be
 * ours.
 */
static int find_bridges(struct bridges *out)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = netlink_put_header(buffer, RTM_GETLINK, NLM_F_DUMP);

	*out = (struct bridges){.count = 0};
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)); /* zero: AF_UNSPEC */
	return netlink_ask_once(NETLINK_ROUTE, request, take_link, out);
}

/* Which of the switches hides bridged packets now: -1 none, else an index into `switches`. */
static int find_hidden(const struct bridges *bridges, bool ipv6, bool *module_missing)
{
	*module_missing = false;
	for (int i = 0; i < SWITCH_COUNT; i++) {
		long value = 0;
		const int err = sysctl_read(switches[i].path, &value);

		if (i == SEEN_IPV6 && !ipv6)
			continue;
		*module_missing = err == -ENOENT;
		if (*module_missing || (value == 0 && bridges->unseen[i] > 0))
			return i;
	}
	return -1;
}

bool kernel_has_ipv6(void)
{
	return access("/proc/thread-self/net/if_inet6", F_OK) == 0;
}

static bool wants_ipv6(const struct settings *settings)
{
	return settings->ipv6 != SWITCH_OFF && kernel_has_ipv6();
}

bool bridge_guard_module_present(void)
{
	long value;

	return sysctl_read(switches[SEEN_IPV4].path, &value) == 0;
}

const char *bridges_state_name(enum bridges_state state)
{
	static const char *const names[] = {
		[BRIDGES_NONE] = "none",
		[BRIDGES_SHOWN] = "shown",
		[BRIDGES_HIDDEN] = "hidden",
		[BRIDGES_UNKNOWN] = "unknown",
	};

	return names[state];
}

static int look(const struct settings *settings, struct bridges *bridges, struct bridge_view *out)
{
	const int err = find_bridges(bridges);
	int hidden;

	*out = (struct bridge_view){.state = BRIDGES_NONE};
	if (err != 0) {
		out->state = BRIDGES_UNKNOWN;
		snprintf(out->found, sizeof(out->found), "the bridges can't be listed: %s",
			strerror(-err));
		return err;
	}
	if (bridges->count == 0)
		return 0;
	out->state = BRIDGES_SHOWN;
	hidden = find_hidden(bridges, wants_ipv6(settings), &out->module_missing);
	if (hidden < 0)
		return 0;
	out->state = BRIDGES_HIDDEN;
	out->sysctl = switches[hidden].sysctl;
	snprintf(out->found, sizeof(out->found),
		"pods on bridge %s would reach each other past the rules: %s%s", bridges->name,
		out->module_missing ? "br_netfilter is not loaded" : out->sysctl,
		out->module_missing ? "" : " is 0");
	return 0;
}

int bridge_guard_look(const struct settings *settings, struct bridge_view *out)
{
	struct bridges bridges;

	return look(settings, &bridges, out);
}

/* Best effort: whether it helped shows in the sysctl that appears, or does not. */
static void run_modprobe(void)
{
	char path[PATH_MAX];
	const char *const argv[] = {path, "-q", "br_netfilter", NULL};
	const struct command command = {.argv = argv, .timeout_ms = 10000};
	struct command_result result;

	if (command_find("modprobe", path) == 0 && command_execute(&command, &result) == 0)
		command_result_deinit(&result);
}

int bridge_guard_ask_for_module(const struct settings *settings)
{
	static const char asking[] = "*" RULESET_TABLE "\n:" RULE_GUARD_SCRATCH
				     " - [0:0]\n-A " RULE_GUARD_SCRATCH
				     " -m physdev --physdev-in podgate -j RETURN\nCOMMIT\n";
	static const char undoing[] = "*" RULESET_TABLE "\n-F " RULE_GUARD_SCRATCH
				      "\n-X " RULE_GUARD_SCRATCH "\nCOMMIT\n";
	char problem[PROBLEM_SIZE];
	enum backend_choice backend;
	int err = ruleset_find_backend(settings->backend, &backend, problem);

	if (err == 0)
		err = iptables_restore(backend, IP_FAMILY_V4, asking, problem);
	if (err == 0)
		err = iptables_restore(backend, IP_FAMILY_V4, undoing, problem);
	return err;
}

/*
 * A daemon that has given up its rights has bridges come up, too: then the kernel is to load it by
 * itself.
 */
static void load_module(const struct settings *settings)
{
	if (capabilities_hold(CAP_SYS_MODULE))
		run_modprobe();
	else
		(void)bridge_guard_ask_for_module(settings);
}

static int switch_on(
	const struct settings *settings, const struct bridges *bridges, bool module_missing)
{
	const bool ipv6 = wants_ipv6(settings);
	int err = 0;

	if (module_missing)
		load_module(settings);
	for (int i = 0; i < SWITCH_COUNT && err == 0; i++) {
		long value;

		if (i == SEEN_IPV6 && !ipv6)
			continue;
		err = sysctl_read(switches[i].path, &value);
		if (err == 0 && value == 0 && bridges->unseen[i] > 0)
			err = sysctl_write(switches[i].path, 1);
	}
	return err;
}

int bridge_guard_prepare(const struct settings *settings, char problem[256])
{
	struct bridges bridges;
	struct bridge_view view;
	int err;

	if (settings->bridge == BRIDGE_IGNORE)
		return 0;
	err = look(settings, &bridges, &view);
	if (err != 0)
		memcpy(problem, view.found, sizeof(view.found));
	if (err != 0 || view.state != BRIDGES_HIDDEN)
		return err;
	if (settings->bridge == BRIDGE_REQUIRE) {
		snprintf(problem, 256, "%.200s; switch it on, or set `bridge: set`", view.found);
		return -ENOTSUP;
	}
	err = switch_on(settings, &bridges, view.module_missing);
	if (err != 0)
		snprintf(problem, 256,
			"%.140s, and it can't be switched on (%s); load br_netfilter, or set "
			"`bridge: ignore`",
			view.found, strerror(-err));
	return err;
}
