/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/store_internal.h"

#include <errno.h>

#include "config/kube/kube_internal.h"

static size_t count_kept(const struct store_file *file)
{
	const struct object_list *list = file->version.objects;
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < list->count; i++)
		count += list->items[i].kept && !list->items[i].in_part;
	return count;
}

/* The file was as it is when podgate began. */
static void report_recalled(
	const struct store_file *file, size_t kept, const char *name, struct diag_list *out)
{
	const time_t at = (time_t)file->whole_at;
	char when[40] = "before podgate began";
	struct tm utc;

	if (file->whole_at != 0 && gmtime_r(&at, &utc) != NULL)
		strftime(when, sizeof(when), "on %Y-%m-%dT%H:%M:%SZ", &utc);
	diag_add(out, DIAG_WARNING, (struct source_pos){.file = name}, "from-state", NULL,
		"%zu object%s that it held when it was sound, last %s, %s in force, from the state "
		"directory",
		kept, kept == 1 ? "" : "s", when, kept == 1 ? "is" : "are");
}

static int copy_file_diags(
	const struct store_file *file, struct arena *arena, struct diag_list *out)
{
	const size_t kept = count_kept(file);
	const char *name;

	if (file->unreadable == NULL && !file->being_written && !file->version.emptied &&
		!file->recalled && file->version.diag_count == 0 && file->version.diag_dropped == 0)
		return 0;
	name = arena_strdup(arena, file->name);
	if (name == NULL)
		return -ENOMEM;
	if (file->unreadable != NULL)
		diag_add(out, DIAG_ERROR, (struct source_pos){.file = name}, "unreadable", NULL,
			"%s", file->unreadable);
	if (file->being_written)
		diag_add(out, DIAG_WARNING, (struct source_pos){.file = name}, "being-written",
			"if nobody writes, write it once more, beside it, and rename it into place",
			"the file is being written: its last version stays in force until its "
			"writer closes it");
	if (file->recalled && kept > 0)
		report_recalled(file, kept, name, out);
	if (file->version.emptied)
		diag_add(out, DIAG_ERROR, (struct source_pos){.file = name}, "emptied-file",
			"if that is meant, remove the file, or write the line '# podgate: empty' "
			"into it",
			"the file holds no object any more; the %zu that it held stay in force",
			file->version.objects->count);
	for (size_t i = 0; i < file->version.diag_count; i++) {
		const struct diag *diag = &file->version.diags[i];

		diag_add(out, diag->severity,
			(struct source_pos){name, diag->pos.line, diag->pos.column}, diag->code,
			diag->hint, "%s", diag->text);
	}
	out->dropped += file->version.diag_dropped;
	out->errors += file->version.diag_dropped;
	return 0;
}

static int report_duplicate(const struct kube_object *first, const struct kube_object *second,
	struct arena *arena, struct diag_list *out)
{
	const struct object_key a = object_key(first), b = object_key(second);
	const struct source_pos pos = {arena_strdup(arena, b.pos.file), b.pos.line, b.pos.column};

	if (pos.file == NULL)
		return -ENOMEM;
	diag_add(out, DIAG_ERROR, pos, "duplicate-object",
		"remove or rename one of them; this one, the later, is used",
		"%s %s%s%s is there already, at %s:%u:%u", object_kinds[b.kind].name,
		b.namespace_name, object_kinds[b.kind].namespaced ? "/" : "", b.name, a.pos.file,
		a.pos.line, a.pos.column);
	return 0;
}

static void report_partial_policy(
	const struct network_policy *policy, struct source_pos pos, struct diag_list *out)
{
	const size_t rules = policy->rule_count[DIRECTION_INGRESS] +
		policy->rule_count[DIRECTION_EGRESS];

	diag_add(out, DIAG_ERROR, pos, "enforced-in-part", "mend the errors of this object",
		"policy %s/%s has errors: it isolates %s for %s%s%s, and admits what %zu of its "
		"rules say",
		policy->namespace_name, policy->name,
		policy->pod_selector.count > 0
			? "the pods that its selector matches, as far as it can be read,"
			: "all pods of its namespace",
		policy->isolates[DIRECTION_INGRESS] ? "ingress" : "",
		policy->isolates[DIRECTION_INGRESS] && policy->isolates[DIRECTION_EGRESS] ? " and "
											  : "",
		policy->isolates[DIRECTION_EGRESS] ? "egress" : "", rules);
}

static void report_partial_pod(const struct pod *pod, struct source_pos pos, struct diag_list *out)
{
	const bool isolated = label_set_get(&pod->labels, KUBE_CLOSED_POD_LABEL) != NULL;

	diag_add(out, DIAG_ERROR, pos, "enforced-in-part", "mend the errors of this object",
		"pod %s/%s has errors: those of its labels, addresses and ports count that can be "
		"read%s",
		pod->namespace_name, pod->name,
		isolated ? ", and it is isolated, because some label can't be" : "");
}

/* What the mistakes in an object have come to, at its place. */
static int report_part(const struct kube_object *object, struct arena *arena, struct diag_list *out)
{
	const struct object_key key = object_key(object);
	const struct source_pos pos = {
		arena_strdup(arena, key.pos.file), key.pos.line, key.pos.column};

	if (pos.file == NULL)
		return -ENOMEM;
	if (object->kind == KUBE_POD)
		report_partial_pod(object->pod, pos, out);
	else if (object->kind == KUBE_POLICY && object->of_pod == NULL)
		report_partial_policy(object->policy, pos, out);
	return 0;
}

static int report_parts(
	const struct object_table *table, struct arena *arena, struct diag_list *out)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < table->count; i++)
		if (table->entries[i].stored->in_part && !table->entries[i].shadowed)
			err = report_part(&table->entries[i].stored->object, arena, out);
	return err;
}

/* Of two sources' objects that of the first source, `used`, is in force. */
static int report_conflict(const struct store *store, const struct object_entry *entry,
	const struct object_entry *used, struct arena *arena, struct diag_list *out)
{
	const struct object_key a = object_key(&entry->stored->object);
	const struct object_key b = object_key(&used->stored->object);
	const struct source_pos pos = {arena_strdup(arena, a.pos.file), a.pos.line, a.pos.column};

	if (pos.file == NULL)
		return -ENOMEM;
	diag_add(out, DIAG_ERROR, pos, "source-conflict", "remove or rename one of them",
		"%s %s%s%s of source %s is not used: source %s, which comes first, has it at "
		"%s:%u:%u",
		object_kinds[a.kind].name, a.namespace_name,
		object_kinds[a.kind].namespaced ? "/" : "", a.name,
		store->sources[entry->source]->name, store->sources[used->source]->name, b.pos.file,
		b.pos.line, b.pos.column);
	return 0;
}

static int report_duplicates(const struct store *store, struct arena *arena, struct diag_list *out)
{
	const struct object_table *table = &store->objects;
	int err = 0;

	for (size_t i = 0; err == 0 && i < table->count; i++) {
		const struct object_entry *entry = &table->entries[i], *used = entry + 1;

		/* A policy that isolates a pod in part goes with the pod. */
		if (!entry->shadowed || entry->stored->object.of_pod != NULL)
			continue;
		while (used->shadowed)
			used++;
		if (used->source != entry->source)
			err = report_conflict(store, entry, used, arena, out);
		/* What is only kept is no mistake of whoever wrote the other; kept ones come first.
		 */
		else if (entry->rank == 0)
			err = report_duplicate(
				&entry->stored->object, &entry[1].stored->object, arena, out);
	}
	return err;
}

int store_diags(struct store *store, struct arena *arena, struct diag_list *out)
{
	struct diag_list list;
	int err = store_update_objects(store);

	diag_list_init(&list, arena);
	for (size_t i = 0; err == 0 && i < store->in_force.count; i++)
		err = copy_file_diags(store->in_force.files[i], arena, &list);
	if (err == 0)
		err = report_duplicates(store, arena, &list);
	if (err == 0)
		err = report_parts(&store->objects, arena, &list);
	if (err != 0)
		return err;
	diag_sort(&list);
	*out = list;
	return 0;
}

/* Of one source; NULL: of all. */
static struct store_stats count_files(const struct store *store, const struct store_source *source)
{
	struct store_stats stats = {.files = 0};

	for (size_t i = 0; i < store->in_force.count; i++) {
		const struct store_file *file = store->in_force.files[i];
		const struct object_list *list = file->version.objects;
		const bool unreadable = file->unreadable != NULL;
		const bool broken = unreadable || file->version.broken;

		if (source != NULL && file->source != source)
			continue;
		stats.files++;
		stats.objects += list != NULL ? list->count : 0;
		stats.findings += file->version.diag_count + file->version.diag_dropped +
			unreadable + file->being_written + file->version.emptied;
		stats.broken_files += broken;
		stats.never_whole += broken && !file->was_whole;
		stats.emptied_files += file->version.emptied;
		stats.being_written += file->being_written;
		for (size_t j = 0; list != NULL && j < list->count; j++)
			if (list->items[j].in_part) {
				stats.partial_objects += list->items[j].object.of_pod == NULL;
			} else if (unreadable || list->items[j].kept) {
				stats.kept_objects++;
				stats.recalled_objects += file->recalled;
			}
	}
	return stats;
}

struct store_stats store_stats(const struct store *store)
{
	return count_files(store, NULL);
}

struct store_stats store_source_stats(const struct store_source *source)
{
	return count_files(source->store, source);
}

void store_other_policies(const struct store *store, struct other_policies *out)
{
	*out = (struct other_policies){.count = 0};
	for (size_t i = 0; i < store->in_force.count; i++)
		if (store->in_force.files[i]->version.others != NULL)
			other_policies_add(out, store->in_force.files[i]->version.others);
}

void store_passed_over(const struct store *store, struct other_policies *out)
{
	*out = (struct other_policies){.count = 0};
	for (size_t i = 0; i < store->in_force.count; i++)
		if (store->in_force.files[i]->version.no_policies != NULL)
			other_policies_add(out, store->in_force.files[i]->version.no_policies);
}
