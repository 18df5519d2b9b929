/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_ONE_FILE_H
#define TESTS_SUPPORT_ONE_FILE_H

/* One file of a store's only source, put or removed and in force at once. 0 or -ENOMEM. */

#include <errno.h>

#include "config/store/store.h"

static inline int one_file_put(
	struct store *store, const char *name, const char *bytes, size_t length)
{
	struct store_source *source = store_source(store, "manifests");
	const int err = source == NULL ? -ENOMEM : store_put(source, name, bytes, length, NULL);

	return err != 0 ? err : store_commit(source);
}

static inline int one_file_remove(struct store *store, const char *name)
{
	struct store_source *source = store_source(store, "manifests");

	if (source == NULL)
		return -ENOMEM;
	store_remove(source, name);
	return store_commit(source);
}

#endif
