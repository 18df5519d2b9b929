/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/listen_address.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Decimal, nothing before or after it. */
static bool parse_port(uint16_t *out, const char *text)
{
	const size_t length = strspn(text, "0123456789");
	uint32_t port = 0;

	if (length == 0 || length > 5 || text[length] != '\0')
		return false;
	for (size_t i = 0; i < length; i++)
		port = port * 10 + (uint32_t)(text[i] - '0');
	if (port == 0 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

int listen_address_parse(struct listen_address *out, const char *text)
{
	const bool bracketed = *text == '[';
	const char *begin = bracketed ? text + 1 : text;
	const char *end = strchr(begin, bracketed ? ']' : ':');
	char addr[IP_ADDR_TEXT];
	struct listen_address read;

	if (end == NULL || (size_t)(end - begin) >= sizeof(addr) || (bracketed && end[1] != ':'))
		return -EINVAL;
	memcpy(addr, begin, (size_t)(end - begin));
	addr[end - begin] = '\0';
	if (ip_addr_parse(&read.addr, addr) != 0 || (read.addr.family == IP_FAMILY_V6) != bracketed)
		return -EINVAL;
	if (!parse_port(&read.port, bracketed ? end + 2 : end + 1))
		return -EINVAL;
	*out = read;
	return 0;
}
