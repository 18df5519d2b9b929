/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_YAML_READER_H
#define CONFIG_TEXT_YAML_READER_H

/* YAML, by libyaml's events, into a node builder. Internal to config/text/document. */

#include "config/text/node_builder.h"
#include "config/text/text_stream.h"

/*
 * Reads the stream from where it is. Documents that do not parse are in the builder's diags and
 * counted in *broken; what follows the next --- is read again. Returns 0, stream->stopped telling
 * whether the text ended early; -E2BIG when a limit ended the reading, -ENOMEM, or what the
 * builder's visitor returned, which must not be -EINVAL, -EOVERFLOW or -E2BIG.
 */
int yaml_read(struct node_builder *builder, struct text_stream *stream, size_t *broken);

#endif
