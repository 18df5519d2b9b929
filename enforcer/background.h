/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_BACKGROUND_H
#define ENFORCER_BACKGROUND_H
void background_enter(void);
void background_yield(void);
void foreground_enter(void);
#endif
