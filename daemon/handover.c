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

static cJSON *whole(cJSON *json, bool complete)
{
	if (complete)
		return json;
	cJSON_Delete(json);
	return NULL;
}

static cJSON *refuse(const char *problem)
{
	cJSON *json = cJSON_CreateObject();

	return whole(json,
		cJSON_AddFalseToObject(json, "ok") != NULL &&
			cJSON_AddStringToObject(json, "error", problem) != NULL);
}

static cJSON *agree(void)
{
	cJSON *json = cJSON_CreateObject();

	return whole(json, cJSON_AddTrueToObject(json, "ok") != NULL);
}

/* ---- offer ---- */

/* A descriptor that isn't there is left out. */
static bool add(cJSON *names, struct control_offer *offer, const char *name, int fd)
{
	cJSON *item;

	if (fd < 0 || offer->count == CONTROL_OFFER_MOST)
		return true;
	item = cJSON_CreateString(name);
	if (item == NULL || !cJSON_AddItemToArray(names, item)) {
		cJSON_Delete(item);
		return false;
	}
	offer->descriptors[offer->count++] = fd;
	return true;
}

static bool add_all(const struct handover *handover, cJSON *names, struct control_offer *offer)
{
	const struct gate *gate = enforcement_gate(handover->enforcement);
	char name[HANDOVER_NAME];
	bool complete = add(names, offer, "control", control_server_listener(handover->control)) &&
		add(names, offer, "claim", claim_descriptor(handover->claim));

	snprintf(name, sizeof(name), "metrics %s", handover->settings->metrics_listen);
	if (handover->metrics != NULL)
		complete = complete && add(names, offer, name, metrics_listener(handover->metrics));
	for (unsigned int i = 0; i < gate_worker_count(gate); i++) {
		inheritance_name(gate_queue(gate, i), name);
		complete = complete && add(names, offer, name, gate_descriptor(gate, i));
	}
	return complete;
}

static cJSON *answer_offer(struct handover *handover, struct control_offer *offer)
{
	cJSON *json = agree();
	cJSON *names = cJSON_AddArrayToObject(json, "names");

	handover->offered = true;
	return whole(json,
		names != NULL &&
			cJSON_AddNumberToObject(json, "protocol", HANDOVER_PROTOCOL) != NULL &&
			cJSON_AddNumberToObject(json, "pid", (double)getpid()) != NULL &&
			cJSON_AddStringToObject(json, "version", PODGATE_VERSION) != NULL &&
			add_all(handover, names, offer));
}

/* ---- pause, and going on ---- */

static cJSON *answer_pause(struct handover *handover)
{
	const bool idle = publisher_pause(handover->publisher);
	cJSON *json = agree();

	if (idle && !handover->paused) {
		log_info("a successor takes over: the queues wait for it");
		enforcement_pause(handover->enforcement);
		handover->paused = true;
	}
	return whole(json, cJSON_AddBoolToObject(json, "paused", idle) != NULL);
}

static void go_on(struct handover *handover)
{
	const struct snapshot *snapshot = publisher_snapshot(handover->publisher);
	int err;

	if (handover->paused) {
		err = enforcement_go_on(handover->enforcement, snapshot);
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

void handover_abandoned(struct handover *handover)
{
	if (!handover->done)
		go_on(handover);
}

/* ---- done ---- */

/*
 * The service manager would give them to the next daemon that it starts, while the successor reads
 * them.
 */
static void forget_stored(const struct handover *handover)
{
	const struct gate *gate = enforcement_gate(handover->enforcement);

	for (unsigned int i = 0; i < gate_worker_count(gate); i++)
		descriptor_store_forget(gate_queue(gate, i));
}

static cJSON *answer_done(struct handover *handover, struct control_offer *offer)
{
	if (!handover->paused)
		return refuse("the queues are not handed over yet: the step before is \"pause\"");
	forget_stored(handover);
	handover->done = true;
	offer->last = true;
	return agree();
}

cJSON *handover_answer(struct handover *handover, const cJSON *request, struct control_offer *offer)
{
	enum handover_step step;
	const int err = handover_parse(&step, request);

	if (err == -EPROTONOSUPPORT)
		return refuse("this podgate (" PODGATE_VERSION
			      ") hands over by protocol 1, and another was asked for");
	if (err != 0)
		return refuse("hand_over takes \"protocol\", a number, and \"step\": offer, pause "
			      "or done");
	if (step == HANDOVER_OFFER)
		return answer_offer(handover, offer);
	if (!handover->offered)
		return refuse("nothing was offered yet: the first step is \"offer\"");
	return step == HANDOVER_PAUSE ? answer_pause(handover) : answer_done(handover, offer);
}
