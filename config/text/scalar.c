/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MOST = 400, BOOLEAN_MOST = 5 }; /* bytes; what is longer is a string */

/* The value of an unquoted scalar. */
struct value {
	enum scalar_type type;
	bool boolean;  /* BOOLEAN */
	bool negative; /* INTEGER: the sign of `magnitude` */
	uint64_t magnitude;
	double number; /* FLOAT */
};

static bool is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool scalar_is_null(const char *text)
{
	static const char *const nulls[] = {"~", "null", "Null", "NULL", NULL};

	return text[0] == '\0' ||
		((text[0] == '~' || (text[0] | 0x20) == 'n') && is_one_of(text, nulls));
}

static bool read_boolean(const char *text, struct value *out)
{
	static const char *const truths[] = {
		"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y", NULL};
	static const char *const falsehoods[] = {
		"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N", NULL};

	if (strnlen(text, BOOLEAN_MOST + 1) > BOOLEAN_MOST)
		return false;
	out->boolean = is_one_of(text, truths);
	return out->boolean || is_one_of(text, falsehoods);
}

static const char *skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* The base that 0x, 0o, 0b or a leading zero announces; *digits is moved behind it. */
static unsigned int read_base(const char **digits)
{
	const char *at = *digits;

	if (at[0] != '0' || at[1] == '\0')
		return 10;
	*digits = at + 2;
	switch (at[1] | 0x20) {
	case 'x':
		return 16;
	case 'o':
		return 8;
	case 'b':
		return 2;
	default:
		*digits = at + 1;
		return 8;
	}
}

/*
 * As Go's ParseInt() and ParseUint() with base 0: a number past 64 bits is none, nor is one past 63
 * that has a sign.
 */
static bool read_integer(const char *text, struct value *out)
{
	static const char known[] = "0123456789abcdef0123456789ABCDEF";
	const char *digits = skip_sign(text);
	const bool has_sign = digits != text;
	const unsigned int base = read_base(&digits);
	uint64_t value = 0;

	if (*digits == '\0')
		return false;
	for (; *digits != '\0'; digits++) {
		const char *at = strchr(known, *digits);
		const unsigned int digit = at == NULL ? 16 : (unsigned int)(at - known) % 16;

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	out->negative = *text == '-';
	out->magnitude = value;
	return !has_sign || value <= (uint64_t)INT64_MAX + out->negative;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_float(const char *text)
{
	size_t whole, fraction = 0;

	text = skip_sign(text);
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '.') {
		fraction = strspn(text + 1, "0123456789");
		text += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text = skip_sign(text + 1);
		if (*text == '\0')
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

/* As Go's ParseFloat(): what is too large for a double is none. */
static bool read_float(const char *text, struct value *out)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const no_numbers[] = {".nan", ".NaN", ".NAN", NULL};

	if (is_one_of(skip_sign(text), infinities)) {
		out->number = *text == '-' ? -(double)INFINITY : (double)INFINITY;
		return true;
	}
	if (is_one_of(text, no_numbers)) {
		out->number = (double)NAN;
		return true;
	}
	if (!looks_float(text))
		return false;
	out->number = strtod(text, NULL);
	return isfinite(out->number);
}

/*
 * Numbers may have underscores anywhere behind their first character, but those that begin with a
 * point.
 */
static bool read_number(const char *text, struct value *out)
{
	char plain[NUMBER_MOST];
	size_t length = 0;

	if (*text != '.' && strchr(text, '_') != NULL) {
		for (; *text != '\0'; text++) {
			if (*text == '_')
				continue;
			if (length + 1 == sizeof(plain))
				return false;
			plain[length++] = *text;
		}
		plain[length] = '\0';
		text = plain;
	}
	if (*text != '.' && read_integer(text, out)) {
		out->type = SCALAR_INTEGER;
		return true;
	}
	if (!read_float(text, out))
		return false;
	out->type = SCALAR_FLOAT;
	return true;
}

static struct value resolve(const char *text)
{
	struct value value = {.type = SCALAR_STRING};

	if (isalpha((unsigned char)*text)) {
		if (read_boolean(text, &value))
			value.type = SCALAR_BOOLEAN;
	} else if (*text != '\0' && strchr("+-.0123456789", *text) != NULL) {
		read_number(text, &value);
	}
	return value;
}

enum scalar_type scalar_type(const struct node *node)
{
	return node->quoted ? SCALAR_STRING : resolve(node->text).type;
}

const char *scalar_type_name(enum scalar_type type)
{
	static const char *const names[] = {"a string", "a boolean", "a number", "a number"};

	return names[type];
}

int scalar_boolean(const struct node *node, bool *out)
{
	const struct value value = resolve(node->text);

	if (node->quoted || value.type != SCALAR_BOOLEAN)
		return -EINVAL;
	*out = value.boolean;
	return 0;
}

bool scalar_is_letter_boolean(const struct node *node)
{
	return !node->quoted && node->text[0] != '\0' && strchr("yYnN", node->text[0]) != NULL &&
		node->text[1] == '\0';
}

int scalar_integer(const struct node *node, int64_t *out)
{
	const struct value value = resolve(node->text);

	if (node->quoted || (value.type != SCALAR_INTEGER && value.type != SCALAR_FLOAT))
		return -EINVAL;
	if (value.type == SCALAR_FLOAT) {
		if (!isfinite(value.number))
			return -EINVAL;
		if (value.number < -0x1p63 || value.number >= 0x1p63)
			return -ERANGE;
		if ((double)(int64_t)value.number != value.number)
			return -EINVAL;
		*out = (int64_t)value.number;
		return 0;
	}
	if (value.magnitude > (uint64_t)INT64_MAX + value.negative)
		return -ERANGE;
	*out = (int64_t)(value.negative ? 0 - value.magnitude : value.magnitude);
	return 0;
}

bool scalar_is_plain_number(const struct node *node)
{
	const char *digits = skip_sign(node->text);
	const bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');

	if (hexadecimal)
		return strchr(digits, '_') == NULL;
	return (digits[0] != '0' || digits[1] == '\0') &&
		digits[strspn(digits, "0123456789")] == '\0';
}

/* As Go's FormatFloat(value, 'g', -1, 32): the fewest digits that name the same float. */
static void format_float(double value, char out[SCALAR_KEY_TEXT])
{
	const float single = (float)value;
	int digits = 1, exponent;

	if (isnan(single) || isinf(single)) {
		snprintf(out, SCALAR_KEY_TEXT, "%s",
			isnan(single)	     ? ".nan"
				: single < 0 ? "-.inf"
					     : ".inf");
		return;
	}
	do
		snprintf(out, SCALAR_KEY_TEXT, "%.*e", digits - 1, (double)single);
	while (strtof(out, NULL) != single && digits++ < 9);
	exponent = atoi(strchr(out, 'e') + 1);
	if (exponent >= -4 && exponent < 6)
		snprintf(out, SCALAR_KEY_TEXT, "%.*f",
			digits - 1 > exponent ? digits - 1 - exponent : 0, (double)single);
}

const char *scalar_key(const char *text, char out[SCALAR_KEY_TEXT])
{
	const struct value value = resolve(text);

	switch (value.type) {
	case SCALAR_STRING:
		return text;
	case SCALAR_BOOLEAN:
		return value.boolean ? "true" : "false";
	case SCALAR_INTEGER:
		if (value.magnitude > (uint64_t)INT64_MAX + value.negative)
			return NULL;
		snprintf(out, SCALAR_KEY_TEXT, "%s%llu",
			value.negative && value.magnitude != 0 ? "-" : "",
			(unsigned long long)value.magnitude);
		break;
	case SCALAR_FLOAT:
		format_float(value.number, out);
		break;
	}
	return strcmp(out, text) == 0 ? text : out;
}
