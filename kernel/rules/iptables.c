/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/iptables.h"

#include <string.h>

#include "kernel/rules/iptables_programs.h"

/*
 * Of the process, because what it may do is: a daemon that has given up running programs has given
 * it up for all of its threads. Set before there are any.
 */
static const struct iptables_ops *current = &iptables_programs;

void iptables_use(const struct iptables_ops *ops)
{
	current = ops;
}

const char *iptables_backend_name(enum backend_choice backend)
{
	return backend == BACKEND_LEGACY ? "legacy" : "nft";
}

const char *iptables_family_name(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? "IPv6" : "IPv4";
}

int iptables_available(
	enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE])
{
	return current->available(backend, family, problem);
}

int iptables_default_backend(enum backend_choice *out)
{
	return current->default_backend(out);
}

int iptables_save(enum backend_choice backend, enum ip_family family, const char *table,
	bool counters, char **out, char problem[PROBLEM_SIZE])
{
	return current->save(backend, family, table, counters, out, problem);
}

bool iptables_save_is_whole(const char *saved)
{
	static const char left_out[] = "is incompatible, use 'nft' tool.";

	while (saved != NULL && *saved != '\0') {
		const size_t length = strcspn(saved, "\n");

		if (*saved == '#' && length >= strlen(left_out) &&
			strncmp(saved + length - strlen(left_out), left_out, strlen(left_out)) == 0)
			return false;
		saved += length + (saved[length] == '\n');
	}
	return true;
}

int iptables_restore(enum backend_choice backend, enum ip_family family, const char *text,
	char problem[PROBLEM_SIZE])
{
	return current->restore(backend, family, text, problem);
}

int iptables_generation(enum backend_choice backend, enum ip_family family, uint64_t *out)
{
	return current->generation(backend, family, out);
}
