/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/settings.h"

#define AT(field) .offset = offsetof(struct settings, field)
/* clang-format off: a row a setting */
#define CHOICES(...) \
	.choices = (const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

/* In the order of the struct, which is the order of the help and of the man page. */
static const struct setting table[] = {
	{.name = "manifests",
		.type = SETTING_STRING_LIST,
		AT(manifests),
		.default_text = PODGATE_CONFIG_DIR "/manifests",
		.help = "Files and folders of Kubernetes manifests, watched for changes. On the "
			"command line, separate them with commas."},
	{.name = "node_name",
		.type = SETTING_STRING,
		AT(node_name),
		.default_text = "",
		.help = "When set, only pods with this spec.nodeName are isolated here; others are "
			"only peers."},
	{.name = "address_annotations",
		.type = SETTING_ENUM,
		AT(address_annotations),
		CHOICES("auto", "on", "off"),
		.default_text = "auto",
		.help = "Which pods get the addresses of their annotation podgate.io/ip or "
			"podgate.io/ips when their status has none: with auto those whose manifest "
			"no API server wrote, which a uid, a resourceVersion and such tell; with "
			"on all; with off none. Whoever may create pods in a cluster chooses their "
			"annotations."},
	{.name = "audit_annotations",
		.type = SETTING_ENUM,
		AT(audit_annotations),
		CHOICES("on", "off"),
		.default_text = "on",
		.help = "Whether the annotation podgate.io/audit of a namespace, pod or policy has "
			"its denials only logged. Whoever may create or change the object may set "
			"it, so where tenants write the objects, off keeps them from switching "
			"enforcement off. The setting audit is the operator's, and counts either "
			"way."},
	{.name = "state_directory",
		.type = SETTING_STRING,
		AT(state_directory),
		.default_text = "/var/lib/podgate",
		.help = "The folder in which the last sound objects of each manifest file outlive "
			"the daemon, so that a restart does not open what a mistake in a manifest, "
			"an emptied file or an export under way would. podgate makes it (but not "
			"its parents) and writes in it. Empty: nowhere."},
	{.name = "debounce_ms",
		.type = SETTING_UINT,
		AT(debounce_ms),
		.least = 0,
		.most = 60000,
		.default_text = "100",
		.help = "Milliseconds without a change before changed manifests are read."},
	{.name = "empty_after_s",
		.type = SETTING_UINT,
		AT(empty_after_s),
		.least = 0,
		.most = 604800,
		.default_text = "0",
		.help = "Seconds after which a manifest file that turned empty, or into a List of "
			"nothing, is believed: until then the objects that it held stay in force. "
			"0: never, as a failed export looks just so. Removing the file, or writing "
			"the line \"# podgate: empty\" into it, is believed at once."},
	{.name = "broken_objects",
		.type = SETTING_ENUM,
		AT(broken_objects),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "What an object with errors does of which no version was ever sound. "
			"closed: a policy isolates what can be read of its selector (nothing: its "
			"namespace) for its policyTypes (not readable: both), and admits what its "
			"readable rules admit. open: nothing. Of an object that was sound its last "
			"sound version stays in force."},

	{.name = "workers",
		.type = SETTING_UINT,
		AT(workers),
		.least = 0,
		.most = 64,
		.default_text = "0",
		.help = "Threads that judge packets. 0 is one for each CPU, at most 64."},
	{.name = "queue_base",
		.type = SETTING_UINT,
		AT(queue_base),
		.least = 0,
		.most = 65535,
		.default_text = "8610",
		.help = "The first NFQUEUE number; each worker takes one, and one more is for "
			"replies."},
	{.name = "queue_length",
		.type = SETTING_UINT,
		AT(queue_length),
		.least = 64,
		.most = 65536,
		.default_text = "8192",
		.help = "How many packets the kernel holds in each queue."},
	{.name = "queue_cpu_fanout",
		.type = SETTING_BOOL,
		AT(queue_cpu_fanout),
		.default_text = "false",
		.help = "Whether the CPU that a packet arrives on chooses its queue, rather than "
			"its addresses. For a network card that spreads flows over CPUs by itself; "
			"with few CPUs and workers pinned, so that each judges what its own CPU "
			"received."},
	{.name = "pin_workers",
		.type = SETTING_BOOL,
		AT(pin_workers),
		.default_text = "false",
		.help = "Whether each worker stays on one CPU: the first on the first that podgate "
			"may use, and so on."},
	{.name = "spin_us",
		.type = SETTING_UINT,
		AT(spin_us),
		.least = 0,
		.most = 1000,
		.default_text = "0",
		.help = "Microseconds for which a worker whose last packet did not keep it waiting "
			"longer asks for the next one without going to sleep. Saves the waking of "
			"a CPU, which is dear on a virtual machine, and costs the CPU that it "
			"spins on. 0: it sleeps."},
	{.name = "flood_rate",
		.type = SETTING_UINT,
		AT(flood_rate),
		.least = 0,
		.most = SETTINGS_FLOOD_RATE_MOST,
		.default_text = "1000",
		.help = "How many new flows a second of one source address, of those that the "
			"kernel can't answer by itself, wait with everybody else's. What it begins "
			"beyond that waits in a queue of its own, so that one pod's flood delays "
			"no other pod's connections; it is judged like any other, and as fast as "
			"the CPUs allow. Of sources that are no isolated pods, 16 times as many in "
			"all. 0: no such queue; else at least 100. Takes the kernel's match "
			"hashlimit."},
	{.name = "backend",
		.type = SETTING_ENUM,
		AT(backend),
		CHOICES("auto", "nft", "legacy"),
		.default_text = "auto",
		.help = "Which iptables to use. auto takes the one that has rules already."},
	{.name = "ipv6",
		.type = SETTING_ENUM,
		AT(ipv6),
		CHOICES("auto", "on", "off"),
		.default_text = "auto",
		.help = "Whether IPv6 is enforced. auto does so when the kernel has it. off: IPv6 "
			"packets pass, whatever the policies say, and explain says so."},
	{.name = "mark_allow",
		.type = SETTING_MARK,
		AT(mark_allow),
		.default_text = "0x20000000",
		.help = "The bit of the connection mark that allowed flows get. No other bit is "
			"touched."},
	{.name = "mark_deny",
		.type = SETTING_MARK,
		AT(mark_deny),
		.default_text = "0x40000000",
		.help = "The bit of the connection mark that revoked flows get."},
	{.name = "host_traffic",
		.type = SETTING_ENUM,
		AT(host_traffic),
		CHOICES("allow", "policy"),
		.default_text = "allow",
		.help = "Whether traffic from pods to the gateway itself is judged, too."},
	{.name = "link_local",
		.type = SETTING_ENUM,
		AT(link_local),
		CHOICES("deny", "allow"),
		.default_text = "deny",
		.help = "Whether pods of one bridge reach each other by IPv6 link-local addresses, "
			"which say nothing of whose they are, once a policy isolates any pod here. "
			"Neighbour discovery always passes. With host_traffic: policy it counts "
			"for the gateway's own link-local addresses, too."},
	{.name = "group_traffic",
		.type = SETTING_ENUM,
		AT(group_traffic),
		CHOICES("policy", "allow"),
		.default_text = "policy",
		.help = "Whether packets to group addresses (multicast, broadcast) are judged for "
			"each pod that a bridge would deliver them to. allow is for pods that live "
			"by multicast: then a group reaches pods whatever isolates them, and a "
			"pod's own egress rules are asked about the group's address only. "
			"Neighbour discovery, IGMP and MLD pass either way."},
	{.name = "router_ports",
		.type = SETTING_STRING,
		AT(router_ports),
		.default_text = "",
		.help = "Ports of bridges, by name and with commas between them, that routers and "
			"DHCP servers may be behind. Router advertisements and DHCP servers' "
			"answers pass from these to pods; from any other port they do not, once a "
			"policy isolates any pod here. Empty: the ports that are no veth, tap or "
			"other kind of interface that pods have, which are uplinks."},
	{.name = "bridge",
		.type = SETTING_ENUM,
		AT(bridge),
		CHOICES("set", "require", "ignore"),
		.default_text = "set",
		.help = "When bridged packets would not pass iptables: set br_netfilter, refuse to "
			"start, or go on."},
	{.name = "daemon_away",
		.type = SETTING_ENUM,
		AT(daemon_away),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "What unjudged packets meet while the daemon is not running."},
	{.name = "queue_full",
		.type = SETTING_ENUM,
		AT(queue_full),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "What unjudged packets meet when a queue is full."},
	{.name = "sweep_interval_s",
		.type = SETTING_UINT,
		AT(sweep_interval_s),
		.least = 0,
		.most = 86400,
		.default_text = "30",
		.help = "Seconds between background sweeps of live flows. 0: only after changes, "
			"and while another program's NFQUEUE holds packets since the last one."},
	{.name = "learn",
		.type = SETTING_BOOL,
		AT(learn),
		.default_text = "true",
		.help = "Whether the kernel answers recurring flows by itself: those of the same "
			"source, protocol, destination port and destination as one that was "
			"judged. Every change of policies or pods makes it forget."},
	{.name = "learn_allowed_s",
		.type = SETTING_UINT,
		AT(learn_allowed_s),
		.least = 0,
		.most = 86400,
		.default_text = "600",
		.help = "Seconds for which allowed ones are answered so. 0: never."},
	{.name = "learn_denied_s",
		.type = SETTING_UINT,
		AT(learn_denied_s),
		.least = 0,
		.most = 3600,
		.default_text = "10",
		.help = "Seconds after the last one for which denied ones are answered so. The log "
			"tells of them. 0: never."},

	{.name = "audit",
		.type = SETTING_BOOL,
		AT(audit),
		.default_text = "false",
		.help = "Log what would be denied, and let it pass: for the whole gateway."},
	{.name = "log_file",
		.type = SETTING_STRING,
		AT(log_file),
		.default_text = "/var/log/podgate/verdicts.jsonl",
		.help = "Where verdicts are logged, as JSON Lines. - is standard output."},
	{.name = "log_allowed",
		.type = SETTING_ENUM,
		AT(log_allowed),
		CHOICES("no", "yes", "every"),
		.default_text = "no",
		.help = "Whether allowed flows are logged as well. With yes, those that the kernel "
			"answers by itself are counted (see learn); with every, it answers none."},
	{.name = "log_fold_s",
		.type = SETTING_UINT,
		AT(log_fold_s),
		.least = 0,
		.most = 3600,
		.default_text = "10",
		.help = "Repeats of one denial within this many seconds are one record with a "
			"count. 0: every one, and the kernel answers none that is logged."},
	{.name = "log_size_mib",
		.type = SETTING_UINT,
		AT(log_size_mib),
		.least = 0,
		.most = 65536,
		.default_text = "64",
		.help = "The log is rotated at this size, in MiB. 0: never."},
	{.name = "log_keep",
		.type = SETTING_UINT,
		AT(log_keep),
		.least = 0,
		.most = 1000,
		.default_text = "4",
		.help = "How many rotated logs are kept."},

	{.name = "control_socket",
		.type = SETTING_STRING,
		AT(control_socket),
		.default_text = "/run/podgate/control.sock",
		.help = "The socket that podgate's other commands talk to."},
	{.name = "metrics_listen",
		.type = SETTING_LISTEN,
		AT(metrics_listen),
		.default_text = "",
		.help = "Where metrics for Prometheus, /healthz and /readyz are served over HTTP, "
			"for example 127.0.0.1:9477 or \"[::1]:9477\", which YAML wants in quotes. "
			"Whoever can connect reads them, names of policies included. Empty: "
			"nowhere."},
	{.name = "control_group",
		.type = SETTING_STRING,
		AT(control_group),
		.default_text = "",
		.help = "A group whose members may talk to it as well as root. They can see "
			"everything, and change nothing."},

	{.name = "user",
		.type = SETTING_STRING,
		AT(user),
		.default_text = "auto",
		.help = "The user that podgate runs as once it is started as root. auto takes "
			"podgate when there is such a user, and else stays who it is. It must be "
			"able to read the manifests, and to write in the folder of the log."},
	{.name = "privileges",
		.type = SETTING_ENUM,
		AT(privileges),
		CHOICES("drop", "keep"),
		.default_text = "drop",
		.help = "With keep, podgate gives up nothing of what it was started with, for "
			"debugging: user and seccomp then count for nothing."},
	{.name = "seccomp",
		.type = SETTING_ENUM,
		AT(seccomp),
		CHOICES("on", "log", "off"),
		.default_text = "on",
		.help = "Whether the kernel refuses podgate system calls that it has no use for. "
			"With log they pass, and the kernel's log tells of them."},
};

const struct setting *settings_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}
