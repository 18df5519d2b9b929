/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/unnamed.h"

#include <stdio.h>

void unnamed_find(struct unnamed *out, const struct places *places, const struct snapshot *snapshot)
{
	size_t count;
	const struct places_port *ports = places_ports(places, &count);

	*out = (struct unnamed){.count = 0};
	for (size_t i = 0; i < count; i++) {
		const struct places_port *port = &ports[i];
		const struct pod *pod = NULL; /* of this gateway, and behind the port */

		if (port->bridge == 0 || port->router)
			continue;
		for (size_t j = 0; j < port->count && pod == NULL; j++) {
			pod = snapshot_pod_at(snapshot, &port->addrs[j]);
			if (pod != NULL && !snapshot_pod_is_local(snapshot, pod))
				pod = NULL;
		}
		for (size_t j = 0; j < port->count && pod != NULL; j++) {
			if (snapshot_pod_at(snapshot, &port->addrs[j]) != NULL || out->count++ > 0)
				continue;
			out->first = port->addrs[j];
			snprintf(out->pod, sizeof(out->pod), "%s/%s", pod->namespace_name,
				pod->name);
		}
	}
}

void unnamed_format(const struct unnamed *unnamed, char text[UNNAMED_TEXT])
{
	char addr[IP_ADDR_TEXT], more[48] = "";

	text[0] = '\0';
	if (unnamed->count == 0)
		return;
	if (unnamed->count > 1)
		snprintf(more, sizeof(more), " (and %zu more)", unnamed->count - 1);
	snprintf(text, UNNAMED_TEXT,
		"%s has the address %s, which no manifest names%s: no policy holds for what uses "
		"it; take it from the pod, or name it in the pod's podIPs",
		unnamed->pod, ip_addr_format(&unnamed->first, addr), more);
}
