/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_RECORD_TIME_H
#define ENFORCER_LOG_RECORD_TIME_H

/*
 * Times as the verdict log and the control socket write them: RFC 3339, UTC,
 * "2026-11-24T10:00:00.123456Z". All are of one length, so that their order is that of their bytes.
 * Pure; any thread.
 */

#include <stdint.h>

enum { RECORD_TIME_TEXT = 32, RECORD_TIME_LENGTH = 27 };

/* To the microsecond, into `buffer`, which it returns. Nanoseconds since the epoch. */
const char *record_time_format(uint64_t time_ns, char buffer[RECORD_TIME_TEXT]);

/*
 * Reads such a text, with no fraction or one of up to nine digits, of the years 1970 to 2500. 0; or
 * -EINVAL, *out untouched.
 */
int record_time_parse(uint64_t *out, const char *text);

#endif
