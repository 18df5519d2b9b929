/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/model.h"

#include <string.h>

/*
 * The rules of apimachinery's util/validation. Characters are tested by range, not by
 * ctype.h: what a label may hold does not depend on the locale of the gateway.
 */
enum { LABEL_MOST = 63, SUBDOMAIN_MOST = 253, PORT_NAME_MOST = 15 };

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_name_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]: a label value, or the name part of a label key. */
static bool is_name(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_name_char(text[i]))
			return false;
	return length > 0 && is_alnum(text[0]) && is_alnum(text[length - 1]);
}

/* [a-z0-9]([-a-z0-9]*[a-z0-9])? */
static bool is_dns_label(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_lower_alnum(text[i]) && text[i] != '-')
			return false;
	return length > 0 && text[0] != '-' && text[length - 1] != '-';
}

/* Labels joined by dots. As in apimachinery, only the whole has a length limit. */
static bool is_dns_subdomain(const char *text, size_t length)
{
	const char *const end = text + length;

	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = dot != NULL ? dot : end;

		if (!is_dns_label(text, (size_t)(stop - text)))
			return false;
		if (dot == NULL)
			return true;
		text = dot + 1;
	}
}

static const char *prefix_problem(const char *prefix, size_t length)
{
	if (length == 0)
		return "the prefix before '/' must not be empty";
	if (length > SUBDOMAIN_MOST)
		return "the prefix before '/' must be no more than 253 characters";
	if (!is_dns_subdomain(prefix, length))
		return "the prefix before '/' must be a DNS name of lower case letters, digits, "
		       "'-' and '.', each part beginning and ending with a letter or digit";
	return NULL;
}

const char *label_key_problem(const char *key)
{
	const char *slash = strchr(key, '/');
	const char *name = slash != NULL ? slash + 1 : key;
	const char *problem = slash != NULL ? prefix_problem(key, (size_t)(slash - key)) : NULL;

	if (problem != NULL)
		return problem;
	if (strchr(name, '/') != NULL)
		return "a label key must have at most one '/'";
	if (*name == '\0')
		return slash != NULL ? "the name after '/' must not be empty"
				     : "a label key must not be empty";
	if (strlen(name) > LABEL_MOST)
		return "the name of a label key must be no more than 63 characters";
	if (!is_name(name, strlen(name)))
		return "the name of a label key must consist of letters, digits, '-', '_' and '.', "
		       "and begin and end with a letter or digit";
	return NULL;
}

const char *label_value_problem(const char *value)
{
	if (*value == '\0')
		return NULL;
	if (strlen(value) > LABEL_MOST)
		return "a label value must be no more than 63 characters";
	if (!is_name(value, strlen(value)))
		return "a label value must consist of letters, digits, '-', '_' and '.', and begin "
		       "and end with a letter or digit";
	return NULL;
}

const char *object_name_problem(const char *name)
{
	if (*name == '\0')
		return "a name must not be empty";
	if (strlen(name) > SUBDOMAIN_MOST)
		return "a name must be no more than 253 characters";
	if (!is_dns_subdomain(name, strlen(name)))
		return "a name must consist of lower case letters, digits, '-' and '.', each part "
		       "between dots beginning and ending with a letter or digit";
	return NULL;
}

const char *namespace_name_problem(const char *name)
{
	if (*name == '\0')
		return "a namespace name must not be empty";
	if (strlen(name) > LABEL_MOST)
		return "a namespace name must be no more than 63 characters";
	if (!is_dns_label(name, strlen(name)))
		return "a namespace name must consist of lower case letters, digits and '-', and "
		       "begin and end with a letter or digit";
	return NULL;
}

const char *port_name_problem(const char *name)
{
	const size_t length = strlen(name);
	bool has_letter = false;

	if (length == 0)
		return "a port name must not be empty";
	if (length > PORT_NAME_MOST)
		return "a port name must be no more than 15 characters";
	for (size_t i = 0; i < length; i++) {
		if (!is_lower_alnum(name[i]) && name[i] != '-')
			return "a port name must consist of lower case letters, digits and '-'";
		has_letter = has_letter || is_lower(name[i]);
	}
	if (!has_letter)
		return "a port name must hold at least one letter";
	if (strstr(name, "--") != NULL)
		return "a port name must not hold two '-' in a row";
	if (name[0] == '-' || name[length - 1] == '-')
		return "a port name must not begin or end with '-'";
	return NULL;
}
