/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_WATCH_TEXT_H
#define CLI_WATCH_TEXT_H

/*
 * A line of the verdict log (podgate-log(5)) as one line for people: when, what, from where to
 * where, why, how often.
 */

#include <cjson/cJSON.h>

/*
 * Prints on standard output. What is missing or of another type is left out. The tree must have
 * been through output_clean_json().
 */
void watch_text_print(const cJSON *record);

#endif
