/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/since.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/log/record_time.h"

#define NS_PER_S ((uint64_t)1000000000)

static time_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* "1h30m": numbers, a unit behind each. False when it is nothing of the kind. */
static bool read_duration(time_t *out, const char *text)
{
	const unsigned long most = 100UL * 366 * 86400;
	time_t seconds = 0;

	do {
		char *end;
		const unsigned long count = strtoul(text, &end, 10);
		const time_t unit = unit_seconds(*end);

		if (*text < '0' || *text > '9' || unit == 0 || count > most)
			return false;
		seconds += (time_t)count * unit;
		text = end + 1;
	} while (*text != '\0');
	*out = seconds;
	return (unsigned long)seconds <= most;
}

/* A date and a time, or one of them; what is not written is 0, the day being today. */
static bool read_local(struct tm *out, const char *text)
{
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%S",
		"%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M",
		"%Y-%m-%d %H:%M",
		"%Y-%m-%d",
		"%H:%M:%S",
		"%H:%M",
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = {.tm_year = out->tm_year,
			.tm_mon = out->tm_mon,
			.tm_mday = out->tm_mday,
			.tm_isdst = -1};
		const char *end = strptime(text, formats[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		*out = tm;
		return true;
	}
	return false;
}

static int read_time(time_t *out, const char *text, time_t now)
{
	const size_t length = strlen(text);
	const bool utc = length > 0 && text[length - 1] == 'Z';
	char copy[64];
	struct tm tm;
	int day;

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length + 1);
	if (utc)
		copy[length - 1] = '\0';
	if ((utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)) == NULL || !read_local(&tm, copy))
		return -EINVAL;
	day = tm.tm_mday;
	*out = utc ? timegm(&tm) : mktime(&tm);
	return *out < 0 || tm.tm_mday != day ? -EINVAL : 0; /* 31 February became 3 March */
}

int since_parse(uint64_t *out, const char *text, time_t now)
{
	time_t seconds;
	uint64_t exact;

	if (read_duration(&seconds, text)) {
		seconds = now - seconds;
	} else if (record_time_parse(&exact, text) == 0) {
		if (exact / NS_PER_S > (uint64_t)now)
			return -ERANGE;
		*out = exact;
		return 0;
	} else if (read_time(&seconds, text, now) != 0) {
		return -EINVAL;
	}
	if (seconds > now)
		return -ERANGE;
	*out = (uint64_t)(seconds < 0 ? 0 : seconds) * NS_PER_S;
	return 0;
}
