/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/values/flow.h"

enum { CAPACITY_FIRST = 128, LISTED_MOST = 8 };

void phrase_init(struct phrase *phrase, struct arena *arena)
{
	*phrase = (struct phrase){.arena = arena};
}

/* Room for `more` bytes and a NUL. What was outgrown stays in the arena: sentences are short. */
static bool reserve(struct phrase *phrase, size_t more)
{
	size_t capacity = phrase->capacity == 0 ? CAPACITY_FIRST : phrase->capacity;
	char *text;

	while (capacity - phrase->length <= more)
		if (__builtin_mul_overflow(capacity, 2, &capacity))
			return false;
	if (capacity == phrase->capacity)
		return true;
	text = arena_alloc(phrase->arena, capacity);
	if (text == NULL)
		return false;
	if (phrase->length > 0)
		memcpy(text, phrase->text, phrase->length);
	phrase->text = text;
	phrase->capacity = capacity;
	return true;
}

void phrase_add(struct phrase *phrase, const char *format, ...)
{
	va_list args, again;
	int length;

	if (phrase->failed)
		return;
	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0 && reserve(phrase, (size_t)length)) {
		vsnprintf(phrase->text + phrase->length, (size_t)length + 1, format, again);
		phrase->length += (size_t)length;
	} else {
		phrase->failed = true;
	}
	va_end(again);
	va_end(args);
}

const char *phrase_end(struct phrase *phrase)
{
	if (phrase->failed)
		return NULL;
	return phrase->length > 0 ? phrase->text : "";
}

static void add_values(struct phrase *phrase, const struct requirement *requirement)
{
	phrase_add(phrase, "(");
	for (size_t i = 0; i < requirement->value_count && i < LISTED_MOST; i++)
		phrase_add(phrase, "%s%s", i > 0 ? ", " : "", requirement->values[i]);
	if (requirement->value_count > LISTED_MOST)
		phrase_add(phrase, ", and %zu more", requirement->value_count - LISTED_MOST);
	phrase_add(phrase, ")");
}

void phrase_add_requirement(struct phrase *phrase, const struct requirement *requirement)
{
	switch (requirement->op) {
	case REQUIREMENT_EXISTS:
		phrase_add(phrase, "label %s", requirement->key);
		return;
	case REQUIREMENT_DOES_NOT_EXIST:
		phrase_add(phrase, "no label %s", requirement->key);
		return;
	case REQUIREMENT_NOT_IN:
		phrase_add(phrase, "%s not in ", requirement->key);
		add_values(phrase, requirement);
		return;
	case REQUIREMENT_IN:
		if (requirement->value_count == 1) {
			phrase_add(phrase, "%s=%s", requirement->key, requirement->values[0]);
			return;
		}
		phrase_add(phrase, "%s in ", requirement->key);
		add_values(phrase, requirement);
		return;
	}
}

void phrase_add_selector(struct phrase *phrase, const struct selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		phrase_add(phrase, "%s", i > 0 ? ", " : "");
		phrase_add_requirement(phrase, &selector->requirements[i]);
	}
}

void phrase_add_label(struct phrase *phrase, const struct label_set *labels, const char *key)
{
	const char *value = label_set_get(labels, key);

	if (value != NULL)
		phrase_add(phrase, "%s=%s", key, value);
	else
		phrase_add(phrase, "no label %s", key);
}

void phrase_add_requirement_path(struct phrase *phrase, const struct selector *selector,
	const struct requirement *requirement)
{
	const bool plain = strpbrk(requirement->key, "./") == NULL;
	size_t before = 0;

	if (requirement->from_match_labels) {
		phrase_add(
			phrase, plain ? "matchLabels.%s" : "matchLabels[\"%s\"]", requirement->key);
		return;
	}
	for (const struct requirement *at = selector->requirements; at < requirement; at++)
		before += !at->from_match_labels;
	phrase_add(phrase, "matchExpressions[%zu]", before);
}

void phrase_add_port(struct phrase *phrase, const struct policy_port *port)
{
	switch (port->kind) {
	case POLICY_PORT_ANY:
		phrase_add(phrase, "any");
		return;
	case POLICY_PORT_NAMED:
		phrase_add(phrase, "%s", port->name);
		return;
	case POLICY_PORT_NUMBER:
		phrase_add(phrase, "%u", (unsigned int)port->first);
		if (port->last != port->first)
			phrase_add(phrase, "-%u", (unsigned int)port->last);
		return;
	}
}

void phrase_add_addr(struct phrase *phrase, const struct ip_addr *addr)
{
	char text[IP_ADDR_TEXT];

	phrase_add(phrase, "%s", ip_addr_format(addr, text));
}

void phrase_add_cidr(struct phrase *phrase, const struct cidr *block)
{
	char text[CIDR_TEXT];

	phrase_add(phrase, "%s", cidr_format(block, text));
}

void phrase_add_block(struct phrase *phrase, const struct ip_block *block)
{
	phrase_add_cidr(phrase, &block->cidr);
	for (size_t i = 0; i < block->except_count && i < LISTED_MOST; i++) {
		phrase_add(phrase, i == 0 ? " except " : ", ");
		phrase_add_cidr(phrase, &block->excepts[i]);
	}
	if (block->except_count > LISTED_MOST)
		phrase_add(phrase, " and %zu more", block->except_count - LISTED_MOST);
}

void phrase_add_protocol(struct phrase *phrase, uint8_t protocol)
{
	char text[FLOW_PROTOCOL_TEXT];

	phrase_add(phrase, "%s", flow_protocol_name(protocol, text));
}

/*
 * Label values are words; those that YAML would take for a number, a boolean or null need their
 * quotes.
 */
static bool needs_quotes(const char *value)
{
	static const char *const words[] = {
		"", "true", "false", "yes", "no", "on", "off", "y", "n", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return value[0] >= '0' && value[0] <= '9';
}

void phrase_add_match_labels(struct phrase *phrase, const struct label_set *labels)
{
	phrase_add(phrase, "{");
	for (size_t i = 0; i < labels->count; i++)
		phrase_add(phrase,
			needs_quotes(labels->items[i].value) ? "%s%s: \"%s\"" : "%s%s: %s",
			i > 0 ? ", " : "", labels->items[i].key, labels->items[i].value);
	phrase_add(phrase, "}");
}
