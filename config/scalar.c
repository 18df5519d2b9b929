/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool scalar_is_null(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };

	return is_one_of(text, nulls);
}

static const char *const truths[] = { "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", NULL };
static const char *const falsehoods[] = { "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", NULL };

static const char *skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* 12, 0x1F, 0o17, 0b11, with underscores anywhere. */
static bool looks_integer(const char *text)
{
	const char *digits = "0123456789_";

	text = skip_sign(text);
	if (text[0] == '0' && text[1] != '\0' && strchr("xX", text[1]) != NULL)
		digits = "0123456789abcdefABCDEF_";
	if (text[0] == '0' && text[1] != '\0' && strchr("xXoObB", text[1]) != NULL)
		text += 2;
	return *text != '\0' && *text != '_' && text[strspn(text, digits)] == '\0';
}

static bool is_infinite(const char *text)
{
	static const char *const words[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL };

	return is_one_of(skip_sign(text), words);
}

/* Digits with a point, an exponent or both: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
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

enum scalar_type scalar_type(const struct node *node)
{
	const char *text = node->text;

	if (node->quoted)
		return SCALAR_STRING;
	if (isalpha((unsigned char)*text))
		return is_one_of(text, truths) || is_one_of(text, falsehoods) ? SCALAR_BOOLEAN : SCALAR_STRING;
	if (looks_integer(text))
		return SCALAR_INTEGER;
	return looks_float(text) || is_infinite(text) ? SCALAR_FLOAT : SCALAR_STRING;
}

const char *scalar_type_name(enum scalar_type type)
{
	static const char *const names[] = { "a string", "a boolean", "a number", "a number" };

	return names[type];
}

int scalar_boolean(const struct node *node, bool *out)
{
	if (scalar_type(node) != SCALAR_BOOLEAN)
		return -EINVAL;
	*out = is_one_of(node->text, truths);
	return 0;
}

int scalar_integer(const struct node *node, int64_t *out)
{
	const char *digits = skip_sign(node->text);
	const bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	long long value;
	char *end;

	if (scalar_type(node) != SCALAR_INTEGER || strchr(digits, '_') != NULL)
		return -EINVAL;
	if (!hexadecimal && digits[0] == '0' && digits[1] != '\0')
		return -EINVAL;
	errno = 0;
	value = strtoll(node->text, &end, hexadecimal ? 16 : 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (*end != '\0')
		return -EINVAL;
	*out = value;
	return 0;
}
