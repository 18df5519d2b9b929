/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is the same in every rule of one rendering. */
struct renderer {
	struct ruleset_rules *out;
	const struct ruleset_options *options;
	const char *chain; /* that rules are added to */
	uint32_t mask;
	int family;	 /* 4 or 6: the sets' names end in it */
	char bypass[20]; /* " --queue-bypass" or "" */
};

/* One more rule of the chain in hand. */
static void __attribute__((format(printf, 2, 3)))
add(const struct renderer *r, const char *format, ...)
{
	char *text = r->out->text[r->out->count++];
	const int prefix = snprintf(text, RULESET_RULE_TEXT, "-A %s ", r->chain);
	va_list args;

	va_start(args, format);
	vsnprintf(text + prefix, (size_t)(RULESET_RULE_TEXT - prefix), format, args);
	va_end(args);
}

/*
 * Tier 1, an earlier verdict for this flow. Only for confirmed flows: an expected connection (FTP
 * data, SIP media) is born with its master's mark, and no pod may open ports for itself by what it
 * writes into an allowed control connection. It is judged as the new flow it is.
 *
 * Nor does an ICMP error (RELATED) pass because the flow that it reports on may: anybody can send
 * one who knows of a flow of its receiver's. The worker looks who it comes from. (Expected flows
 * are RELATED until they are answered, if ever: so only ICMP is looked at.)
 */
static void add_judged(const struct renderer *r)
{
	const char *icmp = r->family == 6 ? "ipv6-icmp" : "icmp";

	add(r, "! -p %s -m connmark --mark 0x%x/0x%x -m conntrack --ctstatus CONFIRMED -j RETURN",
		icmp, r->options->mark_allow, r->mask);
	add(r,
		"-p %s -m connmark --mark 0x%x/0x%x -m conntrack ! --ctstate RELATED --ctstatus "
		"CONFIRMED -j RETURN",
		icmp, r->options->mark_allow, r->mask);
	add(r, "-m connmark --mark 0x%x/0x%x -m conntrack --ctstatus CONFIRMED -j DROP",
		r->options->mark_deny, r->mask);
}

/*
 * Neither end is an isolated pod: not ours. Addresses in FORWARD are the ends' own (DNAT is done,
 * masquerading not yet). The destination is looked up first, and mostly alone: pods are isolated
 * for ingress more often than for egress.
 */
static void add_not_ours(const struct renderer *r)
{
	add(r,
		"-m set ! --match-set podgate-pods%d dst -m set ! --match-set podgate-pods%d src "
		"-j RETURN",
		r->family, r->family);
}

/*
 * Neighbour solicitations and advertisements, and multicast listener messages, between pods of one
 * bridge. They are to IPv6 what ARP, which we never see, is to IPv4: no policy speaks of them and
 * nothing works without. conntrack leaves exactly these types untracked
 * (nf_conntrack_proto_icmpv6.c). Nor may a pod smuggle anything off its link as one of them. A
 * solicitation has the hop limit that its receivers insist on (RFC 4861), and a router has lowered
 * that before FORWARD. A listener message has a hop limit of 1 (RFC 3810), which is what a router
 * makes of 2: it must be for an address that no router passes on. What hosts and routers tell each
 * other (133, 134) is judged by the ports of the bridge (worker.c): a pod is no router. A redirect
 * (137) is not among them either: conntrack calls it invalid, and a pod has no business sending
 * one.
 *
 * IGMP is the same to IPv4 multicast: it is never routed, and has a TTL of 1 (RFC 3376).
 */
static void add_neighbour_discovery(const struct renderer *r)
{
	static const char link_scope[] = "-d ff02::/16 ";
	static const struct {
		uint8_t type, hop_limit;
		const char *to;
	} messages[] = {
		{135, 255, ""}, {136, 255, ""},
		/* listener query, report, done */
		{130, 1, link_scope}, {131, 1, link_scope}, {132, 1, link_scope},
		{143, 1, link_scope}, /* version 2 report */
	};

	if (r->family == 4)
		return;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		add(r,
			"%s-p ipv6-icmp -m conntrack --ctstate UNTRACKED -m icmp6 --icmpv6-type %u "
			"-m hl --hl-eq %u -j RETURN",
			messages[i].to, messages[i].type, messages[i].hop_limit);
}

/* IGMP by its number: its name takes an /etc/protocols, which small systems have not. */
static void add_group_membership(const struct renderer *r)
{
	if (r->family == 4)
		add(r, "-d 224.0.0.0/4 -p 2 -m ttl --ttl-eq 1 -j RETURN");
}

/* INVALID belongs to no flow and starts none: an isolated pod neither sends nor gets it. */
static void add_invalid(const struct renderer *r)
{
	add(r, "-m conntrack --ctstate INVALID -j DROP");
}

static const char *multicast(const struct renderer *r)
{
	return r->family == 6 ? "ff00::/8" : "224.0.0.0/4";
}

/* Multicast, and 255.255.255.255: what the set of groups holds may lie in here. */
static const char *all_groups(const struct renderer *r)
{
	return r->family == 6 ? "ff00::/8" : "224.0.0.0/3";
}

/*
 * The mark goes on before the verdict, while the entry is this packet's own: passed on, the entry
 * is confirmed with its mark; dropped, by us or by anybody after us, it is destroyed with its mark.
 * So a verdict need not carry one.
 *
 * Only for packets that have one copy: a bridge or a multicast router clones what goes to many, the
 * clones share one unconfirmed entry, and a clone that reaches the host or passes another port
 * would confirm the flow though this one was never judged. Their flows are confirmed unmarked,
 * judged packet by packet, and marked by the sweeper.
 */
static void add_premark(const struct renderer *r)
{
	add(r,
		"! -d %s -m pkttype --pkt-type unicast -m conntrack ! --ctstatus CONFIRMED -j "
		"CONNMARK --set-xmark 0x%x/0x%x",
		multicast(r), r->options->mark_allow, r->mask);
}

/*
 * Tier 2, an earlier verdict for this class of flows: the mark, and out. It comes before the
 * question whether the packet is ours: a learned class is. With it go the lookups among pods and
 * two matches, which took a third of what a learned connection's first packet paid
 * (docs/PERFORMANCE.md). What is not ours pays one look at --ctstatus a packet, and a lookup in the
 * first of a flow. Only for what may be marked at once, so for the same reasons as the pre-mark;
 * the others are judged in userspace until the sweeper marks their flow. The classes are those of
 * original directions; neither match is true without a conntrack entry (conntrack_mt(),
 * net/netfilter/xt_conntrack.c).
 */
static void add_learned(const struct renderer *r)
{
	add(r,
		"! -d %s -m conntrack ! --ctstatus CONFIRMED --ctdir ORIGINAL -m set --match-set "
		"podgate-allowed%d src,dst,dst -m pkttype --pkt-type unicast -g " RULESET_LEARNED,
		multicast(r), r->family);
}

static void add_learned_denials(const struct renderer *r)
{
	add(r,
		"-m conntrack --ctdir ORIGINAL -m set --match-set podgate-denied%d src,dst,dst -j "
		"DROP",
		r->family);
}

/* Reached by -g: its end returns to the chain that jumped into ours. */
static void add_learned_mark(const struct renderer *r)
{
	add(r, "-j CONNMARK --set-xmark 0x%x/0x%x", r->options->mark_allow, r->mask);
}

/*
 * The reply of a flow that was never judged (it began before its pod was isolated, or while a
 * fail-open daemon was away): this queue's worker knows to judge it by its reverse. ICMP errors
 * come here in the direction of the flow that they report on.
 */
static void add_replies(const struct renderer *r)
{
	add(r, "-m conntrack --ctdir REPLY -j NFQUEUE --queue-num %u%s",
		r->options->queue_base + r->options->workers, r->bypass);
}

/*
 * One bucket of tokens a source: FLOOD_BURST_MS of its rate, after which it is full again and may
 * be forgotten. `entries` bounds how many sources are remembered; a packet of one more would be
 * dropped.
 */
struct flood_limit {
	const char *match; /* which sources; "" or with a space behind it */
	const char *name;  /* of the kernel's table of buckets */
	unsigned int rate; /* a second */
	unsigned int entries, hash_size;
	const char *mask; /* sources that share a bucket; "" or with a space before it */
};

enum {
	FLOOD_BURST_MS = 200,
	FLOOD_FORGET_MS = 250,
	FLOOD_OTHERS_SHARE = 16,
	FLOOD_PODS = 65536,    /* as many as a set of pods holds */
	FLOOD_OTHERS = 131072, /* some 18 MiB, while somebody forges as many a third of a second */
	HASHLIMIT_SECOND = 1000000,
};

/*
 * The kernel counts with whole steps of a millionth of a second, and iptables-save shows the rate
 * that results. In a name is what the table was made for: a rule with an old name would go on with
 * the old table while one is in use.
 */
static void add_flood_limit(const struct renderer *r, const struct flood_limit *limit)
{
	const unsigned int shown = HASHLIMIT_SECOND / (HASHLIMIT_SECOND / limit->rate);

	add(r,
		"%s-m hashlimit --hashlimit-above %u/sec --hashlimit-burst %u --hashlimit-mode "
		"srcip --hashlimit-name podgate-%s-%u --hashlimit-htable-size %u "
		"--hashlimit-htable-max %u --hashlimit-htable-gcinterval %d "
		"--hashlimit-htable-expire %d%s -j NFQUEUE --queue-num %u%s",
		limit->match, shown, limit->rate / (1000 / FLOOD_BURST_MS), limit->name,
		limit->rate, limit->hash_size, limit->entries, FLOOD_FORGET_MS, FLOOD_FORGET_MS,
		limit->mask, r->options->queue_base + r->options->workers + 1, r->bypass);
}

/*
 * Who begins flows faster than others leaves the common queues, so that nobody else's first packet
 * waits behind his. Nothing is lost by it while his own queue has room. Isolated pods have a table
 * to themselves, which nobody can fill with invented sources; all other sources, real or not, share
 * a limit besides. Of the addresses in the IPv6 set only the link-local ones can be invented: they
 * are taken as one source.
 */
static void add_floods(const struct renderer *r)
{
	const unsigned int rate = r->options->flood_rate;
	char pods[64], others[64];

	if (rate == 0)
		return;
	snprintf(pods, sizeof(pods), "%s-m set --match-set podgate-pods%d src ",
		r->family == 6 ? "! -s fe80::/10 " : "", r->family);
	snprintf(others, sizeof(others), "-m set ! --match-set podgate-pods%d src ", r->family);
	if (r->family == 6)
		add_flood_limit(r,
			&(struct flood_limit){
				"-s fe80::/10 ", "link", rate, 16, 16, " --hashlimit-srcmask 10"});
	add_flood_limit(r, &(struct flood_limit){pods, "pods", rate, FLOOD_PODS, 1024, ""});
	add_flood_limit(r, &(struct flood_limit){others, "others", rate, FLOOD_OTHERS, 8192, ""});
	add_flood_limit(r,
		&(struct flood_limit){others, "all", rate * FLOOD_OTHERS_SHARE, 16, 16,
			" --hashlimit-srcmask 0"});
}

/*
 * Tier 3. What is left is of an original direction, or UNTRACKED, the host's own choice (NOTRACK):
 * there is no flow to remember a verdict in, so each packet is judged by itself, as sent.
 */
static void add_unjudged(const struct renderer *r)
{
	const unsigned int first = r->options->queue_base, last = first + r->options->workers - 1;

	if (first == last)
		add(r, "-j NFQUEUE --queue-num %u%s", first, r->bypass);
	else
		add(r, "-j NFQUEUE --queue-balance %u:%u%s%s", first, last, r->bypass,
			r->options->cpu_fanout ? " --queue-cpu-fanout" : "");
}

/*
 * Packets to group addresses. A bridge delivers one to each port, and there it is judged once more,
 * for the pods behind that port. The group's addresses are in a set, which is empty while no pod is
 * isolated: then such packets are not ours. Multicast is looked for by its prefix, so that other
 * packets pay no lookup; the broadcast addresses of bridges' networks are looked for in what came
 * in by a bridge's port.
 */
static void add_groups(const struct renderer *r)
{
	add(r, "-d %s -m set --match-set podgate-groups%d dst -g " RULESET_GROUPS, all_groups(r),
		r->family);
	if (r->options->bridged)
		add(r,
			"-m physdev --physdev-is-in -m set --match-set podgate-groups%d dst "
			"-g " RULESET_GROUPS,
			r->family);
}

/* There is no tier 1 or 2 for them: a verdict holds for one receiver. */
static void add_group_rules(const struct renderer *r)
{
	add_group_membership(r);
	add_neighbour_discovery(r);
	add_invalid(r);
	add_floods(r);
	add_unjudged(r);
}

/*
 * What add_groups() looks for is left untracked where it comes in by a bridge's port. The bridge
 * clones it, one a port; clones share one unconfirmed conntrack entry, and the kernel drops such
 * packets when they are queued (nf_ct_drop_unconfirmed(), net/netfilter/nfnetlink_queue.c).
 */
static void add_untracked(const struct renderer *r)
{
	add(r, "-m set --match-set podgate-groups%d dst -j CT --notrack", r->family);
}

/*
 * A unicast frame whose receiver the bridge does not know is cloned as well, and its clones can't
 * be queued in FORWARD. So the first packet of a flow is judged before the bridge looks where to
 * send it, in PREROUTING, if its receiver's address is in podgate-near: addresses that are known to
 * be on a bridge, or isolated pods'. Other destinations may be translated after this chain
 * (services), and are judged in FORWARD. The mark goes on here; what add_bridged() finds marked in
 * FORWARD was judged here.
 */
static void add_bridged_rules(const struct renderer *r)
{
	add(r, "-m set ! --match-set podgate-near%d dst -j RETURN", r->family);
	add(r, "-m set --match-set podgate-allowed%d src,dst,dst -g " RULESET_LEARNED, r->family);
	add_not_ours(r);
	add(r, "-j CONNMARK --set-xmark 0x%x/0x%x", r->options->mark_allow, r->mask);
	add_learned_denials(r);
	add_floods(r);
	add_unjudged(r);
}

/*
 * In FORWARD, a flow of those that are judged in PREROUTING: with the mark it was, and each of its
 * clones passes, before tier 2 could count it once more. Without it PREROUTING did not see it: a
 * set has changed in between, or somebody has removed the jump. Then it is dropped, and its
 * sender's next try is judged. It must not be marked here, where a sibling clone would take the
 * mark for its own verdict. An expected flow (RELATED) has inherited its mark, and a translated one
 * (DNAT) was judged, if at all, by another address: both are judged here, as all other flows are.
 */
#define BRIDGED_CLASS \
	"-m physdev --physdev-is-in -m conntrack ! --ctstate INVALID,RELATED,UNTRACKED,DNAT ! " \
	"--ctstatus CONFIRMED" \
	" -m set --match-set podgate-near%d dst"

static void add_bridged(const struct renderer *r)
{
	if (r->options->bridged)
		add(r, BRIDGED_CLASS " -m connmark --mark 0x%x/0x%x -j RETURN", r->family,
			r->options->mark_allow, r->mask);
}

static void add_bridged_unseen(const struct renderer *r)
{
	if (r->options->bridged)
		add(r, BRIDGED_CLASS " -j DROP", r->family);
}

static void add_main_rules(const struct renderer *r)
{
	add_judged(r);
	add_groups(r);
	add_bridged(r);
	add_learned(r);
	add_not_ours(r);
	add_bridged_unseen(r);
	add_premark(r);
	add_learned_denials(r);
	add_neighbour_discovery(r);
	add_invalid(r);
	add_replies(r);
	add_floods(r);
	add_unjudged(r);
}

void ruleset_chain_rules(
	const struct ruleset_options *options, enum ip_family family, struct ruleset_rules *out)
{
	static void (*const adders[RULESET_CHAINS])(const struct renderer *) = {add_main_rules,
		add_learned_mark, add_group_rules, add_bridged_rules, add_untracked};
	struct renderer renderer = {
		.out = out,
		.options = options,
		.mask = options->mark_allow | options->mark_deny,
		.family = (int)family,
	};

	snprintf(renderer.bypass, sizeof(renderer.bypass), "%s",
		options->queue_bypass ? " --queue-bypass" : "");
	out->count = 0;
	for (size_t i = 0; i < RULESET_CHAINS; i++) {
		renderer.chain = ruleset_chains[i].name;
		if (ruleset_wants_chain(options, &ruleset_chains[i]))
			adders[i](&renderer);
	}
}

/*
 * INPUT takes no replies: they answer what the host itself began, and a node reaches its pods
 * whatever the policies. INVALID and UNTRACKED packets have no direction, and ask for a rule of
 * their own.
 *
 * What did not come in by a bridge's port pays one look at that in PREROUTING.
 */
void ruleset_jump_rules(const struct ruleset_options *options, struct ruleset_rules *out)
{
	static const struct {
		const char *text;
		bool host_traffic, bridged; /* only with these */
	} jumps[] = {
		{"-A FORWARD -j " RULESET_CHAIN, false, false},
		{"-A INPUT -m conntrack --ctdir ORIGINAL -j " RULESET_CHAIN, true, false},
		{"-A INPUT -m conntrack --ctstate INVALID,UNTRACKED -j " RULESET_CHAIN, true,
			false},
		{"-A PREROUTING -m physdev --physdev-is-in -m conntrack --ctstate NEW ! --ctstatus "
		 "CONFIRMED -j " RULESET_BRIDGED,
			false, true},
		{"-A PREROUTING -m physdev --physdev-is-in -j " RULESET_UNTRACK, false, true},
	};

	out->count = 0;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++)
		if ((options->host_traffic || !jumps[i].host_traffic) &&
			(options->bridged || !jumps[i].bridged))
			snprintf(out->text[out->count++], RULESET_RULE_TEXT, "%s", jumps[i].text);
}
