/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <stdio.h>
#include <string.h>

static const struct field_set peer_fields = {
	.owner = "a peer",
	.names = (const char *const[]){"podSelector", "namespaceSelector", "ipBlock", NULL},
	.elsewhere =
		(const struct field_elsewhere[]){
			{"matchLabels", "it belongs below 'podSelector:' or 'namespaceSelector:'"},
			{"matchExpressions",
				"it belongs below 'podSelector:' or 'namespaceSelector:'"},
			{"cidr", "it belongs below 'ipBlock:'"},
			{"except", "it belongs below 'ipBlock:'"},
			{"ports", "it belongs beside 'from' or 'to', in their column"},
			{NULL, NULL}},
};
static const struct field_set ip_block_fields = {
	.owner = "an ipBlock",
	.names = (const char *const[]){"cidr", "except", NULL},
};

/*
 * "010.0.0.0/08" as "10.0.0.0/8": decimal numbers, which the groups of IPv6 are not, without
 * leading zeros.
 */
static void drop_leading_zeros(const char *text, char *out, size_t size)
{
	bool in_number = strchr(text, ':') != NULL;
	size_t used = 0;

	for (; *text != '\0' && used + 1 < size; text++) {
		if (*text == '0' && !in_number && text[1] >= '0' && text[1] <= '9')
			continue;
		in_number = (*text >= '0' && *text <= '9') ||
			(in_number && *text != '.' && *text != '/');
		out[used++] = *text;
	}
	out[used] = '\0';
}

/*
 * Parses as the API server's ParseCIDRSloppy, which is there for old objects: a policy that is in
 * force there must not be refused here. False when it is no block even so.
 */
static bool parse_sloppy(struct decoder *decoder, const struct node *node, struct cidr *out)
{
	char text[IP_ADDR_TEXT + 8], block[CIDR_TEXT], hint[CIDR_TEXT + 32];
	bool odd = cidr_parse(out, node->text) != 0;
	struct ip_addr unmapped;

	if (odd) {
		drop_leading_zeros(node->text, text, sizeof(text));
		if (cidr_parse(out, text) != 0)
			return false;
	}
	/* Go's net, which the API server uses, takes ::ffff:10.0.0.0/104 for 10.0.0.0/8. */
	if (out->prefix >= 96 && ip_addr_unmap(&out->addr, &unmapped)) {
		*out = (struct cidr){unmapped, (uint8_t)(out->prefix - 96)};
		odd = true;
	}
	if (!odd)
		return true;
	snprintf(hint, sizeof(hint), "write %s", cidr_format(out, block));
	decode_warning(decoder, node->pos, "odd-cidr", hint,
		"'%s' means %s to Kubernetes and may mean another block elsewhere", node->text,
		block);
	return true;
}

/* False when it is no CIDR block, which is reported. Host bits are kept. */
static bool read_cidr(struct decoder *decoder, const struct node *node, struct cidr *out)
{
	const char *text = decode_string(decoder, node, "a CIDR block");
	char hint[IP_ADDR_TEXT + 32];
	struct ip_addr addr;

	if (text == NULL)
		return false;
	if (!parse_sloppy(decoder, node, out)) {
		const bool bare = ip_addr_parse(&addr, text) == 0;

		snprintf(hint, sizeof(hint), "one address is written %.46s/%u", text,
			bare ? ip_addr_bits(&addr) : 0U);
		decode_error(decoder, node->pos, "bad-cidr",
			bare ? hint : "write ADDRESS/PREFIX, as in 10.0.0.0/8",
			"'%s' is no CIDR block", text);
		return false;
	}
	return true;
}

/* The API server takes such blocks, and every implementation masks them. */
static void check_host_bits(
	struct decoder *decoder, const struct node *node, const struct cidr *written)
{
	const struct cidr masked = cidr_masked(written);
	char block[CIDR_TEXT], hint[CIDR_TEXT + 32];

	if (!cidr_has_host_bits(written))
		return;
	snprintf(hint, sizeof(hint), "write %s", cidr_format(&masked, block));
	decode_warning(decoder, node->pos, "host-bits", hint,
		"'%s' has bits set behind its prefix: it means %s", node->text, block);
}

/* Most often one address was meant, and has the prefix of its network. */
static void report_swallowed(struct decoder *decoder, const struct node *node,
	const struct cidr *block, const struct cidr *written)
{
	const struct cidr masked = cidr_masked(written);
	char outer[CIDR_TEXT], inner[CIDR_TEXT], address[IP_ADDR_TEXT], hint[IP_ADDR_TEXT + 64];

	cidr_format(block, outer);
	cidr_format(&masked, inner);
	ip_addr_format(&written->addr, address);
	if (cidr_has_host_bits(written))
		snprintf(hint, sizeof(hint), "to except that one address write %s/%u", address,
			ip_addr_bits(&written->addr));
	else
		snprintf(hint, sizeof(hint), "name a smaller block");
	decode_error(decoder, node->pos, "except-swallows-block", hint,
		"the exception %s covers %s and leaves nothing of its block %s", node->text, inner,
		outer);
}

/*
 * The API server's ValidateIPBlock wants a strict subset of the block, and refuses the policy
 * otherwise. One of the same length is the block itself, whatever its host bits, and nothing would
 * be left: refused here, too. One that lies outside excepts nothing: the policy's meaning is plain,
 * and it is better in force than not.
 */
static void check_except(struct decoder *decoder, const struct node *node, const struct cidr *block,
	const struct cidr *written)
{
	const struct cidr except = cidr_masked(written);
	char outer[CIDR_TEXT];

	if (cidr_contains_block(&except, block)) {
		report_swallowed(decoder, node, block, written);
		return;
	}
	check_host_bits(decoder, node, written);
	if (block->addr.family != except.addr.family)
		decode_warning(decoder, node->pos, "except-outside-block",
			"use one ipBlock for IPv4 and one for IPv6",
			"the exception %s is of another family than its block %s, and excepts "
			"nothing",
			node->text, cidr_format(block, outer));
	else if (!cidr_contains_block(block, &except))
		decode_warning(decoder, node->pos, "except-outside-block",
			"remove it, or widen the block",
			"the exception %s is not in its block %s, and excepts nothing", node->text,
			cidr_format(block, outer));
}

static void read_excepts(struct decoder *decoder, const struct node *node, struct ip_block *out)
{
	const size_t count = decode_list(decoder, node, "'except'");
	struct cidr *excepts = decode_alloc(decoder, count, sizeof(*excepts));
	struct cidr written;

	if (excepts == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!read_cidr(decoder, node->entries[i].value, &written))
			continue;
		excepts[i] = cidr_masked(&written);
		check_except(decoder, node->entries[i].value, &out->cidr, &written);
	}
	out->excepts = excepts;
	out->except_count = count;
}

static void read_ip_block(struct decoder *decoder, const struct node *node, struct ip_block *out)
{
	const size_t errors = decoder->diags->errors;
	const struct node *cidr;
	struct cidr written;

	out->pos = node->pos;
	if (!fields_check(decoder, node, &ip_block_fields, FIELDS_STRICT))
		return;
	cidr = node_get(node, "cidr");
	if (decode_is_absent(cidr)) {
		/* A misspelt field is the one that is missing. */
		if (decoder->diags->errors == errors)
			decode_error(decoder, node->pos, "missing-field",
				"write 'cidr: ADDRESS/PREFIX'", "an ipBlock needs 'cidr'");
		return;
	}
	if (!read_cidr(decoder, cidr, &written))
		return;
	check_host_bits(decoder, cidr, &written);
	out->cidr = cidr_masked(&written);
	read_excepts(decoder, node_get(node, "except"), out);
}

/* As the API server's ValidateNetworkPolicyPeer. */
static void check_peer(
	struct decoder *decoder, const struct node *node, const struct policy_peer *peer)
{
	if (!peer->has_pod_selector && !peer->has_namespace_selector && !peer->has_ip_block)
		decode_error(decoder, node->pos, "empty-peer",
			"write 'podSelector: {}' for all pods of the namespace",
			"a peer must have podSelector, namespaceSelector or ipBlock");
	else if (peer->has_ip_block && (peer->has_pod_selector || peer->has_namespace_selector))
		decode_error(decoder, node_get(node, "ipBlock")->pos, "ip-block-with-selector",
			"begin a new peer with '- ipBlock:'",
			"a peer can't have both ipBlock and a selector");
}

void kube_read_peer(struct decoder *decoder, const struct node *node, void *item)
{
	struct policy_peer *out = item;
	const struct node *pods, *namespaces, *block;
	const size_t errors = decoder->diags->errors;

	*out = (struct policy_peer){.pos = node->pos};
	if (node->kind != NODE_NULL && !fields_check(decoder, node, &peer_fields, FIELDS_STRICT))
		return;
	pods = node_get(node, "podSelector");
	namespaces = node_get(node, "namespaceSelector");
	block = node_get(node, "ipBlock");
	out->has_pod_selector = !decode_is_absent(pods);
	out->has_namespace_selector = !decode_is_absent(namespaces);
	out->has_ip_block = !decode_is_absent(block);
	/* A misspelt field is error enough: that it leaves the peer empty follows from it. */
	if (decoder->diags->errors == errors)
		check_peer(decoder, node, out);
	if (out->has_pod_selector)
		kube_read_selector(decoder, pods, &out->pod_selector);
	if (out->has_namespace_selector)
		kube_read_selector(decoder, namespaces, &out->namespace_selector);
	if (out->has_ip_block)
		read_ip_block(decoder, block, &out->ip_block);
}
