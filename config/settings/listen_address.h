/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SETTINGS_LISTEN_ADDRESS_H
#define CONFIG_SETTINGS_LISTEN_ADDRESS_H

/*
 * Where a TCP server listens: "127.0.0.1:9477", "[::1]:9477". Only numbers: a name would have to be
 * looked up, and may not mean tomorrow what it means today. A plain value.
 */

#include <stdint.h>

#include "policy/values/ip_addr.h"

struct listen_address {
	struct ip_addr addr;
	uint16_t port; /* never 0 */
};

/* 0; or -EINVAL, *out untouched. */
int listen_address_parse(struct listen_address *out, const char *text);

#endif
