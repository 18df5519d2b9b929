/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SINCE_H
#define CLI_SINCE_H

/*
 * A moment in the past as people write it: so long ago ("90s", "10m", "1h30m", "2d"), or a time:
 * "10:00" and "10:00:30" of today, "2026-11-24", "2026-11-24 10:00", with or without seconds, T for
 * the space; these are local time, with a Z at the end they are UTC.
 */

#include <stdint.h>
#include <time.h>

/*
 * As of `now`. Nanoseconds since the epoch. 0; -EINVAL for what can't be read, -ERANGE for what is
 * not in the past.
 */
int since_parse(uint64_t *out, const char *text, time_t now);

#endif
