/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SETTINGS_FILE_H
#define CLI_SETTINGS_FILE_H

/* The settings as the subcommands need them: the table's defaults, over them the settings file. */

#include "config/settings/settings.h"
#include "policy/values/arena.h"

/* PODGATE_CONFIG_DIR is /etc/podgate unless the build says otherwise (CMakeLists.txt). */
#define SETTINGS_FILE_DEFAULT PODGATE_CONFIG_DIR "/podgate.yaml"

/*
 * Reads `path`; NULL: the default file, which need not be there. Strings live in `arena`. What is
 * wrong is said on standard error. Returns 0, or -errno with *out untouched.
 */
int settings_file_load(struct settings *out, const char *path, struct arena *arena);

#endif
