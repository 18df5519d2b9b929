/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <string.h>

/* A Pod's addresses: of its status, or of an annotation, as far as that counts for it. */

static const struct field_set pod_ip_fields = {
	.owner = "an item of podIPs",
	.names = (const char *const[]){"ip", NULL},
};

/* Of one Pod. */
struct addresses {
	struct decoder *decoder;
	const struct pod *pod;
	struct ip_addr *items;
	size_t count;
	bool any; /* was written, whether it counts or not */
};

static bool has(const struct addresses *to, const struct ip_addr *addr)
{
	for (size_t i = 0; i < to->count; i++)
		if (ip_addr_equal(&to->items[i], addr))
			return true;
	return false;
}

/*
 * One address. Empty is what the API shows while a pod has none. Those of the host network are the
 * node's.
 */
static void read_address(struct addresses *to, const char *text, struct source_pos pos)
{
	char before[IP_ADDR_TEXT], after[IP_ADDR_TEXT];
	struct ip_addr addr, written;
	const char *problem;

	if (text == NULL || text[0] == '\0')
		return;
	to->any = true;
	if (ip_addr_parse(&addr, text) != 0) {
		decode_error(to->decoder, pos, "bad-ip", NULL, "'%s' is no IP address", text);
		return;
	}
	/*
	 * An API server of Kubernetes 1.20 takes ::ffff:10.0.0.7 and means 10.0.0.7, which the pod
	 * then has.
	 */
	written = addr;
	if (ip_addr_unmap(&written, &addr))
		decode_warning(to->decoder, pos, "odd-address", NULL,
			"%s is IPv4 written as IPv6: read as %s", ip_addr_format(&written, before),
			ip_addr_format(&addr, after));
	problem = to->pod->host_network ? NULL : ip_addr_pod_problem(&addr);
	if (problem != NULL)
		decode_warning(to->decoder, pos, "impossible-address",
			"write the address by which the pod sends and receives",
			"%s is %s, which no pod can have: pod %s/%s is enforced without it", text,
			problem, to->pod->namespace_name, to->pod->name);
	else if (!has(to, &addr))
		to->items[to->count++] = addr;
}

static bool make_room(struct addresses *to, size_t most)
{
	to->items = decode_alloc(to->decoder, most, sizeof(*to->items));
	return to->items != NULL;
}

static void read_pod_ips(struct addresses *to, const struct node *list)
{
	const size_t count = decode_list(to->decoder, list, "'podIPs'");

	if (!make_room(to, count))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct node *item = list->entries[i].value, *ip;

		if (!fields_check(to->decoder, item, &pod_ip_fields, FIELDS_LENIENT))
			continue;
		ip = node_get(item, "ip");
		if (!decode_is_absent(ip))
			read_address(to, decode_string(to->decoder, ip, "an address"), ip->pos);
	}
}

/* ---- annotations ---- */

/*
 * Whether an API server wrote the object. An author of Pods there chooses their annotations, but
 * can't leave out the fields that are looked for here.
 */
static bool is_from_server(const struct node *object)
{
	static const char *const fields[][2] = {{"metadata", "uid"},
		{"metadata", "resourceVersion"}, {"metadata", "managedFields"},
		{"metadata", "selfLink"}, {"status", "conditions"}, {"status", "hostIP"},
		{"status", "qosClass"}, {"status", "startTime"}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!decode_is_absent(node_get(node_get(object, fields[i][0]), fields[i][1])))
			return true;
	return false;
}

static void read_list(struct addresses *to, const char *list, struct source_pos pos)
{
	size_t most = 1;

	for (const char *at = list; *at != '\0'; at++)
		most += *at == ',' || *at == ' ';
	if (!make_room(to, most))
		return;
	while (*list != '\0') {
		size_t length;
		char text[IP_ADDR_TEXT];

		list += strspn(list, ", ");
		length = strcspn(list, ", ");
		memset(text, 0, sizeof(text));
		memcpy(text, list, length < sizeof(text) ? length : sizeof(text) - 1);
		read_address(to, text, pos);
		list += length;
	}
}

/*
 * podgate.io/ip and podgate.io/ips ("10.0.0.5,fd00::5"): the addresses of a pod whose manifest was
 * written by hand, for a gateway where no API server adds a status.
 */
static void read_annotation(
	struct addresses *to, const struct node *object, const struct kube_meta *meta)
{
	const enum address_annotations trust = to->decoder->trust.addresses;
	struct source_pos pos;
	const char *list = kube_annotation(meta, "podgate.io/ips", &pos);

	if (list == NULL)
		list = kube_annotation(meta, "podgate.io/ip", &pos);
	if (list == NULL)
		return;
	if (trust == ADDRESS_ANNOTATIONS_ON ||
		(trust == ADDRESS_ANNOTATIONS_AUTO && !is_from_server(object)))
		read_list(to, list, pos);
	else
		decode_warning(to->decoder, pos, "untrusted-address",
			"what an API server writes has the address in its status; see "
			"address_annotations in podgate.conf(5)",
			trust == ADDRESS_ANNOTATIONS_OFF
				? "pod %s/%s gets no address of an annotation "
				  "(address_annotations: off)"
				: "pod %s/%s gets no address of an annotation, because an API "
				  "server wrote it: its author could claim any",
			meta->namespace_name, meta->name);
}

void kube_read_addresses(struct decoder *decoder, const struct node *object,
	const struct kube_meta *meta, struct pod *out)
{
	struct addresses addresses = {.decoder = decoder, .pod = out};
	const struct node *status = node_get(object, "status"), *ip = node_get(status, "podIP");

	read_pod_ips(&addresses, node_get(status, "podIPs"));
	if (!addresses.any && !decode_is_absent(ip) && make_room(&addresses, 1))
		read_address(&addresses, decode_string(decoder, ip, "an address"), ip->pos);
	if (addresses.count == 0) {
		read_annotation(&addresses, object, meta);
		out->ips_annotated = addresses.count > 0;
	}
	out->ips = addresses.items;
	out->ip_count = addresses.count;
}
