/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/capabilities.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/* How many the kernel knows; it may know more than the library has names for. */
static unsigned int count_known(void)
{
	unsigned int count = 0;

	while (count < 64 && prctl(PR_CAPBSET_READ, count, 0UL, 0UL, 0UL) >= 0)
		count++;
	return count;
}

static uint64_t read_flag(cap_t caps, cap_flag_t flag)
{
	const unsigned int count = count_known();
	uint64_t set = 0;

	for (unsigned int i = 0; i < count; i++) {
		cap_flag_value_t value;

		if (cap_get_flag(caps, (cap_value_t)i, flag, &value) == 0 && value == CAP_SET)
			set |= CAPABILITY(i);
	}
	return set;
}

static uint64_t read_each(int (*get)(cap_value_t value))
{
	const unsigned int count = count_known();
	uint64_t set = 0;

	for (unsigned int i = 0; i < count; i++)
		if (get((cap_value_t)i) == 1)
			set |= CAPABILITY(i);
	return set;
}

int capabilities_read(struct capabilities *out)
{
	cap_t caps = cap_get_proc();

	if (caps == NULL)
		return -errno;
	*out = (struct capabilities){
		.permitted = read_flag(caps, CAP_PERMITTED),
		.effective = read_flag(caps, CAP_EFFECTIVE),
		.inheritable = read_flag(caps, CAP_INHERITABLE),
		.ambient = read_each(cap_get_ambient),
		.bounding = read_each(cap_get_bound),
	};
	cap_free(caps);
	return 0;
}

bool capabilities_hold(unsigned int number)
{
	struct capabilities now;

	return capabilities_read(&now) == 0 && (now.effective & CAPABILITY(number)) != 0;
}

static int fill_flag(cap_t caps, cap_flag_t flag, uint64_t set)
{
	for (unsigned int i = 0; i < 64; i++) {
		const cap_value_t value = (cap_value_t)i;

		if ((set & CAPABILITY(i)) != 0 && cap_set_flag(caps, flag, 1, &value, CAP_SET) != 0)
			return -errno;
	}
	return 0;
}

/* All three sets anew. */
static int apply(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	cap_t caps = cap_init();
	int err;

	if (caps == NULL)
		return -errno;
	err = fill_flag(caps, CAP_PERMITTED, permitted);
	if (err == 0)
		err = fill_flag(caps, CAP_EFFECTIVE, effective);
	if (err == 0)
		err = fill_flag(caps, CAP_INHERITABLE, inheritable);
	if (err == 0 && cap_set_proc(caps) != 0)
		err = -errno;
	cap_free(caps);
	return err;
}

/*
 * Ambient ones must be permitted and inheritable, so the kernel has taken away what no longer is.
 */
static int add_ambient(uint64_t set)
{
	for (unsigned int i = 0; i < 64; i++)
		if ((set & CAPABILITY(i)) != 0 && cap_set_ambient((cap_value_t)i, CAP_SET) != 0)
			return -errno;
	return 0;
}

int capabilities_keep(uint64_t wanted, bool children)
{
	struct capabilities now;
	int err = capabilities_read(&now);

	if (err != 0)
		return err;
	wanted &= now.permitted;
	err = apply(wanted, wanted, children ? wanted : 0);
	if (err == 0 && children)
		err = add_ambient(wanted);
	return err;
}

int capabilities_bound(uint64_t wanted)
{
	const unsigned int count = count_known();

	for (unsigned int i = 0; i < count; i++) {
		if ((wanted & CAPABILITY(i)) != 0 || cap_get_bound((cap_value_t)i) != 1)
			continue;
		if (cap_drop_bound((cap_value_t)i) != 0)
			return -errno;
	}
	return 0;
}

int capabilities_raise(void)
{
	struct capabilities now;
	const int err = capabilities_read(&now);

	return err != 0 ? err : apply(now.permitted, now.permitted, now.inheritable);
}

int capabilities_lower(void)
{
	struct capabilities now;
	const int err = capabilities_read(&now);

	return err != 0 ? err : apply(now.permitted, 0, now.inheritable);
}

const char *capabilities_print(uint64_t set, char text[CAPABILITIES_TEXT])
{
	size_t used = 0;

	snprintf(text, CAPABILITIES_TEXT, "none");
	for (unsigned int i = 0; i < 64; i++) {
		char *name;

		if ((set & CAPABILITY(i)) == 0)
			continue;
		name = cap_to_name((cap_value_t)i); /* a number when the library knows no name */
		if (name != NULL && used + strlen(name) + 2 < CAPABILITIES_TEXT)
			used += (size_t)sprintf(text + used, "%s%s", used > 0 ? " " : "", name);
		cap_free(name);
	}
	return text;
}
