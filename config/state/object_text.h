/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STATE_OBJECT_TEXT_H
#define CONFIG_STATE_OBJECT_TEXT_H

/*
 * Objects of the model, written as manifests in one line each. config/kube reads the same object
 * back (with ADDRESS_ANNOTATIONS_ON), but for its positions and for fields that no policy depends
 * on. It is JSON, and so YAML, too. A new field of policy/values/model.h has to be added here. Pure
 * but for `put`; any thread.
 */

#include <stddef.h>

#include "config/kube/kube.h"

struct text_sink {
	void (*put)(void *context, const char *bytes, size_t length);
	void *context;
};

/* The object and a line end. */
void object_text_write(const struct kube_object *object, const struct text_sink *sink);

#endif
