/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/flow.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <strings.h>

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{IPPROTO_TCP, "TCP"},
	{IPPROTO_UDP, "UDP"},
	{IPPROTO_SCTP, "SCTP"},
	{IPPROTO_ICMP, "ICMP"},
	{IPPROTO_ICMPV6, "ICMPv6"},
};

struct flow flow_reversed(const struct flow *flow)
{
	return (struct flow){
		.src = flow->dst,
		.dst = flow->src,
		.src_port = flow->dst_port,
		.dst_port = flow->src_port,
		.protocol = flow->protocol,
	};
}

const char *flow_protocol_name(uint8_t protocol, char buffer[FLOW_PROTOCOL_TEXT])
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(buffer, FLOW_PROTOCOL_TEXT, "protocol %u", (unsigned int)protocol);
	return buffer;
}

int flow_protocol_parse(uint8_t *out, const char *text)
{
	unsigned int number = 0;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcasecmp(protocols[i].name, text) == 0) {
			*out = protocols[i].number;
			return 0;
		}
	}
	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		number = number * 10 + (unsigned int)(*text - '0');
		if (number > UINT8_MAX)
			return -EINVAL;
	}
	*out = (uint8_t)number;
	return 0;
}
