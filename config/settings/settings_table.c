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
		.help = "Files and folders of Kubernetes manifests. podgate watches them for "
			"changes. On the command line, separate them with commas."},
	{.name = "node_name",
		.type = SETTING_STRING,
		AT(node_name),
		.default_text = "",
		.help = "The name of this node. Policies isolate only pods with this "
			"spec.nodeName here; other pods are only peers. Empty: they isolate any "
			"pod."},
	{.name = "address_annotations",
		.type = SETTING_ENUM,
		AT(address_annotations),
		CHOICES("auto", "on", "off"),
		.default_text = "auto",
		.help = "Whether a pod without an address in its status gets those of its "
			"annotation podgate.io/ip or podgate.io/ips. on: every such pod does. off: "
			"none does. auto: only a pod whose manifest no API server wrote, so one "
			"without uid, resourceVersion and the like. In a cluster, anybody who may "
			"create pods chooses their annotations."},
	{.name = "audit_annotations",
		.type = SETTING_ENUM,
		AT(audit_annotations),
		CHOICES("on", "off"),
		.default_text = "on",
		.help = "Whether the annotation podgate.io/audit of a namespace, pod or policy "
			"counts: its denials are then only logged. Anybody who may write the "
			"object may set the annotation. Where tenants write the objects, off keeps "
			"them from switching enforcement off. The setting audit counts either "
			"way."},
	{.name = "state_directory",
		.type = SETTING_STRING,
		AT(state_directory),
		.default_text = "/var/lib/podgate",
		.help = "The folder in which podgate keeps the last sound objects of each "
			"manifest file over a restart. So a restart beside a broken, emptied or "
			"half-written manifest opens nothing. podgate makes the folder, but not "
			"its parents. Empty: it keeps none."},
	{.name = "debounce_ms",
		.type = SETTING_UINT,
		AT(debounce_ms),
		.least = 0,
		.most = 60000,
		.default_text = "100",
		.help = "Milliseconds without a change before podgate reads changed manifests."},
	{.name = "empty_after_s",
		.type = SETTING_UINT,
		AT(empty_after_s),
		.least = 0,
		.most = 604800,
		.default_text = "0",
		.help = "Seconds after which podgate believes that a manifest file turned empty, "
			"or into a List without items. Until then the objects that it held stay in "
			"force. 0: never, because a failed export looks the same. podgate believes "
			"at once that a file was removed, or holds the line \"# podgate: empty\"."},
	{.name = "broken_objects",
		.type = SETTING_ENUM,
		AT(broken_objects),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "The effect of an object with errors that never had a sound version. "
			"closed: a policy isolates the pods that the readable part of its selector "
			"selects, or its namespace if nothing is readable. It does so for its "
			"policyTypes, or for both if they are not readable. It admits only the "
			"flows that its readable rules admit. open: none. An object that was sound "
			"keeps its last sound version in force."},

	{.name = "workers",
		.type = SETTING_UINT,
		AT(workers),
		.least = 0,
		.most = 64,
		.default_text = "0",
		.help = "Threads that judge packets. 0: one for each CPU, at most 64."},
	{.name = "queue_base",
		.type = SETTING_UINT,
		AT(queue_base),
		.least = 0,
		.most = 65535,
		.default_text = "8610",
		.help = "The first NFQUEUE number. Each worker takes one number, and replies and "
			"floods one each."},
	{.name = "queue_length",
		.type = SETTING_UINT,
		AT(queue_length),
		.least = 64,
		.most = 65536,
		.default_text = "8192",
		.help = "The number of packets that the kernel holds in each queue."},
	{.name = "queue_cpu_fanout",
		.type = SETTING_BOOL,
		AT(queue_cpu_fanout),
		.default_text = "false",
		.help = "Whether the CPU that receives a packet chooses its queue; by default its "
			"addresses do. This helps where a network card spreads flows over CPUs. "
			"It also helps with few CPUs and pin_workers: each worker then judges the "
			"packets of its own CPU."},
	{.name = "pin_workers",
		.type = SETTING_BOOL,
		AT(pin_workers),
		.default_text = "false",
		.help = "Whether each worker stays on one CPU: the first worker on the first CPU "
			"that podgate may use, and so on."},
	{.name = "spin_us",
		.type = SETTING_UINT,
		AT(spin_us),
		.least = 0,
		.most = 1000,
		.default_text = "0",
		.help = "Microseconds for which a worker asks for the next packet before it "
			"sleeps, if its last wait was no longer. This saves waking a CPU, which is "
			"slow on a virtual machine, and costs the time of the CPU that it spins "
			"on. 0: it sleeps at once."},
	{.name = "flood_rate",
		.type = SETTING_UINT,
		AT(flood_rate),
		.least = 0,
		.most = SETTINGS_FLOOD_RATE_MOST,
		.default_text = "1000",
		.help = "New flows per second and source that share the common queues; the excess "
			"goes to a queue of its own. So one pod's flood delays no other pod's "
			"connections. Only flows that the kernel can't answer by itself count. The "
			"excess is judged like any other flow, as fast as the CPUs allow. Sources "
			"that are not isolated pods share a limit of 16 times this rate as well. "
			"0: no such queue; else at least 100. Needs the kernel's match hashlimit."},
	{.name = "backend",
		.type = SETTING_ENUM,
		AT(backend),
		CHOICES("auto", "nft", "legacy"),
		.default_text = "auto",
		.help = "The iptables back end. auto: the one that has rules already."},
	{.name = "ipv6",
		.type = SETTING_ENUM,
		AT(ipv6),
		CHOICES("auto", "on", "off"),
		.default_text = "auto",
		.help = "Whether podgate enforces policies on IPv6. auto: if the kernel has IPv6. "
			"off: IPv6 packets pass, whatever the policies say, and explain says so."},
	{.name = "mark_allow",
		.type = SETTING_MARK,
		AT(mark_allow),
		.default_text = "0x20000000",
		.help = "The bit of the connection mark that podgate sets on allowed flows. It "
			"touches only this bit and mark_deny's."},
	{.name = "mark_deny",
		.type = SETTING_MARK,
		AT(mark_deny),
		.default_text = "0x40000000",
		.help = "The bit of the connection mark that podgate sets on revoked flows."},
	{.name = "host_traffic",
		.type = SETTING_ENUM,
		AT(host_traffic),
		CHOICES("allow", "policy"),
		.default_text = "allow",
		.help = "Whether podgate judges traffic from pods to the gateway itself."},
	{.name = "link_local",
		.type = SETTING_ENUM,
		AT(link_local),
		CHOICES("deny", "allow"),
		.default_text = "deny",
		.help = "Whether pods of one bridge reach each other by IPv6 link-local addresses "
			"once a policy isolates any pod here. Such addresses do not show which pod "
			"they belong to. Neighbour discovery always passes. With host_traffic: "
			"policy this setting covers the gateway's own link-local addresses, too."},
	{.name = "group_traffic",
		.type = SETTING_ENUM,
		AT(group_traffic),
		CHOICES("policy", "allow"),
		.default_text = "policy",
		.help = "Whether podgate judges packets to group addresses (multicast, broadcast) "
			"for each pod that a bridge would deliver them to. allow is for pods that "
			"live by multicast. A group then reaches pods whatever isolates them, and "
			"a pod's egress rules apply to the group's address only. Neighbour "
			"discovery, IGMP and MLD pass either way."},
	{.name = "router_ports",
		.type = SETTING_STRING,
		AT(router_ports),
		.default_text = "",
		.help = "Names of the bridge ports that lead to routers and DHCP servers, "
			"separated by commas. Once a policy isolates any pod here, router "
			"advertisements and DHCP servers' answers reach pods from these ports "
			"only. Empty: the uplinks, which are the ports that are not veth, tap or "
			"another kind that pods have."},
	{.name = "bridge",
		.type = SETTING_ENUM,
		AT(bridge),
		CHOICES("set", "require", "ignore"),
		.default_text = "set",
		.help = "What podgate does when bridged packets bypass iptables. set: it switches "
			"br_netfilter on. require: it refuses to start. ignore: it goes on."},
	{.name = "daemon_away",
		.type = SETTING_ENUM,
		AT(daemon_away),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "Whether unjudged packets are dropped (closed) or pass (open) while the "
			"daemon is not running."},
	{.name = "queue_full",
		.type = SETTING_ENUM,
		AT(queue_full),
		CHOICES("closed", "open"),
		.default_text = "closed",
		.help = "Whether unjudged packets are dropped (closed) or pass (open) when a "
			"queue is full."},
	{.name = "sweep_interval_s",
		.type = SETTING_UINT,
		AT(sweep_interval_s),
		.least = 0,
		.most = 86400,
		.default_text = "30",
		.help = "Seconds between background sweeps of live flows. 0: podgate sweeps only "
			"after changes, and while another program's NFQUEUE holds packets from "
			"before the last one."},
	{.name = "learn",
		.type = SETTING_BOOL,
		AT(learn),
		.default_text = "true",
		.help = "Whether the kernel answers recurring flows by itself: flows with the "
			"source, protocol, destination port and destination of one that was "
			"judged. It forgets them at every change of policies or pods."},
	{.name = "learn_allowed_s",
		.type = SETTING_UINT,
		AT(learn_allowed_s),
		.least = 0,
		.most = 86400,
		.default_text = "600",
		.help = "Seconds for which the kernel answers an allowed flow class by itself. 0: "
			"never."},
	{.name = "learn_denied_s",
		.type = SETTING_UINT,
		AT(learn_denied_s),
		.least = 0,
		.most = 3600,
		.default_text = "10",
		.help = "Seconds after its last packet for which the kernel answers a denied flow "
			"class by itself. The log counts these packets. 0: never."},

	{.name = "audit",
		.type = SETTING_BOOL,
		AT(audit),
		.default_text = "false",
		.help = "Whether podgate only logs denials and lets the packets pass, on the "
			"whole gateway."},
	{.name = "log_file",
		.type = SETTING_STRING,
		AT(log_file),
		.default_text = "/var/log/podgate/verdicts.jsonl",
		.help = "The file of the verdict log, as JSON Lines. - is standard output."},
	{.name = "log_allowed",
		.type = SETTING_ENUM,
		AT(log_allowed),
		CHOICES("no", "yes", "every"),
		.default_text = "no",
		.help = "Whether the log has allowed flows, too. yes: those that the kernel "
			"answers by itself are only counted (see learn). every: the kernel answers "
			"none by itself."},
	{.name = "log_fold_s",
		.type = SETTING_UINT,
		AT(log_fold_s),
		.least = 0,
		.most = 3600,
		.default_text = "10",
		.help = "Repeats of one denial within this many seconds become one record with a "
			"count. 0: each has a record of its own, and the kernel answers none that "
			"is logged."},
	{.name = "log_size_mib",
		.type = SETTING_UINT,
		AT(log_size_mib),
		.least = 0,
		.most = 65536,
		.default_text = "64",
		.help = "The size in MiB at which the log is rotated. 0: never."},
	{.name = "log_keep",
		.type = SETTING_UINT,
		AT(log_keep),
		.least = 0,
		.most = 1000,
		.default_text = "4",
		.help = "The number of rotated logs that are kept."},

	{.name = "control_socket",
		.type = SETTING_STRING,
		AT(control_socket),
		.default_text = "/run/podgate/control.sock",
		.help = "The socket on which the daemon answers podgate's other commands."},
	{.name = "metrics_listen",
		.type = SETTING_LISTEN,
		AT(metrics_listen),
		.default_text = "",
		.help = "The address and port for metrics (Prometheus), /healthz and /readyz over "
			"HTTP: for example 127.0.0.1:9477, or \"[::1]:9477\", which YAML wants in "
			"quotes. Anybody who can connect reads them, names of policies included. "
			"Empty: none."},
	{.name = "control_group",
		.type = SETTING_STRING,
		AT(control_group),
		.default_text = "",
		.help = "A group whose members may use the control socket, besides root. They can "
			"see everything, and change nothing."},

	{.name = "user",
		.type = SETTING_STRING,
		AT(user),
		.default_text = "auto",
		.help = "The user that podgate becomes when root started it. auto: podgate, if "
			"that user exists; else no change. The user must be able to read the "
			"manifests, and to write in the folder of the log."},
	{.name = "privileges",
		.type = SETTING_ENUM,
		AT(privileges),
		CHOICES("drop", "keep"),
		.default_text = "drop",
		.help = "Whether podgate gives up the rights that it does not need. keep is for "
			"debugging: user and seccomp then have no effect."},
	{.name = "seccomp",
		.type = SETTING_ENUM,
		AT(seccomp),
		CHOICES("on", "log", "off"),
		.default_text = "on",
		.help = "Whether the kernel refuses system calls that podgate has no use for. "
			"log: they pass, and the kernel logs them."},
};

const struct setting *settings_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}
