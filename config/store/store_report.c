/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/store_internal.h"

#include <errno.h>

#include "config/kube/kube_internal.h"

static int copy_file_diags(
	const struct store_file *file, struct arena *arena, struct diag_list *out)
{
	const struct object_list *list = file->version.objects;
	const time_t at = (time_t)file->whole_at;
	char when[40] = "before podgate began";
	const char *name;
	size_t kept = 0;
	struct tm utc;

	for (size_t i = 0; list != NULL && i < list->count; i++)
		kept += list->items[i].kept && !list->items[i].in_part;
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
	if (file->recalled && kept > 0) {
		if (at != 0 && gmtime_r(&at, &utc) != NULL)
			strftime(when, sizeof(when), "on %Y-%m-%dT%H:%M:%SZ", &utc);
		diag_add(out, DIAG_WARNING, (struct source_pos){.file = name}, "from-state", NULL,
			"%zu object%s that it held when it was sound, last %s, %s in force, from "
			"the state directory",
			kept, kept == 1 ? "" : "s", when, kept == 1 ? "is" : "are");
	}
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

/* The mistakes of an object that is enforced in part: what they cost, at its place. */
static int report_part(const struct kube_object *object, struct arena *arena, struct diag_list *out)
{
	const struct object_key key = object_key(object);
	const struct source_pos pos = {
		arena_strdup(arena, key.pos.file), key.pos.line, key.pos.column};
	const struct network_policy *policy = object->policy;
	bool both;

	if (pos.file == NULL)
		return -ENOMEM;
	if (object->kind == KUBE_POD)
		diag_add(out, DIAG_ERROR, pos, "enforced-in-part", "mend the errors of this object",
			"pod %s/%s has errors: those of its labels, addresses and ports count that "
			"can be read%s",
			key.namespace_name, key.name,
			label_set_get(&object->pod->labels, KUBE_CLOSED_POD_LABEL) != NULL
				? ", and it is isolated, because some label can't be"
				: "");
	if (object->kind != KUBE_POLICY || object->of_pod != NULL)
		return 0;
	both = policy->isolates[DIRECTION_INGRESS] && policy->isolates[DIRECTION_EGRESS];
	diag_add(out, DIAG_ERROR, pos, "enforced-in-part", "mend the errors of this object",
		"policy %s/%s has errors: it isolates %s for %s%s%s, and admits what %zu of its "
		"rules say",
		key.namespace_name, key.name,
		policy->pod_selector.count > 0
			? "the pods that its selector matches, as far as it can be read,"
			: "all pods of its namespace",
		policy->isolates[DIRECTION_INGRESS] ? "ingress" : "", both ? " and " : "",
		policy->isolates[DIRECTION_EGRESS] ? "egress" : "",
		policy->rule_count[DIRECTION_INGRESS] + policy->rule_count[DIRECTION_EGRESS]);
	return 0;
}

/* Two objects of one key: of two sources the first one's is in force, of one source the later. */
static int report_pair(const struct store *store, const struct object_entry *entry,
	const struct object_entry *other, struct arena *arena, struct diag_list *out)
{
	const bool conflict = entry->source != other->source;
	const struct object_key a = object_key(&entry->stored->object);
	const struct object_key b = object_key(&other->stored->object);
	const struct source_pos at = conflict ? a.pos : b.pos, there = conflict ? b.pos : a.pos;
	const struct source_pos pos = {arena_strdup(arena, at.file), at.line, at.column};
	const char *kind = object_kinds[a.kind].name;
	const char *slash = object_kinds[a.kind].namespaced ? "/" : "";

	if (pos.file == NULL)
		return -ENOMEM;
	if (conflict)
		diag_add(out, DIAG_ERROR, pos, "source-conflict", "remove or rename one of them",
			"%s %s%s%s of source %s is not used: source %s, which comes first, has it "
			"at %s:%u:%u",
			kind, a.namespace_name, slash, a.name, store->sources[entry->source]->name,
			store->sources[other->source]->name, there.file, there.line, there.column);
	else
		diag_add(out, DIAG_ERROR, pos, "duplicate-object",
			"remove or rename one of them; this one, the later, is used",
			"%s %s%s%s is there already, at %s:%u:%u", kind, a.namespace_name, slash,
			a.name, there.file, there.line, there.column);
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
			err = report_pair(store, entry, used, arena, out);
		/* A kept object, which comes first, is no mistake of the other's author. */
		else if (entry->rank == 0)
			err = report_pair(store, entry, entry + 1, arena, out);
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
	for (size_t i = 0; err == 0 && i < store->objects.count; i++) {
		const struct object_entry *entry = &store->objects.entries[i];

		if (entry->stored->in_part && !entry->shadowed)
			err = report_part(&entry->stored->object, arena, &list);
	}
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
