/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SETTINGS_SETTINGS_H
#define CONFIG_SETTINGS_SETTINGS_H

/*
 * The daemon's settings: one table row an option (settings_table()), from which the reader,
 * `podgate run --help` and the man page podgate.conf(5) are all made. Plain values, immutable once
 * read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/kube/kube.h"
#include "policy/values/arena.h"
#include "policy/values/diag.h"

enum backend_choice { BACKEND_AUTO, BACKEND_NFT, BACKEND_LEGACY };
enum fail_mode { FAIL_CLOSED, FAIL_OPEN }; /* of daemon_away, queue_full and broken_objects */
enum host_traffic { HOST_TRAFFIC_ALLOW, HOST_TRAFFIC_POLICY };
enum link_local { LINK_LOCAL_DENY, LINK_LOCAL_ALLOW };
enum bridge_mode { BRIDGE_SET, BRIDGE_REQUIRE, BRIDGE_IGNORE };
enum group_traffic { GROUP_TRAFFIC_POLICY, GROUP_TRAFFIC_ALLOW };
enum log_allowed { LOG_ALLOWED_NO, LOG_ALLOWED_YES, LOG_ALLOWED_EVERY };
enum switch_mode { SWITCH_AUTO, SWITCH_ON, SWITCH_OFF };
enum privileges_mode { PRIVILEGES_DROP, PRIVILEGES_KEEP };
enum seccomp_mode { SECCOMP_ON, SECCOMP_LOG, SECCOMP_OFF };

/*
 * `flood_rate`: 0, or between these. iptables' match hashlimit counts in steps of a millionth of a
 * second.
 */
enum { SETTINGS_FLOOD_RATE_LEAST = 100, SETTINGS_FLOOD_RATE_MOST = 50000 };

struct settings {
	/* files and folders; default: manifests in PODGATE_CONFIG_DIR */
	const char *const *manifests;
	size_t manifest_count;
	const char *node_name; /* ""; set: only pods with this spec.nodeName are local */
	enum address_annotations address_annotations; /* whose annotated addresses count */
	enum audit_annotations audit_annotations;     /* whether podgate.io/audit counts; on */
	const char *state_directory; /* where sound objects outlive the daemon; /var/lib/podgate,
					"": nowhere */
	uint32_t debounce_ms;	     /* 100 */
	uint32_t empty_after_s;	     /* when a file that turned empty is believed; 0: never */
	/* what objects with errors that were never sound do; closed */
	enum fail_mode broken_objects;

	uint32_t workers;      /* 0: one a CPU, at most 64 */
	uint32_t queue_base;   /* the first of the queues: settings_queues(); default 8610 */
	uint32_t queue_length; /* packets a queue holds in the kernel; 8192 */
	/* the arriving CPU chooses a packet's queue, not its addresses; false */
	bool queue_cpu_fanout;
	bool pin_workers; /* each worker of new flows stays on a CPU; false */
	uint32_t spin_us; /* how long such a worker asks again before it sleeps; 0: not at all */
	/* new flows a second of one source, before they wait apart; 1000, 0: never */
	uint32_t flood_rate;
	enum backend_choice backend;
	enum switch_mode ipv6;		/* auto: when the kernel has it */
	uint32_t mark_allow, mark_deny; /* 0x20000000, 0x40000000: one distinct bit each */
	enum host_traffic host_traffic;
	/* IPv6 link-local addresses between pods, once a pod is isolated */
	enum link_local link_local;
	/* whether multicast and broadcast to pods is judged; policy */
	enum group_traffic group_traffic;
	const char *router_ports;   /* names of bridge ports, with commas between them; "": those of
				       no kind that pods have */
	enum bridge_mode bridge;    /* what to do when bridged packets would not pass iptables */
	enum fail_mode daemon_away; /* closed */
	enum fail_mode queue_full;  /* closed */
	uint32_t sweep_interval_s;  /* background sweep; 30, 0: only on changes */
	uint32_t sweep_cpu_share;   /* percent of one CPU that sweeping may take; 25 */
	bool learn;		  /* true: classes of flows that recur are answered in the kernel */
	uint32_t learn_allowed_s; /* how long an allowed class is; 600, 0: never */
	uint32_t learn_denied_s;  /* how long a denied class is; 10, 0: never */

	bool audit;	      /* the whole gateway in audit mode */
	const char *log_file; /* "-": standard output; default /var/log/podgate/verdicts.jsonl */
	enum log_allowed log_allowed;
	/* repeats of one denial within this are one record; 10, 0: every one */
	uint32_t log_fold_s;
	uint32_t log_size_mib; /* rotate at this size; 64, 0: never */
	uint32_t log_keep;     /* rotated files kept; 4 */

	const char *control_socket; /* /run/podgate/control.sock */
	const char *metrics_listen; /* ""; else what listen_address_parse() reads */
	const char *control_group;  /* ""; set: its members may use the socket, too */

	const char *user;		 /* "auto": podgate, if there is such a user */
	enum privileges_mode privileges; /* drop; keep is for debugging */
	enum seccomp_mode seccomp;	 /* on */
};

enum setting_type {
	SETTING_STRING,
	SETTING_STRING_LIST,
	SETTING_UINT,
	SETTING_MARK,
	SETTING_BOOL,
	SETTING_ENUM,
	SETTING_LISTEN, /* "", or ADDRESS:PORT */
};

struct setting {
	const char *name; /* "queue_length"; on the command line --queue-length */
	enum setting_type type;
	size_t offset;		    /* into struct settings */
	uint32_t least, most;	    /* UINT */
	const char *const *choices; /* ENUM: NULL-terminated, in the order of the C enum */
	const char *default_text;   /* parsed like any other value */
	const char *help;	    /* sentences, for --help and the man page */
};
const struct setting *settings_table(size_t *count);

/* The defaults. Strings live in `arena`. 0 or -ENOMEM. */
int settings_defaults(struct settings *out, struct arena *arena);

/*
 * Reads a settings file (YAML or JSON mapping) over what *settings holds. Unknown keys (with the
 * key meant), wrong types, values out of range are errors in `diags`. Returns 0; -EINVAL when there
 * were errors, *settings untouched; or -ENOMEM.
 */
int settings_read(struct settings *settings, const char *file, const char *bytes, size_t length,
	struct arena *arena, struct diag_list *diags);
/*
 * One option from the command line; `name` with dashes or underscores, a list's items with commas
 * between them. Returns and reports as settings_read() does, at "--name".
 */
int settings_set(struct settings *settings, const char *name, const char *value,
	struct arena *arena, struct diag_list *diags);
/* `workers`, or what its 0 stands for on this machine. */
unsigned int settings_workers(const struct settings *settings);
struct annotation_trust settings_annotation_trust(const struct settings *settings);
/*
 * How many queues there are, from queue_base on: one a worker, one for replies, one for floods
 * unless flood_rate is 0.
 */
unsigned int settings_queues(const struct settings *settings);

/*
 * Checks the rules about several settings (marks that overlap, queue numbers past 65535). 0, or
 * -EINVAL.
 */
int settings_check(const struct settings *settings, struct diag_list *diags);

void settings_print_help(FILE *to); /* the options part of `podgate run --help` */
void settings_print_man(FILE *to);  /* the options part of podgate.conf(5), mdoc */

bool settings_has(const char *name); /* as settings_set() knows it */

#endif
