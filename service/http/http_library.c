/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/http/http_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/*
 * The name of its binary interface: all versions from 0.9.71 to 1.0, the latest there is, have this
 * one.
 */
#define LIBRARY "libmicrohttpd.so.12"

#define ENTRY(member) \
	{ \
		"MHD_" #member, offsetof(struct http_library, member) \
	}

static const struct {
	const char *name;
	size_t offset;
} entries[] = {
	ENTRY(start_daemon),
	ENTRY(stop_daemon),
	ENTRY(run),
	ENTRY(get_timeout),
	ENTRY(get_daemon_info),
	ENTRY(get_connection_info),
	ENTRY(create_response_from_buffer),
	ENTRY(add_response_header),
	ENTRY(queue_response),
	ENTRY(destroy_response),
};
_Static_assert(sizeof(entries) / sizeof(entries[0]) * sizeof(void (*)(void)) ==
		sizeof(struct http_library),
	"every function is looked up");

int http_library_load(struct http_library *out, char problem[PROBLEM_SIZE])
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	struct http_library found;

	if (library == NULL) {
		snprintf(problem, PROBLEM_SIZE,
			"metrics_listen needs %s (%.100s); install it (Debian: libmicrohttpd12), "
			"or leave it out",
			LIBRARY, dlerror());
		return -ENOENT;
	}
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		void *entry = dlsym(library, entries[i].name);

		if (entry == NULL) {
			snprintf(problem, PROBLEM_SIZE,
				"%s has no %s; install another version of it", LIBRARY,
				entries[i].name);
			return -ENOENT;
		}
		memcpy((char *)&found + entries[i].offset, &entry, sizeof(entry));
	}
	*out = found;
	return 0;
}
