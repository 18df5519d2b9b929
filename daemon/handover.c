/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/descriptor_store.h"
#include "process/inheritance.h"
#include "process/log.h"

int handover_parse(enum handover_step *out, const cJSON *request)
{
	static const char *const names[] = {
		[HANDOVER_OFFER] = "offer", [HANDOVER_PAUSE] = "pause", [HANDOVER_DONE] = "done"};
	const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(request, "protocol");
	const cJSON *step = cJSON_GetObjectItemCaseSensitive(request, "step");

	if (!cJSON_IsNumber(protocol) || !cJSON_IsString(step))
		return -EINVAL;
	if (protocol->valuedouble != HANDOVER_PROTOCOL)
		return -EPROTONOSUPPORT;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(step->valuestring, names[i]) != 0)
			continue;
		*out = (enum handover_step)i;
		return 0;
	}
	return -EINVAL;
}

/* ---- offer ---- */

/* A descriptor that isn't there is left out. */
static void add(struct json_writer *to, struct control_offer *offer, const char *name, int fd)
{
	if (fd < 0 || offer->count == CONTROL_OFFER_MOST)
		return;
	json_text(to, NULL, name);
	offer->descriptors[offer->count++] = fd;
}

static void answer_offer(
	struct handover *handover, struct control_offer *offer, struct json_writer *to)
{
	const struct gate *gate = enforcement_gate(handover->enforcement);
	char name[HANDOVER_NAME];

	handover->offered = true;
	json_begin_array(to, "names");
	add(to, offer, "control", control_server_listener(handover->control));
	add(to, offer, "claim", claim_descriptor(handover->claim));
	snprintf(name, sizeof(name), "metrics %s", handover->settings->metrics_listen);
	if (handover->metrics != NULL)
		add(to, offer, name, metrics_listener(handover->metrics));
	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		inheritance_name(gate_queue(gate, i), name);
		add(to, offer, name, gate_descriptor(gate, i));
	}
	json_end_array(to);
	json_number(to, "protocol", HANDOVER_PROTOCOL);
	json_number(to, "pid", (uint64_t)getpid());
	json_text(to, "version", PODGATE_VERSION);
}

/* ---- pause, and going on ---- */

static void answer_pause(struct handover *handover, struct json_writer *to)
{
	const bool idle = publisher_pause(handover->publisher);

	if (idle && !handover->paused) {
		log_info("a successor takes over: the queues wait for it");
		enforcement_pause(handover->enforcement);
		handover->paused = true;
	}
	json_bool(to, "paused", idle);
}

void handover_abandoned(struct handover *handover)
{
	if (handover->done)
		return;
	if (handover->paused) {
		const int err = enforcement_go_on(
			handover->enforcement, publisher_snapshot(handover->publisher));

		if (err != 0)
			log_error("can't start the workers again: %s; packets wait, and the "
				  "watchdog is not fed",
				strerror(-err));
		else
			log_warnx("the successor has ended before it was ready: going on");
	}
	publisher_go_on(handover->publisher);
	handover->offered = handover->paused = false;
}

void handover_answer(struct handover *handover, const cJSON *request, struct control_offer *offer,
	struct json_writer *to)
{
	const struct gate *gate = enforcement_gate(handover->enforcement);
	enum handover_step step = HANDOVER_OFFER;
	const int err = handover_parse(&step, request);
	const char *problem = NULL;

	if (err == -EPROTONOSUPPORT)
		problem = "this podgate (" PODGATE_VERSION
			  ") hands over by protocol 1, and another was asked for";
	else if (err != 0)
		problem = "hand_over takes \"protocol\", a number, and \"step\": offer, pause or "
			  "done";
	else if (step != HANDOVER_OFFER && !handover->offered)
		problem = "nothing was offered yet: the first step is \"offer\"";
	else if (step == HANDOVER_DONE && !handover->paused)
		problem = "the queues are not handed over yet: the step before is \"pause\"";
	if (problem != NULL) {
		json_refusal(to, problem);
		return;
	}

	json_begin_object(to, NULL);
	json_bool(to, "ok", true);
	if (step == HANDOVER_OFFER) {
		answer_offer(handover, offer, to);
	} else if (step == HANDOVER_PAUSE) {
		answer_pause(handover, to);
	} else {
		/* Or the service manager would give them to the next daemon that it starts. */
		for (unsigned int i = 0; i < gate_worker_count(gate); i++)
			descriptor_store_forget(gate_queue(gate, i));
		handover->done = true;
		offer->last = true;
	}
	json_end_object(to);
}
