/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/doctor_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

const struct settings doctor_check_usual = {
	.workers = 2,
	.queue_base = 8610,
	.queue_length = 64,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
};

void doctor_check_run(struct doctor_check *out, const struct settings *settings)
{
	out->settings = *settings;
	out->count = host_check(settings, out->findings);
}

const struct host_finding *doctor_check_find(
	const struct doctor_check *doctor_check, const char *check)
{
	for (size_t i = 0; i < doctor_check->count; i++)
		if (strcmp(doctor_check->findings[i].check, check) == 0)
			return &doctor_check->findings[i];
	return NULL;
}

const struct host_finding *doctor_check_finding(const struct settings *settings, const char *check)
{
	static struct doctor_check doctor_check;
	const struct host_finding *finding;

	doctor_check_run(&doctor_check, settings);
	finding = doctor_check_find(&doctor_check, check);
	if (finding == NULL)
		fail_msg("no finding %s", check);
	return finding;
}

void doctor_check_expect(
	const struct settings *settings, const char *check, enum host_state state, const char *part)
{
	const struct host_finding *finding = doctor_check_finding(settings, check);

	if (finding->state != state || strstr(finding->found, part) == NULL)
		fail_msg("%s: %s: %s", check, host_state_name(finding->state), finding->found);
}
