/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/host/host_report.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "enforcer/process/capabilities.h"
#include "enforcer/process/command.h"
#include "enforcer/rules/iptables.h"
#include "enforcer/rules/rule_guard.h"
#include "enforcer/rules/ruleset_rules.h"

/*
 * Pods on one Linux bridge reach each other without passing FORWARD, unless br_netfilter shows iptables what a bridge
 * forwards: for a whole network namespace (a sysctl) or for one bridge (an option of its own); either is enough.
 *
 * What carries a VLAN tag is shown only when another sysctl says so, for which no bridge has an option. It is
 * needed where nobody uses VLANs, too: a tag of VLAN 0 says no more than a priority, and every pod takes the
 * packet behind it as one without a tag.
 */

enum { SEEN_IPV4, SEEN_IPV6, SEEN_TAGGED, SWITCH_COUNT };

struct bridges {
	unsigned int count;
	unsigned int unseen[SWITCH_COUNT]; /* without an option of their own */
	char name[IFNAMSIZ]; /* one that is unseen, or any */
};

static const struct switch_file {
	const char *path, *sysctl;
} switches[SWITCH_COUNT] = {
	{"/proc/sys/net/bridge/bridge-nf-call-iptables", "net.bridge.bridge-nf-call-iptables"},
	{"/proc/sys/net/bridge/bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-ip6tables"},
	{"/proc/sys/net/bridge/bridge-nf-filter-vlan-tagged", "net.bridge.bridge-nf-filter-vlan-tagged"},
};

/* Attributes of one level by their type; unknown types are passed over. */
struct attrs {
	const struct nlattr *of[64];
};
_Static_assert(IFLA_LINKINFO < 64 && IFLA_BR_NF_CALL_IP6TABLES < 64, "make room");

static int take_attr(const struct nlattr *attr, void *context)
{
	struct attrs *attrs = context;

	if (mnl_attr_get_type(attr) < sizeof(attrs->of) / sizeof(attrs->of[0]))
		attrs->of[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static bool is_bridge(const struct attrs *info)
{
	const struct nlattr *kind = info->of[IFLA_INFO_KIND];

	return kind != NULL && mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) >= 0 &&
	       strcmp(mnl_attr_get_str(kind), "bridge") == 0;
}

static bool has_own_option(const struct attrs *data, uint16_t type)
{
	const struct nlattr *option = data->of[type];

	return option != NULL && mnl_attr_validate(option, MNL_TYPE_U8) >= 0 && mnl_attr_get_u8(option) != 0;
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	struct bridges *bridges = context;
	struct attrs link = {.of = {NULL}}, info = link, data = link;
	const struct nlattr *name;

	mnl_attr_parse(message, sizeof(struct ifinfomsg), take_attr, &link);
	if (link.of[IFLA_LINKINFO] != NULL)
		mnl_attr_parse_nested(link.of[IFLA_LINKINFO], take_attr, &info);
	if (!is_bridge(&info))
		return MNL_CB_OK;
	if (info.of[IFLA_INFO_DATA] != NULL)
		mnl_attr_parse_nested(info.of[IFLA_INFO_DATA], take_attr, &data);
	bridges->count++;
	bridges->unseen[SEEN_IPV4] += !has_own_option(&data, IFLA_BR_NF_CALL_IPTABLES);
	bridges->unseen[SEEN_IPV6] += !has_own_option(&data, IFLA_BR_NF_CALL_IP6TABLES);
	bridges->unseen[SEEN_TAGGED]++;
	name = link.of[IFLA_IFNAME];
	if (name != NULL && mnl_attr_validate(name, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(bridges->name, sizeof(bridges->name), "%s", mnl_attr_get_str(name));
	return MNL_CB_OK;
}

static int receive_links(struct mnl_socket *socket, uint32_t sequence, struct bridges *bridges)
{
	char buffer[32768];
	int status = MNL_CB_OK;

	while (status > MNL_CB_STOP) {
		const ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		status = n < 0 ? -1
			       : mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(socket),
					 take_link, bridges);
	}
	return status < 0 ? -errno : 0;
}

/*
 * Asks the kernel over netlink: what /sys shows is the network namespace it was mounted in, which need not be
 * ours.
 */
static int find_bridges(struct bridges *out)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct bridges bridges = {.count = 0};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct ifinfomsg *link;
	int err;

	if (socket == NULL)
		return -errno;
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = (uint32_t)time(NULL);
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	err = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
			      mnl_socket_sendto(socket, request, request->nlmsg_len) < 0
		      ? -errno
		      : receive_links(socket, request->nlmsg_seq, &bridges);
	mnl_socket_close(socket);
	if (err == 0)
		*out = bridges;
	return err;
}

/* Which of the switches hides bridged packets now: -1 none, else an index into `switches`. */
static int find_hidden(const struct bridges *bridges, bool ipv6, bool *module_missing)
{
	*module_missing = false;
	for (int i = 0; i < SWITCH_COUNT; i++) {
		long value = 0;
		const int err = host_sysctl_read(switches[i].path, &value);

		if (i == SEEN_IPV6 && !ipv6)
			continue;
		*module_missing = err == -ENOENT;
		if (*module_missing || (value == 0 && bridges->unseen[i] > 0))
			return i;
	}
	return -1;
}

static void describe_hidden(const struct bridges *bridges, int hidden, bool module_missing, char text[160])
{
	if (module_missing)
		snprintf(text, 160,
			"pods on bridge %s would reach each other past the rules: br_netfilter is not loaded",
			bridges->name);
	else
		snprintf(text, 160, "pods on bridge %s would reach each other past the rules: %s is 0",
			bridges->name, switches[hidden].sysctl);
}

static bool wants_ipv6(const struct settings *settings)
{
	return settings->ipv6 != SWITCH_OFF && host_ipv6_present();
}

void host_check_bridge(struct host_report *report)
{
	const enum bridge_mode mode = report->settings->bridge;
	struct bridges bridges;
	bool module_missing;
	char text[160];
	const int err = find_bridges(&bridges);
	const int hidden =
		err != 0 || bridges.count == 0 ? -1 : find_hidden(&bridges, report->ipv6, &module_missing);

	if (err != 0) {
		host_report_add(report, "br-netfilter", HOST_WARNING, "the bridges can't be listed: %s",
			strerror(-err));
		host_report_remedy(report, "look at net.bridge.bridge-nf-call-iptables, which must be 1 "
					   "where pods share a bridge");
		return;
	}
	if (hidden < 0) {
		host_report_add(report, "br-netfilter", HOST_OK,
			bridges.count == 0 ? "there is no bridge here" : "bridged packets pass the rules");
		return;
	}
	describe_hidden(&bridges, hidden, module_missing, text);
	host_report_add(report, "br-netfilter",
		mode == BRIDGE_SET       ? HOST_OK
		: mode == BRIDGE_REQUIRE ? HOST_FAILED
					 : HOST_WARNING,
		"%s%s", text,
		mode == BRIDGE_SET      ? "; `podgate run` switches it on"
		: mode == BRIDGE_IGNORE ? " (`bridge: ignore` is set)"
					: "");
	if (mode != BRIDGE_SET)
		host_report_remedy(report, "%s%s=1, or set `bridge: set`",
			module_missing ? "modprobe br_netfilter; sysctl -w " : "sysctl -w ",
			switches[hidden].sysctl);
}

bool host_bridge_module_present(void)
{
	long value;

	return host_sysctl_read(switches[SEEN_IPV4].path, &value) == 0;
}

const char *host_bridges_name(enum host_bridges bridges)
{
	static const char *const names[] = {
		[HOST_BRIDGES_NONE] = "none",
		[HOST_BRIDGES_SHOWN] = "shown",
		[HOST_BRIDGES_HIDDEN] = "hidden",
		[HOST_BRIDGES_UNKNOWN] = "unknown",
	};

	return names[bridges];
}

enum host_bridges host_find_bridges(const struct settings *settings, char found[256])
{
	struct bridges bridges;
	bool module_missing;
	char text[160];
	const int err = find_bridges(&bridges);
	int hidden;

	if (err != 0) {
		snprintf(found, 256, "the bridges can't be listed: %s", strerror(-err));
		return HOST_BRIDGES_UNKNOWN;
	}
	if (bridges.count == 0)
		return HOST_BRIDGES_NONE;
	hidden = find_hidden(&bridges, wants_ipv6(settings), &module_missing);
	if (hidden < 0)
		return HOST_BRIDGES_SHOWN;
	describe_hidden(&bridges, hidden, module_missing, text);
	snprintf(found, 256, "%s", text);
	return HOST_BRIDGES_HIDDEN;
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

int host_ask_for_bridge_module(const struct settings *settings)
{
	static const char asking[] = "*" RULESET_TABLE "\n:" RULE_GUARD_SCRATCH " - [0:0]\n-A " RULE_GUARD_SCRATCH
				     " -m physdev --physdev-in podgate -j RETURN\nCOMMIT\n";
	static const char undoing[] =
		"*" RULESET_TABLE "\n-F " RULE_GUARD_SCRATCH "\n-X " RULE_GUARD_SCRATCH "\nCOMMIT\n";
	char problem[RULESET_PROBLEM];
	enum backend_choice backend;
	int err = ruleset_find_backend(settings->backend, &backend, problem);

	if (err == 0)
		err = iptables_restore(backend, IP_FAMILY_V4, asking, problem);
	if (err == 0)
		err = iptables_restore(backend, IP_FAMILY_V4, undoing, problem);
	return err;
}

/* A daemon that has given up its rights has bridges come up, too: then the kernel is to load it by itself. */
static void load_module(const struct settings *settings)
{
	if (capabilities_hold(CAP_SYS_MODULE))
		run_modprobe();
	else
		(void)host_ask_for_bridge_module(settings);
}

static int switch_on(const struct settings *settings, const struct bridges *bridges, bool module_missing)
{
	const bool ipv6 = wants_ipv6(settings);
	int err = 0;

	if (module_missing)
		load_module(settings);
	for (int i = 0; i < SWITCH_COUNT && err == 0; i++) {
		long value;

		if (i == SEEN_IPV6 && !ipv6)
			continue;
		err = host_sysctl_read(switches[i].path, &value);
		if (err == 0 && value == 0 && bridges->unseen[i] > 0)
			err = host_sysctl_write(switches[i].path, 1);
	}
	return err;
}

int host_prepare_bridge(const struct settings *settings, char problem[256])
{
	const bool ipv6 = wants_ipv6(settings);
	struct bridges bridges;
	bool module_missing;
	char text[160];
	int err, hidden;

	if (settings->bridge == BRIDGE_IGNORE)
		return 0;
	err = find_bridges(&bridges);
	if (err != 0) {
		snprintf(problem, 256, "the bridges can't be listed: %s", strerror(-err));
		return err;
	}
	hidden = bridges.count == 0 ? -1 : find_hidden(&bridges, ipv6, &module_missing);
	if (hidden < 0)
		return 0;
	describe_hidden(&bridges, hidden, module_missing, text);
	if (settings->bridge == BRIDGE_REQUIRE) {
		snprintf(problem, 256, "%s; switch it on, or set `bridge: set`", text);
		return -ENOTSUP;
	}
	err = switch_on(settings, &bridges, module_missing);
	if (err != 0)
		snprintf(problem, 256,
			"%s, and it can't be switched on (%s); load br_netfilter, or set `bridge: ignore`",
			text, strerror(-err));
	return err;
}
