/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compiled.h"
#include "policy/values/object_equal.h"

/*
 * Kinds whose pods are gone stay in the book, and cost a little in each snapshot. When there are
 * more of them than live ones and than these, it is worth while to begin anew.
 */
enum { DEAD_KINDS = 1024 };

/* Zeroed memory is a compiler that has compiled nothing. */
struct compiler {
	struct policy_book *book; /* NULL: the next compilation begins anew */
	/* compiled last, referenced: its pods are compared by their places in memory */
	struct cluster *cluster;
	uint32_t *kinds; /* by pod of that */
	char *node_name; /* the options that kinds depend on */
	bool audit;
};

int compiler_create(struct compiler **out)
{
	struct compiler *compiler = calloc(1, sizeof(*compiler));

	if (compiler == NULL)
		return -ENOMEM;
	*out = compiler;
	return 0;
}

static void forget(struct compiler *compiler)
{
	policy_book_free(compiler->book);
	cluster_unref(compiler->cluster);
	free(compiler->kinds);
	free(compiler->node_name);
	*compiler = (struct compiler){0};
}

void compiler_free(struct compiler *compiler)
{
	if (compiler == NULL)
		return;
	forget(compiler);
	free(compiler);
}

static const char *node_name_of(const struct snapshot_options *options)
{
	return options->node_name != NULL ? options->node_name : "";
}

/*
 * Whether the book is of the cluster's policies, and its kinds are told apart by the same options.
 */
static bool can_go_on(const struct compiler *compiler, const struct cluster *cluster,
	const struct snapshot_options *options)
{
	const struct cluster *last = compiler->cluster;

	return compiler->book != NULL && compiler->audit == options->audit &&
		strcmp(compiler->node_name, node_name_of(options)) == 0 &&
		last->policy_count == cluster->policy_count &&
		(cluster->policy_count == 0 ||
			memcmp(last->policies, cluster->policies,
				cluster->policy_count * sizeof(*cluster->policies)) == 0);
}

static int begin(struct compiler *compiler, const struct cluster *cluster,
	const struct snapshot_options *options)
{
	forget(compiler);
	compiler->audit = options->audit;
	compiler->node_name = strdup(node_name_of(options));
	return compiler->node_name != NULL ? policy_book_create(&compiler->book, cluster) : -ENOMEM;
}

/* ---- the kinds of pods ---- */

static bool namespaces_equal(const struct cluster *a, const struct cluster *b)
{
	if (a->namespace_count != b->namespace_count)
		return false;
	for (size_t i = 0; i < a->namespace_count; i++)
		if (!namespace_equal(a->namespaces[i], b->namespaces[i]))
			return false;
	return true;
}

/* Finding the kinds of a cluster's pods. */
struct round {
	struct compiler *compiler;
	const struct cluster *cluster;
	const struct namespace_object *chosen; /* of the pod looked at last; NULL: none was yet */
	bool same_namespaces; /* as in the cluster compiled last, whose kinds are known */
	uint32_t at;	      /* among its pods: those before sort before the pod looked at now */
};

static int choose_namespace(struct round *round, const char *name)
{
	/* Pods come namespace by namespace. */
	if (round->chosen != NULL && strcmp(round->chosen->name, name) == 0)
		return 0;
	round->chosen = cluster_namespace(round->cluster, name);
	return kind_table_choose_namespace(&round->compiler->book->kinds, round->chosen);
}

static bool is_local(const struct compiler *compiler, const struct pod *pod)
{
	return *compiler->node_name == '\0' || *pod->node_name == '\0' ||
		strcmp(compiler->node_name, pod->node_name) == 0;
}

static int find_kind(struct round *round, const struct pod *pod, uint32_t *kind)
{
	int err;

	*kind = KIND_NONE;
	if (pod->host_network || pod->finished || pod->ip_count == 0)
		return 0;
	err = choose_namespace(round, pod->namespace_name);
	if (err != 0)
		return err;
	return kind_table_add(&round->compiler->book->kinds, pod, is_local(round->compiler, pod),
		round->compiler->audit || pod->audit || round->chosen->audit, kind);
}

/*
 * Whether the pod was in the last cluster, as the same object, and as which number. Pods come in
 * rising order.
 */
static bool find_last(struct round *round, const struct pod *pod, uint32_t *number)
{
	const struct cluster *last = round->compiler->cluster;

	if (!round->same_namespaces)
		return false;
	while (round->at < last->pod_count && last->pods[round->at] != pod &&
		object_name_cmp(last->pods[round->at]->namespace_name, last->pods[round->at]->name,
			pod->namespace_name, pod->name) < 0)
		round->at++;
	if (round->at == last->pod_count || last->pods[round->at] != pod)
		return false;
	*number = round->at++;
	return true;
}

/* Stores the kind of each pod. */
static int find_kinds(struct compiler *compiler, const struct cluster *cluster, uint32_t *kinds)
{
	struct round round = {
		.compiler = compiler,
		.cluster = cluster,
		.same_namespaces = compiler->cluster != NULL &&
			namespaces_equal(compiler->cluster, cluster),
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < cluster->pod_count; i++) {
		const struct pod *pod = cluster->pods[i];
		uint32_t number;

		if (find_last(&round, pod, &number))
			kinds[i] = compiler->kinds[number];
		else
			err = find_kind(&round, pod, &kinds[i]);
	}
	return err;
}

/* Stores whether more kinds have no pod than is worth dragging along. */
static int look_for_wear(
	const struct policy_book *book, const uint32_t *kinds, size_t pod_count, bool *worn)
{
	const uint32_t count = book->kinds.kinds.count;
	bool *seen = calloc((size_t)count + 1, sizeof(*seen));
	uint32_t live = 0;

	if (seen == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pod_count; i++) {
		if (kinds[i] != KIND_NONE && !seen[kinds[i]]) {
			seen[kinds[i]] = true;
			live++;
		}
	}
	free(seen);
	*worn = count - live > live + DEAD_KINDS;
	return 0;
}

/* ---- compiling ---- */

/* Brings the book up to the cluster, and finds the kinds of its pods. */
static int update(struct compiler *compiler, const struct cluster *cluster,
	const struct snapshot_options *options, uint32_t *kinds)
{
	bool worn = !can_go_on(compiler, cluster, options);
	int err = 0;

	if (!worn)
		err = find_kinds(compiler, cluster, kinds);
	if (!worn && err == 0)
		err = look_for_wear(compiler->book, kinds, cluster->pod_count, &worn);
	if (err == 0 && worn) {
		err = begin(compiler, cluster, options);
		if (err == 0)
			err = find_kinds(compiler, cluster, kinds);
	}
	return err != 0 ? err : policy_book_extend(compiler->book, cluster);
}

int compiler_compile(struct compiler *compiler, struct cluster *cluster,
	const struct snapshot_options *options, struct snapshot **out)
{
	struct snapshot_input input = {.cluster = cluster, .options = options};
	uint32_t *kinds = calloc(cluster->pod_count + 1, sizeof(*kinds));
	int err = kinds == NULL ? -ENOMEM : cluster->pod_count >= PEER_KINDS_MOST ? -E2BIG : 0;

	if (err == 0)
		err = update(compiler, cluster, options, kinds);
	if (err == 0) {
		input.book = compiler->book;
		input.kinds = kinds;
		err = snapshot_make(out, &input);
	}
	if (err != 0) {
		free(kinds);
		forget(compiler);
		return err;
	}
	cluster_ref(cluster);
	cluster_unref(compiler->cluster);
	free(compiler->kinds);
	compiler->cluster = cluster;
	compiler->kinds = kinds;
	return 0;
}

int snapshot_compile(
	struct snapshot **out, struct cluster *cluster, const struct snapshot_options *options)
{
	struct compiler compiler = {0};
	int err = compiler_compile(&compiler, cluster, options, out);

	forget(&compiler);
	return err;
}
