/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/publish_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/support/event_loop.h"
#include "tests/support/one_file.h"

static const char pods[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, "
			   "annotations: {podgate.io/audit: 'true'}}\n"
			   "status: {podIPs: [{ip: 10.9.0.1}, {ip: 'fd09::1'}]}\n";

int publish_fixture_setup(void **state)
{
	static const char *const manifests[] = {"/etc/podgate/manifests"};
	static struct publish_fixture stage;
	const struct verdict_log_options log = {
		.path = "/dev/null", .ring_capacity = ENFORCEMENT_RING_CAPACITY};
	char problem[PROBLEM_SIZE] = "";

	stage = (struct publish_fixture){.settings = {
						 .manifests = manifests,
						 .manifest_count = 1,
						 .workers = 1,
						 .queue_base = 8610,
						 .queue_length = 1024,
						 .backend = BACKEND_NFT,
						 .mark_allow = 0x20000000,
						 .mark_deny = 0x40000000,
						 .ipv6 = SWITCH_ON,
						 .node_name = "",
						 .log_file = "/dev/null",
						 .state_directory = "",
						 .sweep_cpu_share = 25,
					 }};
	event_loop_init(&stage.loop);
	assert_int_equal(store_create(&stage.store), 0);
	assert_int_equal(one_file_put(stage.store, "pods.yaml", pods, strlen(pods)), 0);
	assert_int_equal(verdict_log_open(&stage.log, &log), 0);
	if (enforcement_open(&stage.enforcement, &stage.settings, stage.log, &stage.inheritance,
		    problem) != 0)
		fail_msg("%s", problem);
	assert_int_equal(publisher_create(&stage.publisher,
				 &(struct publisher_options){
					 .loop = &stage.loop,
					 .store = stage.store,
					 .enforcement = stage.enforcement,
					 .log = stage.log,
					 .settings = &stage.settings,
				 }),
		0);
	if (publisher_start(stage.publisher, problem) != 0)
		fail_msg("%s", problem);
	*state = &stage;
	return 0;
}

int publish_fixture_teardown(void **state)
{
	struct publish_fixture *stage = *state;

	publisher_stop(stage->publisher);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&stage->loop), 0);
	enforcement_close(stage->enforcement);
	publisher_free(stage->publisher);
	verdict_log_free(stage->log);
	store_free(stage->store);
	return 0;
}
