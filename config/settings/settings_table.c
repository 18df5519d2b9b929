/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/settings.h"

/* A row: its type, its field (which is its name, too), its default, and what only it has. */
#define SETTING(kind, field, preset, ...) \
	{ \
		.name = #field, .type = SETTING_##kind, \
		.offset = offsetof(struct settings, field), .default_text = preset, __VA_ARGS__ \
	}
#define RANGE(first, last) .least = first, .most = last
#define CHOICES(...) \
	.choices = (const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

/* In the order of the struct, which is the order of the help and of the man page. */
static const struct setting table[] = {
	SETTING(STRING_LIST, manifests, PODGATE_CONFIG_DIR "/manifests",
		.help = "Files and folders of Kubernetes manifests. podgate watches them for "
			"changes. On the command line, separate them with commas."),
	SETTING(STRING, node_name, "",
		.help = "The name of this node. Policies isolate only pods with this "
			"spec.nodeName here; other pods are only peers. Empty: they isolate any "
			"pod."),
	SETTING(ENUM, address_annotations, "auto", CHOICES("auto", "on", "off"),
		.help = "Whether a pod without an address in its status gets those of its "
			"annotation podgate.io/ip or podgate.io/ips. on: every such pod does. "
			"off: none does. auto: only a pod whose manifest no API server wrote, "
			"so one without uid, resourceVersion and the like. In a cluster, "
			"anybody who may create pods chooses their annotations."),
	SETTING(ENUM, audit_annotations, "on", CHOICES("on", "off"),
		.help = "Whether the annotation podgate.io/audit of a namespace, pod or policy "
			"counts: its denials are then only logged. Anybody who may write the "
			"object may set the annotation. Where tenants write the objects, off "
			"keeps them from switching enforcement off. The setting audit counts "
			"either way."),
	SETTING(STRING, state_directory, "/var/lib/podgate",
		.help = "The folder in which podgate keeps the last sound objects of each "
			"manifest file over a restart. So a restart beside a broken, emptied or "
			"half-written manifest opens nothing. podgate makes the folder, but not "
			"its parents. Empty: it keeps none."),
	SETTING(UINT, debounce_ms, "100", RANGE(0, 60000),
		.help = "Milliseconds without a change before podgate acts on manifests that were "
			"removed, or whose folder changed. A file that is put in place whole, by a "
			"rename or by the close of its writer, is read at once."),
	SETTING(UINT, empty_after_s, "0", RANGE(0, 604800),
		.help = "Seconds after which podgate believes that a manifest file turned "
			"empty, or into a List without items. Until then the objects that it "
			"held stay in force. 0: never, because a failed export looks the same. "
			"podgate believes at once that a file was removed, or holds the line "
			"\"# podgate: empty\"."),
	SETTING(ENUM, broken_objects, "closed", CHOICES("closed", "open"),
		.help = "The effect of an object with errors that never had a sound version. "
			"closed: a policy isolates the pods that the readable part of its "
			"selector selects, or its namespace if nothing is readable. It does so "
			"for its policyTypes, or for both if they are not readable. It admits "
			"only the flows that its readable rules admit. open: none. An object "
			"that was sound keeps its last sound version in force."),

	SETTING(UINT, workers, "0", RANGE(0, 64),
		.help = "Threads that judge packets. 0: one for each CPU, at most 64."),
	SETTING(UINT, queue_base, "8610", RANGE(0, 65535),
		.help = "The first NFQUEUE number. Each worker takes one number, and replies "
			"and floods one each."),
	SETTING(UINT, queue_length, "8192", RANGE(64, 65536),
		.help = "The number of packets that the kernel holds in each queue."),
	SETTING(BOOL, queue_cpu_fanout, "false",
		.help = "Whether the CPU that receives a packet chooses its queue; by default "
			"its addresses do. This helps where a network card spreads flows over "
			"CPUs. It also helps with few CPUs and pin_workers: each worker then "
			"judges the packets of its own CPU."),
	SETTING(BOOL, pin_workers, "false",
		.help = "Whether each worker stays on one CPU: the first worker on the first "
			"CPU that podgate may use, and so on."),
	SETTING(UINT, spin_us, "0", RANGE(0, 1000),
		.help = "Microseconds for which a worker asks for the next packet before it "
			"sleeps, if its last wait was no longer. This saves waking a CPU, which "
			"is slow on a virtual machine, and costs the time of the CPU that it "
			"spins on. 0: it sleeps at once."),
	SETTING(UINT, flood_rate, "1000", RANGE(0, SETTINGS_FLOOD_RATE_MOST),
		.help = "New flows per second and source that share the common queues; the "
			"excess goes to a queue of its own. So one pod's flood delays no other "
			"pod's connections. Only flows that the kernel can't answer by itself "
			"count. The excess is judged like any other flow, as fast as the CPUs "
			"allow. Sources that are not isolated pods share a limit of 16 times "
			"this rate as well. 0: no such queue; else at least 100. Needs the "
			"kernel's match hashlimit."),
	SETTING(ENUM, backend, "auto", CHOICES("auto", "nft", "legacy"),
		.help = "The iptables back end. auto: the one that has rules already."),
	SETTING(ENUM, ipv6, "auto", CHOICES("auto", "on", "off"),
		.help = "Whether podgate enforces policies on IPv6. auto: if the kernel has "
			"IPv6. off: IPv6 packets pass, whatever the policies say, and explain "
			"says so."),
	SETTING(MARK, mark_allow, "0x20000000",
		.help = "The bit of the connection mark that podgate sets on allowed flows. It "
			"touches only this bit and mark_deny's."),
	SETTING(MARK, mark_deny, "0x40000000",
		.help = "The bit of the connection mark that podgate sets on revoked flows."),
	SETTING(ENUM, host_traffic, "allow", CHOICES("allow", "policy"),
		.help = "Whether podgate judges traffic from pods to the gateway itself."),
	SETTING(ENUM, link_local, "deny", CHOICES("deny", "allow"),
		.help = "Whether pods of one bridge reach each other by IPv6 link-local "
			"addresses once a policy isolates any pod here. Such addresses do not "
			"show which pod they belong to. Neighbour discovery always passes. With "
			"host_traffic: policy this setting covers the gateway's own link-local "
			"addresses, too."),
	SETTING(ENUM, group_traffic, "policy", CHOICES("policy", "allow"),
		.help = "Whether podgate judges packets to group addresses (multicast, "
			"broadcast) for each pod that a bridge would deliver them to. allow is "
			"for pods that live by multicast. A group then reaches pods whatever "
			"isolates them, and a pod's egress rules apply to the group's address "
			"only. Neighbour discovery, IGMP and MLD pass either way."),
	SETTING(STRING, router_ports, "",
		.help = "Names of the bridge ports that lead to routers and DHCP servers, "
			"separated by commas. Once a policy isolates any pod here, router "
			"advertisements and DHCP servers' answers reach pods from these ports "
			"only. Empty: the uplinks, which are the ports that are not veth, tap "
			"or another kind that pods have."),
	SETTING(ENUM, bridge, "set", CHOICES("set", "require", "ignore"),
		.help = "What podgate does when bridged packets bypass iptables. set: it "
			"switches br_netfilter on. require: it refuses to start. ignore: it "
			"goes on."),
	SETTING(ENUM, daemon_away, "closed", CHOICES("closed", "open"),
		.help = "Whether unjudged packets are dropped (closed) or pass (open) while the "
			"daemon is not running."),
	SETTING(ENUM, queue_full, "closed", CHOICES("closed", "open"),
		.help = "Whether unjudged packets are dropped (closed) or pass (open) when a "
			"queue is full."),
	SETTING(UINT, sweep_interval_s, "30", RANGE(0, 86400),
		.help = "Seconds between background sweeps of live flows. 0: podgate sweeps "
			"only after changes, and while another program's NFQUEUE holds packets "
			"from before the last one."),
	SETTING(UINT, sweep_cpu_share, "25", RANGE(1, 100),
		.help = "Percent of one CPU that sweeps of live flows may take while changes "
			"come fast. New flows are judged by a change at once; live ones "
			"follow at this pace."),
	SETTING(BOOL, learn, "true",
		.help = "Whether the kernel answers recurring flows by itself: flows with the "
			"source, protocol, destination port and destination of one that was "
			"judged. A change of policies or pods makes it forget those that it "
			"touches."),
	SETTING(UINT, learn_allowed_s, "600", RANGE(0, 86400),
		.help = "Seconds for which the kernel answers an allowed flow class by itself. "
			"0: never."),
	SETTING(UINT, learn_denied_s, "10", RANGE(0, 3600),
		.help = "Seconds after its last packet for which the kernel answers a denied "
			"flow class by itself. The log counts these packets. 0: never."),

	SETTING(BOOL, audit, "false",
		.help = "Whether podgate only logs denials and lets the packets pass, on the "
			"whole gateway."),
	SETTING(STRING, log_file, "/var/log/podgate/verdicts.jsonl",
		.help = "The file of the verdict log, as JSON Lines. - is standard output."),
	SETTING(ENUM, log_allowed, "no", CHOICES("no", "yes", "every"),
		.help = "Whether the log has allowed flows, too. yes: those that the kernel "
			"answers by itself are only counted (see learn). every: the kernel "
			"answers none by itself."),
	SETTING(UINT, log_fold_s, "10", RANGE(0, 3600),
		.help = "Repeats of one denial within this many seconds become one record with "
			"a count. 0: each has a record of its own, and the kernel answers none "
			"that is logged."),
	SETTING(UINT, log_size_mib, "64", RANGE(0, 65536),
		.help = "The size in MiB at which the log is rotated. 0: never."),
	SETTING(UINT, log_keep, "4", RANGE(0, 1000),
		.help = "The number of rotated logs that are kept."),

	SETTING(STRING, control_socket, "/run/podgate/control.sock",
		.help = "The socket on which the daemon answers podgate's other commands."),
	SETTING(LISTEN, metrics_listen, "",
		.help = "The address and port for metrics (Prometheus), /healthz and /readyz "
			"over HTTP: for example 127.0.0.1:9477, or \"[::1]:9477\", which YAML "
			"wants in quotes. Anybody who can connect reads them, names of policies "
			"included. Empty: none."),
	SETTING(STRING, control_group, "",
		.help = "A group whose members may use the control socket, besides root. They "
			"can see everything, and change nothing."),

	SETTING(STRING, user, "auto",
		.help = "The user that podgate becomes when root started it. auto: podgate, if "
			"that user exists; else no change. The user must be able to read the "
			"manifests, and to write in the folder of the log."),
	SETTING(ENUM, privileges, "drop", CHOICES("drop", "keep"),
		.help = "Whether podgate gives up the rights that it does not need. keep is for "
			"debugging: user and seccomp then have no effect."),
	SETTING(ENUM, seccomp, "on", CHOICES("on", "log", "off"),
		.help = "Whether the kernel refuses system calls that podgate has no use for. "
			"log: they pass, and the kernel logs them."),
};

const struct setting *settings_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}
