/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_JSON_WRITER_H
#define CONFIG_TEXT_JSON_WRITER_H

/*
 * Writes JSON straight into a buffer, without spaces, byte for byte as cJSON_PrintUnformatted()
 * would. A value allocates nothing: only the buffer grows, and it can be used for the next text.
 * When memory is short once, `err` stays -ENOMEM and whatever follows is left out: the caller looks
 * at the end. One thread at a time.
 *
 * `key` is the name of a member, NULL in an array and for the outermost value. A key is a literal
 * of the program and is not escaped. Texts are escaped; they may hold bytes that are not UTF-8.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct json_writer {
	char *text; /* malloc()ed; no NUL byte at its end unless json_end_line() wrote one */
	size_t length, capacity;
	size_t line; /* where the line under construction begins */
	bool comma;  /* the next value is not the first of its object or array */
	int err;     /* 0 or -ENOMEM */
};

void json_writer_deinit(struct json_writer *writer);
/* Empties it, forgets the error and keeps the buffer. */
void json_writer_clear(struct json_writer *writer);

void json_begin_object(struct json_writer *writer, const char *key);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);

void json_text(struct json_writer *writer, const char *key, const char *text);
/* Exact below 10^15; above that with the 15 to 17 digits of a double. */
void json_number(struct json_writer *writer, const char *key, uint64_t number);
void json_double(struct json_writer *writer, const char *key, double number);
void json_bool(struct json_writer *writer, const char *key, bool value);

/* Members that are left out when there is nothing to say: an empty text, and false. */
void json_text_unless_empty(struct json_writer *writer, const char *key, const char *text);
void json_bool_if_true(struct json_writer *writer, const char *key, bool value);

/*
 * Ends a line with a newline (and a NUL byte behind it, not counted). Bytes in it that are not
 * UTF-8 become '?' (utf8_mend()). The next value begins the next line.
 */
void json_end_line(struct json_writer *writer);
/* Adds bytes that are JSON already: a value; and lines, or a part of one. */
void json_value(struct json_writer *writer, const char *key, const char *bytes, size_t length);
void json_raw(struct json_writer *writer, const char *bytes, size_t length);

/* {"ok": false, "error": TEXT}: how a command of the control socket is refused. */
void json_refusal(struct json_writer *writer, const char *error);

#endif
