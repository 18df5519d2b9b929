/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The door for sources, proved by a second one: a list of pods in memory, beside a directory on a
 * real folder, on a real loop.
 */

#include "config/source/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/source/directory.h"
#include "tests/support/findings.h"
#include "tests/support/temporary.h"

static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: shop}\n---\n";

/* ---- a second source ---- */

struct engine {
	struct source source; /* first */
	const char *bytes;    /* of pods as a manifest; NULL: none */
	const char *object;   /* the name of a pod that it brings parsed; NULL: none */
	bool refuses;	      /* to start */
	bool slow;	      /* to read: waits for `go_on` */
	uv_sem_t go_on;
	uv_thread_t reader; /* the thread of the last reading */
	unsigned int begun, ended;
	bool *stopped;
};

static int engine_start(struct source *source, uv_loop_t *loop)
{
	(void)loop;
	return ((struct engine *)source)->refuses ? -ECONNREFUSED : 0;
}

static void engine_begin(struct source *source)
{
	((struct engine *)source)->begun++;
}

static int engine_read(struct source *source)
{
	struct engine *engine = (struct engine *)source;
	int err = 0;

	engine->reader = uv_thread_self();
	if (engine->slow)
		uv_sem_wait(&engine->go_on);
	if (engine->bytes != NULL)
		err = store_put(source->objects, "engine/bytes", engine->bytes,
			strlen(engine->bytes), NULL);
	else
		store_remove(source->objects, "engine/bytes");
	if (err == 0 && engine->object != NULL) {
		struct arena *arena = arena_create();
		struct pod *parsed = arena_alloc(arena, sizeof(*parsed));
		const struct kube_object object = {.kind = KUBE_POD, .pod = parsed};

		*parsed = (struct pod){.namespace_name = "shop",
			.name = engine->object,
			.pos = {.file = "engine/objects", .line = 1, .column = 1}};
		err = store_put_objects(source->objects, "engine/objects", &object, 1, arena);
		arena_unref(arena);
	} else {
		store_remove(source->objects, "engine/objects");
	}
	return err;
}

static void engine_end(struct source *source)
{
	((struct engine *)source)->ended++;
}

static void engine_stop(struct source *source)
{
	struct engine *engine = (struct engine *)source;

	*engine->stopped = true;
	uv_sem_destroy(&engine->go_on);
	free(engine);
}

static const char *engine_health(const struct source *source)
{
	return ((const struct engine *)source)->bytes == NULL ? "the engine is away" : NULL;
}

static const struct source_ops engine_ops = {
	.start = engine_start,
	.begin = engine_begin,
	.read = engine_read,
	.end = engine_end,
	.stop = engine_stop,
	.health = engine_health,
};

/* ---- both ---- */

struct fixture {
	struct temporary folder;
	uv_loop_t loop;
	struct store *store;
	struct source *directory;
	struct engine *engine;
	bool engine_stopped;
	unsigned int readings, changes;
};

static void on_read(void *context, bool changed, uint64_t since_ns)
{
	struct fixture *fixture = context;

	assert_true(since_ns > 0 && since_ns <= uv_hrtime());
	fixture->readings++;
	fixture->changes += changed;
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const char *path;
	size_t failed;

	temporary_create(&fixture->folder);
	path = temporary_path(&fixture->folder, "manifests");
	mkdir(path, 0755);
	uv_loop_init(&fixture->loop);
	assert_int_equal(store_create(&fixture->store), 0);
	assert_int_equal(directory_create(&fixture->directory, fixture->store, &path, 1,
				 &(struct directory_options){.debounce_ms = 10}, &failed),
		0);
	assert_int_equal(source_start(fixture->directory, &fixture->loop, on_read, fixture), 0);
	fixture->engine = calloc(1, sizeof(*fixture->engine));
	fixture->engine->source.ops = &engine_ops;
	fixture->engine->source.store = fixture->store;
	fixture->engine->source.objects = store_source(fixture->store, "engine");
	fixture->engine->stopped = &fixture->engine_stopped;
	uv_sem_init(&fixture->engine->go_on, 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	source_stop(fixture->directory);
	if (!fixture->engine_stopped)
		source_stop(&fixture->engine->source);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_true(fixture->engine_stopped);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
	store_free(fixture->store);
	temporary_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static void rescan(struct fixture *fixture, struct source *source)
{
	source_rescan(source);
	assert_true(source_is_awaited(source));
	while (source_is_awaited(source))
		uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void start_engine(struct fixture *fixture)
{
	assert_int_equal(
		source_start(&fixture->engine->source, &fixture->loop, on_read, fixture), 0);
}

/* "name file" of each pod in force. */
static void expect_pods(struct fixture *fixture, const char *expected)
{
	struct cluster *cluster;
	char text[1024] = "";

	assert_int_equal(store_cluster(fixture->store, &cluster), 0);
	for (size_t i = 0; i < cluster->pod_count; i++)
		sprintf(text + strlen(text), "%s%s %s", i == 0 ? "" : ", ", cluster->pods[i]->name,
			strrchr(cluster->pods[i]->pos.file, '/') + 1);
	cluster_unref(cluster);
	assert_string_equal(text, expected);
}

static void write_pod(struct fixture *fixture, const char *file, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), pod, name);
	temporary_write(&fixture->folder, file, text);
}

static void keeps_its_objects_when_others_rescan(void **state)
{
	struct fixture *fixture = *state;
	char bytes[256];

	write_pod(fixture, "manifests/a.yaml", "a");
	rescan(fixture, fixture->directory);
	snprintf(bytes, sizeof(bytes), pod, "b");
	fixture->engine->bytes = bytes;
	fixture->engine->object = "c";
	start_engine(fixture);
	expect_pods(fixture, "a a.yaml, b bytes, c objects");
	rescan(fixture, fixture->directory);
	expect_pods(fixture, "a a.yaml, b bytes, c objects");
	unlink(temporary_path(&fixture->folder, "manifests/a.yaml"));
	rescan(fixture, fixture->directory);
	expect_pods(fixture, "b bytes, c objects");
	/* Nor does it remove any but its own. */
	write_pod(fixture, "manifests/a.yaml", "a");
	rescan(fixture, fixture->directory);
	fixture->engine->bytes = NULL;
	rescan(fixture, &fixture->engine->source);
	expect_pods(fixture, "a a.yaml, c objects");
	fixture->engine->object = NULL;
	rescan(fixture, &fixture->engine->source);
	expect_pods(fixture, "a a.yaml");
	assert_string_equal(engine_ops.health(&fixture->engine->source), "the engine is away");
	assert_null(fixture->directory->ops->health(fixture->directory));
}

static void yields_to_the_source_before_it(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = arena_create();
	struct diag_list diags;

	fixture->engine->object = "a";
	start_engine(fixture);
	expect_pods(fixture, "a objects");
	write_pod(fixture, "manifests/z.yaml", "a");
	rescan(fixture, fixture->directory);
	expect_pods(fixture, "a z.yaml");
	assert_int_equal(store_diags(fixture->store, arena, &diags), 0);
	assert_int_equal(diags.count, 1);
	assert_string_equal(diags.items[0].code, "source-conflict");
	assert_string_equal(diags.items[0].pos.file, "engine/objects");
	assert_non_null(strstr(diags.items[0].text, "/manifests/z.yaml:3:18"));
	arena_unref(arena);
	unlink(temporary_path(&fixture->folder, "manifests/z.yaml"));
	rescan(fixture, fixture->directory);
	expect_pods(fixture, "a objects");
}

static void count_turn(uv_timer_t *timer)
{
	unsigned int *turns = timer->data;

	++*turns;
}

/* The loop turns as a source is read; a change that comes meanwhile is read next. */
static void is_read_beside_the_loop(void **state)
{
	struct fixture *fixture = *state;
	struct engine *engine = fixture->engine;
	const uv_thread_t self = uv_thread_self();
	unsigned int turns = 0;
	uv_timer_t timer;

	start_engine(fixture);
	engine->object = "a";
	engine->slow = true;
	uv_timer_init(&fixture->loop, &timer);
	timer.data = &turns;
	uv_timer_start(&timer, count_turn, 1, 1);
	source_read(&engine->source, uv_hrtime());
	while (turns < 20)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	expect_pods(fixture, "");
	assert_int_equal(engine->begun, 1);
	/* Three signs, one more reading; the operator waits for that one. */
	source_read(&engine->source, uv_hrtime());
	source_read(&engine->source, uv_hrtime());
	source_rescan(&engine->source);
	uv_sem_post(&engine->go_on);
	while (fixture->readings < 1)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	expect_pods(fixture, "a objects");
	assert_true(source_is_awaited(&engine->source));
	uv_sem_post(&engine->go_on);
	while (source_is_awaited(&engine->source))
		uv_run(&fixture->loop, UV_RUN_ONCE);
	assert_int_equal(engine->begun, 2);
	assert_int_equal(fixture->readings, 2);
	assert_false(uv_thread_equal(&engine->reader, &self));
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void is_waited_for_at_the_stop(void **state)
{
	struct fixture *fixture = *state;
	struct engine *engine = fixture->engine;

	start_engine(fixture);
	engine->object = "a";
	engine->slow = true;
	source_read(&engine->source, 0);
	source_stop(&engine->source);
	source_stop(&engine->source);
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
	assert_false(fixture->engine_stopped);
	uv_sem_post(&engine->go_on);
	while (!fixture->engine_stopped)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	assert_int_equal(fixture->readings, 0);
	expect_pods(fixture, ""); /* what was read after the stop is not put in force */
}

static void is_stopped_when_it_can_not_start(void **state)
{
	struct fixture *fixture = *state;

	fixture->engine->refuses = true;
	assert_int_equal(source_start(&fixture->engine->source, &fixture->loop, on_read, fixture),
		-ECONNREFUSED);
	assert_true(fixture->engine_stopped);
}

/* A large folder is read while the loop asks for all that there is to ask. */
static void may_be_asked_as_it_is_read(void **state)
{
	struct fixture *fixture = *state;
	char name[64], pod_name[16];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 200; i++) {
			snprintf(name, sizeof(name), "manifests/f%d.yaml", i);
			snprintf(pod_name, sizeof(pod_name), "p%d-%d", i, round);
			write_pod(fixture, name, pod_name);
		}
		source_rescan(fixture->directory);
		while (source_is_awaited(fixture->directory)) {
			struct arena *arena = arena_create();
			struct diag_list diags;
			struct cluster *cluster;
			size_t of_round = 0;

			assert_int_equal(store_cluster(fixture->store, &cluster), 0);
			/* all of a reading, or nothing of it */
			for (size_t i = 0; i < cluster->pod_count; i++)
				of_round += atoi(strchr(cluster->pods[i]->name, '-') + 1) == round;
			assert_true(of_round == 0 || of_round == 200);
			cluster_unref(cluster);
			assert_int_equal(store_diags(fixture->store, arena, &diags), 0);
			assert_true(store_stats(fixture->store).files <= 200);
			arena_unref(arena);
			uv_run(&fixture->loop, UV_RUN_NOWAIT);
		}
		assert_int_equal(store_source_stats(fixture->directory->objects).objects, 200);
	}
}

#define SOURCES_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOURCES_TEST(keeps_its_objects_when_others_rescan),
		SOURCES_TEST(yields_to_the_source_before_it),
		SOURCES_TEST(is_read_beside_the_loop),
		SOURCES_TEST(is_waited_for_at_the_stop),
		SOURCES_TEST(is_stopped_when_it_can_not_start),
		SOURCES_TEST(may_be_asked_as_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
