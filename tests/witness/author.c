/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/witness/author.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/store/store.h"
#include "tests/support/naive.h"
#include "tests/support/one_file.h"

enum { POLICIES = 4, TEXT = 16384, RULE_TEXT = 512 };

const uint16_t author_ports[PORTS] = {7001, 7002};

struct pod_state {
	bool known;
	char tier, team;
};

/* A policy's text below `spec:`, "" when there is none. */
struct policy_state {
	char team;
	char spec[2 * RULE_TEXT + 128];
};

struct author {
	const char *folder;
	const struct end *ends;
	size_t count;
	uint64_t random, serial;
	struct pod_state pods[ENDS_MOST];
	struct policy_state policies[POLICIES];
	char text[TEXT];
	size_t length;
};

/* xorshift64*: the same seed, the same changes. */
static uint32_t draw(struct author *author, uint32_t below)
{
	author->random ^= author->random >> 12;
	author->random ^= author->random << 25;
	author->random ^= author->random >> 27;
	return (uint32_t)(author->random * 0x2545f4914f6cdd1dULL >> 32) % below;
}

static char tier(struct author *author)
{
	return (char)('x' + draw(author, 2));
}

static char team(struct author *author)
{
	return (char)('a' + draw(author, 2));
}

static void write_peer(struct author *author, char out[RULE_TEXT])
{
	const struct end *end = &author->ends[draw(author, (uint32_t)author->count)];
	const int bits = strchr(end->address, ':') != NULL ? 128 : 32;

	switch (draw(author, 5)) {
	case 0:
		snprintf(out, RULE_TEXT,
			"{podSelector: {matchLabels: {app: %s}}, namespaceSelector: {}}",
			end->name);
		break;
	case 1:
		snprintf(out, RULE_TEXT, "{podSelector: {matchLabels: {tier: %c}}}", tier(author));
		break;
	case 2:
		snprintf(out, RULE_TEXT, "{namespaceSelector: {matchLabels: {team: %c}}}",
			team(author));
		break;
	case 3:
		snprintf(out, RULE_TEXT, "{ipBlock: {cidr: \"%s/%d\"}}", end->address, bits);
		break;
	default:
		snprintf(out, RULE_TEXT, "{ipBlock: {cidr: \"%s\", except: [\"%s/%d\"]}}",
			bits == 32 ? "0.0.0.0/0" : "::/0", end->address, bits);
		break;
	}
}

static const char *ports_text(struct author *author)
{
	static const char *const texts[] = {"", ", ports: [{protocol: UDP, port: 7001}]",
		", ports: [{protocol: UDP, port: second}]",
		", ports: [{protocol: UDP, port: 7000, endPort: 7002}]"};

	return texts[draw(author, sizeof(texts) / sizeof(texts[0]))];
}

/* "  ingress: [...]": no rule, or one or two peers. */
static void write_rules(
	struct author *author, const char *direction, const char *peers, char out[RULE_TEXT])
{
	char first[RULE_TEXT / 4], second[RULE_TEXT / 4], peer[RULE_TEXT];

	if (draw(author, 4) == 0) {
		snprintf(out, RULE_TEXT, "  %s: []\n", direction);
		return;
	}
	write_peer(author, peer);
	snprintf(first, sizeof(first), "%.127s", peer);
	write_peer(author, peer);
	snprintf(second, sizeof(second), "%.127s", peer);
	snprintf(out, RULE_TEXT, "  %s: [{%s: [%s, %s]%s}]\n", direction, peers, first, second,
		ports_text(author));
}

static void change_policy(struct author *author)
{
	static const char *const types[] = {"Ingress", "Egress", "Ingress, Egress"};
	struct policy_state *policy = &author->policies[draw(author, POLICIES)];
	char selector[64] = "{}", ingress[RULE_TEXT] = "", egress[RULE_TEXT] = "";
	const uint32_t type = draw(author, 3);

	policy->team = team(author);
	policy->spec[0] = '\0';
	if (draw(author, 4) == 0)
		return;
	if (draw(author, 3) != 0)
		snprintf(selector, sizeof(selector), "{matchLabels: {tier: %c}}", tier(author));
	if (type != 1)
		write_rules(author, "ingress", "from", ingress);
	if (type != 0)
		write_rules(author, "egress", "to", egress);
	snprintf(policy->spec, sizeof(policy->spec), "  podSelector: %s\n  policyTypes: [%s]\n%s%s",
		selector, types[type], ingress, egress);
}

static void change_pod(struct author *author)
{
	struct pod_state *pod = &author->pods[draw(author, (uint32_t)author->count)];

	switch (draw(author, 4)) {
	case 0:
		pod->known = !pod->known;
		break;
	case 1:
		pod->team = team(author);
		break;
	default:
		pod->tier = (char)(pod->tier == 'x' ? 'y' : 'x');
		break;
	}
}

static int __attribute__((format(printf, 2, 3))) put(struct author *author, const char *format, ...)
{
	va_list arguments;
	int wrote;

	va_start(arguments, format);
	wrote = vsnprintf(author->text + author->length, TEXT - author->length, format, arguments);
	va_end(arguments);
	if (wrote < 0 || (size_t)wrote >= TEXT - author->length)
		return -E2BIG;
	author->length += (size_t)wrote;
	return 0;
}

static int put_pod(struct author *author, size_t i)
{
	const struct end *end = &author->ends[i];
	const struct pod_state *pod = &author->pods[i];

	if (!end->pod || !pod->known)
		return 0;
	return put(author,
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: team-%c, labels: "
		"{app: %s, tier: %c}}\n"
		"spec: {containers: [{name: main, image: example/main:1, ports: [{name: second, "
		"protocol: UDP, containerPort: 7002}]}]}\nstatus: {phase: Running, podIP: "
		"\"%s\"}\n",
		end->name, pod->team, end->name, pod->tier, end->address);
}

static int put_all(struct author *author)
{
	int err;

	author->length = 0;
	/* The number makes every version another, whatever else is as before. */
	err = put(author,
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {team: a}, "
		"annotations: {serial: \"%llu\"}}\n"
		"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team-b, labels: {team: "
		"b}}\n",
		(unsigned long long)++author->serial);
	for (size_t i = 0; err == 0 && i < author->count; i++)
		err = put_pod(author, i);
	for (size_t i = 0; err == 0 && i < POLICIES; i++)
		if (author->policies[i].spec[0] != '\0')
			err = put(author,
				"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
				"metadata: {name: policy-%zu, namespace: team-%c}\nspec:\n%s",
				i, author->policies[i].team, author->policies[i].spec);
	return err;
}

static int judge(const struct author *author, const struct cluster *cluster,
	const struct kind *kind, bool *allowed)
{
	const struct naive_world world = {.cluster = cluster, .node_name = ""};
	struct flow flow = {.protocol = IPPROTO_UDP, .dst_port = author_ports[kind->port]};
	int err = ip_addr_parse(&flow.src, author->ends[kind->source].address);

	if (err == 0)
		err = ip_addr_parse(&flow.dst, author->ends[kind->destination].address);
	if (err == 0)
		*allowed = naive_judge(&world, &flow).verdict != VERDICT_DENY;
	return err;
}

static int judge_all(
	const struct author *author, const struct cluster *cluster, struct verdicts_table *out)
{
	int err = 0;

	for (uint8_t source = 0; source < author->count; source++)
		for (uint8_t destination = 0; destination < author->count; destination++)
			for (uint8_t port = 0; err == 0 && port < PORTS; port++)
				err = judge(author, cluster,
					&(struct kind){source, destination, port},
					&out->allowed[source][destination][port]);
	return err;
}

/* What podgate's own reader makes of the text, which must be flawless, judged naively. */
static int evaluate(const struct author *author, struct verdicts_table *out)
{
	struct cluster *cluster;
	struct store *store;
	int err = store_create(&store);

	if (err != 0)
		return err;
	err = one_file_put(store, "witness.yaml", author->text, author->length);
	if (err == 0 && store_stats(store).broken_files > 0) {
		fprintf(stderr, "podgate-witness: its manifests are broken:\n%s", author->text);
		err = -EINVAL;
	}
	if (err == 0)
		err = store_cluster(store, &cluster);
	if (err == 0) {
		err = judge_all(author, cluster, out);
		cluster_unref(cluster);
	}
	store_free(store);
	return err;
}

int author_create(struct author **out, const char *folder, const struct end *ends, size_t count,
	uint64_t seed)
{
	struct author *author = calloc(1, sizeof(*author));

	if (author == NULL)
		return -ENOMEM;
	author->folder = folder;
	author->ends = ends;
	author->count = count;
	author->random = seed * 2 + 1; /* not 0 */
	for (size_t i = 0; i < count; i++)
		author->pods[i] = (struct pod_state){
			.known = true, .tier = tier(author), .team = team(author)};
	*out = author;
	return 0;
}

void author_free(struct author *author)
{
	free(author);
}

int author_change(struct author *author, struct verdicts_table *out)
{
	int err;

	if (draw(author, 3) == 0)
		change_pod(author);
	else
		change_policy(author);
	err = put_all(author);
	return err != 0 ? err : evaluate(author, out);
}

int author_publish(struct author *author)
{
	char draft[PATH_MAX], final[PATH_MAX];
	FILE *file;
	int err = 0;

	snprintf(draft, sizeof(draft), "%s/.witness.new", author->folder);
	snprintf(final, sizeof(final), "%s/witness.yaml", author->folder);
	file = fopen(draft, "we");
	if (file == NULL)
		return -errno;
	if (fwrite(author->text, 1, author->length, file) != author->length)
		err = -EIO;
	if (fclose(file) != 0)
		err = -errno;
	return err != 0 ? err : rename(draft, final) == 0 ? 0 : -errno;
}
