/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

/*
 * Reading what a daemon has answered. It may be of another version than this command: a field that
 * is not there, or of another type, reads as nothing. Texts live as long as the answer. Pure.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

/* NULL when it is not there, or `object` is NULL. */
const cJSON *answer_get(const cJSON *object, const char *field);
const char *answer_text(const cJSON *object, const char *field); /* "" when it is no text */
bool answer_true(const cJSON *object, const char *field);
double answer_number(const cJSON *object, const char *field); /* 0 when it is no number */

#endif
