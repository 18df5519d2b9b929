/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the annotation podgate.io/audit counts: the setting audit_annotations. */
#include "config/kube/kube.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: "
			   "{podgate.io/audit: \"true\"}}\n---\n"
			   "apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: "
			   "{podgate.io/audit/main: \"true\"}}\n---\n"
			   "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
			   "metadata: {name: web, annotations: {podgate.io/audit: "
			   "\"true\"}}\nspec: {podSelector: {}}\n";

static void read_with(enum audit_annotations audit, bool expected, size_t warnings)
{
	const struct byte_source source = byte_source_of_text(text, strlen(text));
	struct arena *arena = arena_create();
	struct kube_objects objects;
	struct diag_list diags;
	size_t ignored = 0;
	bool truncated;

	diag_list_init(&diags, arena);
	assert_int_equal(kube_read(&objects, &truncated, "f", &source, NULL,
				 (struct annotation_trust){.audit = audit}, arena, &diags),
		0);
	assert_int_equal(objects.count, 3);
	assert_int_equal(objects.items[0].namespace_object->audit, expected);
	assert_int_equal(objects.items[1].pod->audit, expected);
	assert_int_equal(objects.items[2].policy->audit, expected);
	for (size_t i = 0; i < diags.count; i++)
		ignored += strcmp(diags.items[i].code, "ignored-audit") == 0;
	assert_int_equal(ignored, warnings);
	assert_int_equal(diags.errors, 0);
	arena_unref(arena);
}

static void counts_with_on_and_is_told_of_with_off(void **state)
{
	(void)state;
	read_with(AUDIT_ANNOTATIONS_ON, true, 0);
	read_with(AUDIT_ANNOTATIONS_OFF, false, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_with_on_and_is_told_of_with_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
