/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/source.h"

int source_start(struct source *source, uv_loop_t *loop, source_done *done, void *context)
{
	int err;

	source->loop = loop;
	source->done = done;
	source->context = context;
	err = source->ops->start(source, loop);
	if (err == 0)
		err = source->ops->read(source);
	if (err == 0)
		err = store_commit(source->objects);
	if (err != 0)
		source->ops->stop(source);
	else if (source->ops->end != NULL)
		source->ops->end(source);
	return err;
}

static void work(uv_work_t *job)
{
	struct source *source = job->data;

	source->ops->read(source);
}

static void work_done(uv_work_t *job, int status)
{
	struct source *source = job->data;
	const uint64_t before = store_revision(source->store), since_ns = source->since_ns;

	(void)status;
	source->reading = false;
	source->ended++;
	if (source->stopping) {
		source->ops->stop(source);
		return;
	}
	if (source->ops->end != NULL)
		source->ops->end(source);
	/* When memory is short the draft stays one, and the next reading tries again. */
	store_commit(source->objects);
	if (source->again)
		source_read(source, source->again_ns);
	source->done(source->context, store_revision(source->store) != before, since_ns);
}

void source_read(struct source *source, uint64_t since_ns)
{
	if (source->stopping)
		return;
	if (source->reading) {
		if (!source->again)
			source->again_ns = since_ns;
		source->again = true;
		return;
	}
	source->since_ns = since_ns != 0 ? since_ns : uv_hrtime();
	source->again = false;
	source->reading = true;
	source->begun++;
	if (source->ops->begin != NULL)
		source->ops->begin(source);
	source->work.data = source;
	uv_queue_work(source->loop, &source->work, work, work_done); /* fails without `work` only */
}

void source_rescan(struct source *source)
{
	source_read(source, 0);
	source->awaited = source->begun + source->again;
}

bool source_is_awaited(const struct source *source)
{
	return source->ended < source->awaited;
}

void source_stop(struct source *source)
{
	if (source == NULL || source->stopping)
		return;
	source->stopping = true;
	if (!source->reading)
		source->ops->stop(source);
}

void source_list_rescan(const struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		source_rescan(list->items[i]);
}

bool source_list_is_awaited(const struct source_list *list)
{
	bool awaited = false;

	for (size_t i = 0; i < list->count; i++)
		awaited = awaited || source_is_awaited(list->items[i]);
	return awaited;
}

void source_list_stop(struct source_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		source_stop(list->items[i]);
	list->count = 0;
}
