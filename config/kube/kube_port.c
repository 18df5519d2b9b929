/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/text/scalar.h"

static const struct field_set port_fields = {
	.owner = "a port",
	.names = (const char *const[]){"port", "protocol", "endPort", NULL},
	.elsewhere =
		(const struct field_elsewhere[]){
			{"targetPort",
				"that is a Service's field; a policy has 'port', of the pod"},
			{"containerPort", "that is a container's field; a policy has 'port'"},
			{NULL, NULL}},
};

uint8_t kube_read_protocol(struct decoder *decoder, const struct node *node)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = {{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"SCTP", IPPROTO_SCTP}};
	const char *name = decode_is_absent(node) ? "TCP"
						  : decode_string(decoder, node, "a protocol");
	char hint[64] = "a rule without ports covers ICMP and all other protocols";

	if (name == NULL)
		return IPPROTO_TCP;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(name, protocols[i].name) == 0)
			return protocols[i].number;
		if (strcasecmp(name, protocols[i].name) == 0)
			snprintf(hint, sizeof(hint), "write %s", protocols[i].name);
	}
	decode_error(
		decoder, node->pos, "bad-protocol", hint, "'%s' is not TCP, UDP or SCTP", name);
	return IPPROTO_TCP;
}

/* Two numbers with a dash or a colon between them, as firewalls write a range. */
static bool is_range(const char *text)
{
	unsigned int first, last;
	int length = 0;

	return sscanf(text, "%5u%*1[-:]%5u%n", &first, &last, &length) == 2 && text[length] == '\0';
}

static void read_name(struct decoder *decoder, const struct node *node, struct policy_port *out)
{
	const char *problem = port_name_problem(node->text);
	const bool digits = node->text[0] != '\0' &&
		node->text[strspn(node->text, "0123456789")] == '\0';
	char hint[96];

	out->kind = POLICY_PORT_NAMED;
	out->name = decode_intern(decoder, node->text);
	if (problem == NULL)
		return;
	snprintf(hint, sizeof(hint), "write the number without quotes: %.20s", node->text);
	if (digits)
		decode_error(decoder, node->pos, "quoted-port", hint,
			"in quotes '%s' is a port's name, and no valid one: %s", node->text,
			problem);
	else
		decode_error(decoder, node->pos, "bad-port-name",
			is_range(node->text) ? "a range is written with its ends apart: port: 8000 "
					       "and endPort: 8010"
					     : NULL,
			"port name '%s': %s", node->text, problem);
}

static void read_range_end(
	struct decoder *decoder, const struct node *node, struct policy_port *out)
{
	const uint16_t last = decode_port(decoder, node, "endPort");

	if (out->kind == POLICY_PORT_NAMED)
		decode_error(decoder, node->pos, "end-port-with-name",
			"write the first port as a number",
			"a range of ports can't begin with a named port");
	else if (out->kind == POLICY_PORT_ANY)
		decode_error(decoder, node->pos, "end-port-without-port",
			"write the first port as 'port: ...'", "endPort without port");
	else if (last != 0 && out->first != 0 && last < out->first)
		decode_error(decoder, node->pos, "end-port-below-port", "exchange the two numbers",
			"the range of ports is upside down: endPort %u is below port %u", last,
			out->first);
	out->last = last;
}

void kube_read_policy_port(struct decoder *decoder, const struct node *node, void *item)
{
	struct policy_port *out = item;
	const struct node *port, *end_port;

	*out = (struct policy_port){
		.kind = POLICY_PORT_ANY, .name = "", .protocol = IPPROTO_TCP, .pos = node->pos};
	if (node->kind == NODE_NULL || !fields_check(decoder, node, &port_fields, FIELDS_STRICT))
		return;
	port = node_get(node, "port");
	end_port = node_get(node, "endPort");
	out->protocol = kube_read_protocol(decoder, node_get(node, "protocol"));
	if (!decode_is_absent(port)) {
		out->pos = port->pos;
		if (port->kind == NODE_SCALAR &&
			(scalar_type(port) == SCALAR_STRING || scalar_is_letter_boolean(port))) {
			if (decode_string(decoder, port, "a port's name") != NULL)
				read_name(decoder, port, out);
		} else {
			out->kind = POLICY_PORT_NUMBER;
			out->first = out->last = decode_port(decoder, port, "port");
		}
	}
	if (!decode_is_absent(end_port))
		read_range_end(decoder, end_port, out);
}
