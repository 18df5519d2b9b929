/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/enforcer/examination.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

const struct settings examination_usual = {
	.workers = 2,
	.queue_base = 8610,
	.queue_length = 64,
	.mark_allow = 0x20000000,
	.mark_deny = 0x40000000,
};

void examination_run(struct examination *out, const struct settings *settings)
{
	out->settings = *settings;
	out->count = host_check(settings, out->findings);
}

const struct host_finding *examination_find(const struct examination *examination, const char *check)
{
	for (size_t i = 0; i < examination->count; i++)
		if (strcmp(examination->findings[i].check, check) == 0)
			return &examination->findings[i];
	return NULL;
}

const struct host_finding *examination_finding(const struct settings *settings, const char *check)
{
	static struct examination examination;
	const struct host_finding *finding;

	examination_run(&examination, settings);
	finding = examination_find(&examination, check);
	if (finding == NULL)
		fail_msg("no finding %s", check);
	return finding;
}

void examination_expect(
	const struct settings *settings, const char *check, enum host_state state, const char *part)
{
	const struct host_finding *finding = examination_finding(settings, check);

	if (finding->state != state || strstr(finding->found, part) == NULL)
		fail_msg("%s: %s: %s", check, host_state_name(finding->state), finding->found);
}
