/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PRIORITY_H
#define PROCESS_PRIORITY_H

/*
 * Which of our threads the scheduler lets go first, where CPUs are few and somebody keeps them
 * busy. Takes no privilege: nobody is put before the pods' processes. Each function is about the
 * thread that calls it; what an older kernel does not know is done without.
 */

/*
 * For a thread that others wait for and that is soon done: its turns are short, and so begin at
 * once, also on a CPU where somebody is in the middle of a long one (Linux 6.12 and later).
 */
void priority_prompt(void);

/*
 * Keeps the calling thread on one CPU: number `nth`, from 0 and round again, of those that it may
 * run on. 0 or -errno: then it runs where it did.
 */
int priority_pin(unsigned int nth);

/*
 * For a thread that has much to do, of which nothing is urgent: whoever wakes up goes before it. It
 * is not starved: beside a thread that never rests it still has a tenth of the CPU, and with a CPU
 * that is free all of it. So a thread that waits for this one, as gate_publish() may, waits some
 * milliseconds and no more.
 */
void priority_background(void);
/*
 * Now would be a good moment to let another thread go first. For such a thread, often, while it
 * holds nothing.
 */
void priority_yield(void);

#endif
