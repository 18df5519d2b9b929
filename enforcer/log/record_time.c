/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/record_time.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

enum { YEAR_MOST = 2500 }; /* nanoseconds in 64 bits end in 2554 */

const char *record_time_format(uint64_t time_ns, char buffer[RECORD_TIME_TEXT])
{
	const time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	const size_t length = strftime(buffer, RECORD_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);

	snprintf(buffer + length, RECORD_TIME_TEXT - length, ".%06uZ",
		(unsigned int)(time_ns % NS_PER_S / 1000));
	return buffer;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Exactly `digits` of them, a number from `least` to `most`, and then `end`. Returns what follows,
 * or NULL.
 */
static const char *read_part(const char *text, int digits, int least, int most, char end, int *out)
{
	int value = 0;

	if (text == NULL)
		return NULL;
	for (; digits > 0; digits--, text++) {
		if (!is_digit(*text))
			return NULL;
		value = value * 10 + (*text - '0');
	}
	if (value < least || value > most || *text != end)
		return NULL;
	*out = value;
	return text + 1;
}

/* What follows the dot, up to the Z. */
static const char *read_fraction(const char *text, uint64_t *out)
{
	uint64_t unit = NS_PER_S;

	for (; is_digit(*text) && unit > 1; text++) {
		unit /= 10;
		*out += unit * (uint64_t)(*text - '0');
	}
	return *text == 'Z' && unit < NS_PER_S ? text + 1 : NULL;
}

int record_time_parse(uint64_t *out, const char *text)
{
	struct tm utc = {0}, given;
	const char *seconds, *end;
	uint64_t fraction = 0;
	time_t since_epoch;

	text = read_part(text, 4, 1970, YEAR_MOST, '-', &utc.tm_year);
	text = read_part(text, 2, 1, 12, '-', &utc.tm_mon);
	text = read_part(text, 2, 1, 31, 'T', &utc.tm_mday);
	text = read_part(text, 2, 0, 23, ':', &utc.tm_hour);
	text = read_part(text, 2, 0, 59, ':', &utc.tm_min);
	seconds = text;
	end = read_part(seconds, 2, 0, 60, 'Z', &utc.tm_sec);
	if (end == NULL && (end = read_part(seconds, 2, 0, 60, '.', &utc.tm_sec)) != NULL)
		end = read_fraction(end, &fraction);
	if (end == NULL || *end != '\0')
		return -EINVAL;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	given = utc;
	since_epoch = timegm(&utc);
	if (utc.tm_mday != given.tm_mday && given.tm_sec < 60) /* 31 February became 3 March */
		return -EINVAL;
	*out = (uint64_t)since_epoch * NS_PER_S + fraction;
	return 0;
}
