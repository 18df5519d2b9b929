/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the addresses that a Pod's status or annotations name are the pod's. */
#include "config/kube/kube.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct diag_list diags;
	struct kube_objects objects;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	fixture->arena = arena_create();
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	arena_unref(fixture->arena);
	free(fixture);
	return 0;
}

/* Findings are those of this text alone. */
static void decode_with(
	struct fixture *fixture, const char *text, enum address_annotations annotations)
{
	const struct byte_source source = byte_source_of_text(text, strlen(text));
	bool truncated;

	diag_list_init(&fixture->diags, fixture->arena);
	assert_int_equal(kube_read(&fixture->objects, &truncated, "f.yaml", &source, NULL,
				 (struct annotation_trust){.addresses = annotations},
				 fixture->arena, &fixture->diags),
		0);
	assert_int_equal(fixture->objects.count, 1);
}

static void decode(struct fixture *fixture, const char *text)
{
	decode_with(fixture, text, ADDRESS_ANNOTATIONS_AUTO);
}

/* An address that can't be a pod's is told and left out; those beside it count. */
static void leaves_out_addresses_that_no_pod_can_have(void **state)
{
	static const char *const impossible[] = {"0.0.0.0", "127.0.0.1", "127.255.0.9", "224.0.0.1",
		"239.1.2.3", "255.255.255.255", "::", "::1", "fe80::77", "febf::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:0.0.0.0"};
	static const char *const possible[] = {"10.0.0.1", "1.0.0.0", "169.254.1.1",
		"223.255.255.255", "240.0.0.1", "255.255.255.254", "fec0::1", "2001:db8::1", "::2",
		"fd00::ffff:7f00:1"};
	struct fixture *fixture = *state;
	char text[512], address[IP_ADDR_TEXT];
	const struct pod *pod;

	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nstatus: {podIPs: [{ip: "
			"\"%s\"}, {ip: 10.0.0.9}]}",
			impossible[i]);
		decode(fixture, text);
		assert_int_equal(fixture->diags.errors, 0);
		assert_string_equal(
			fixture->diags.items[fixture->diags.count - 1].code, "impossible-address");
		pod = fixture->objects.items[0].pod;
		assert_int_equal(pod->ip_count, 1);
		assert_string_equal(ip_addr_format(&pod->ips[0], address), "10.0.0.9");
	}
	for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++) {
		snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nstatus: {podIP: \"%s\"}",
			possible[i]);
		decode(fixture, text);
		assert_int_equal(fixture->diags.count, 0);
		assert_int_equal(fixture->objects.items[0].pod->ip_count, 1);
	}
	/* Those of the host network are the node's: no policy is about them. */
	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true}\n"
		"status: {podIP: 127.0.0.1}");
	assert_int_equal(fixture->diags.count, 0);
}

/* Kubernetes 1.20 takes it, and the pod has 10.0.0.7. */
static void reads_ipv4_written_as_ipv6(void **state)
{
	struct fixture *fixture = *state;
	char address[IP_ADDR_TEXT];
	const struct pod *pod;

	decode(fixture,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
		"status: {podIP: \"::ffff:10.0.0.7\", podIPs: [{ip: \"::ffff:10.0.0.7\"}, {ip: "
		"10.0.0.7}]}");
	pod = fixture->objects.items[0].pod;
	assert_int_equal(pod->ip_count, 1);
	assert_string_equal(ip_addr_format(&pod->ips[0], address), "10.0.0.7");
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].code, "odd-address");
}

/*
 * Whoever may create a Pod chooses its annotations: those of a Pod that an API server wrote give it
 * no address.
 */
static void trusts_annotations_that_no_server_wrote(void **state)
{
	static const struct {
		const char *metadata, *rest;
		bool trusted;
	} cases[] = {
		{"", "", true},
		/* podman writes it */
		{", creationTimestamp: \"2024-01-01T00:00:00Z\"", "spec: {nodeName: here}", true},
		/* kubectl --dry-run=client */
		{", creationTimestamp: null, uid: null", "status: {}", true},
		{"", "status: {phase: Running}", true},
		{", uid: 1ee36f8d-6a33-4b3c-8a6e-4f1d3c0d9a10", "status: {phase: Pending}", false},
		{", resourceVersion: \"71\"", "", false},
		{", managedFields: []", "", false},
		{"", "status: {phase: Pending, qosClass: BestEffort}", false},
		{"", "status: {conditions: [{type: PodScheduled}]}", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int trust = ADDRESS_ANNOTATIONS_AUTO; trust <= ADDRESS_ANNOTATIONS_OFF;
			trust++) {
			const bool trusted = trust == ADDRESS_ANNOTATIONS_ON ||
				(trust == ADDRESS_ANNOTATIONS_AUTO && cases[i].trusted);
			struct fixture *fixture = *state;
			char text[512];

			snprintf(text, sizeof(text),
				"apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: "
				"{podgate.io/ip: 10.0.0.3}%s}\n%s\n",
				cases[i].metadata, cases[i].rest);
			decode_with(fixture, text, (enum address_annotations)trust);
			assert_int_equal(fixture->objects.items[0].pod->ip_count, trusted);
			assert_int_equal(fixture->objects.items[0].pod->ips_annotated, trusted);
			assert_int_equal(fixture->diags.count, !trusted);
			if (!trusted)
				assert_string_equal(
					fixture->diags.items[0].code, "untrusted-address");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			leaves_out_addresses_that_no_pod_can_have, begin, end),
		cmocka_unit_test_setup_teardown(reads_ipv4_written_as_ipv6, begin, end),
		cmocka_unit_test_setup_teardown(
			trusts_annotations_that_no_server_wrote, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
