/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/listings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/clock.h"
#include "service/control/log_replay.h"
#include "service/views/flow_listing.h"
#include "service/views/policy_listing.h"

/* A listing with the snapshot that it tells of. */
struct lent {
	struct stream stream;
	struct stream *inner;
	struct listings *listings;
	struct snapshot_loan loan;
	uint64_t ends_ms; /* CLOCK_MONOTONIC */
};

static enum stream_step give_up(struct json_writer *out)
{
	static const char line[] =
		"{\"end\":true,\"error\":\"it takes too long: nobody reads it fast enough\"}\n";

	json_raw(out, line, sizeof(line) - 1);
	return STREAM_END;
}

static enum stream_step next(struct stream *stream, struct json_writer *out)
{
	struct lent *lent = (struct lent *)stream;

	return clock_ms() > lent->ends_ms ? give_up(out) : lent->inner->next(lent->inner, out);
}

static void free_lent(struct stream *stream)
{
	struct lent *lent = (struct lent *)stream;

	if (lent->inner != NULL)
		lent->inner->free(lent->inner);
	publisher_take_back(lent->listings->publisher, &lent->loan);
	lent->listings->open--;
	free(lent);
}

/* With the snapshot in force, and no stream of its own yet. */
static int lend(struct listings *listings, const struct control_request *request, struct lent **out,
	char problem[PROBLEM_SIZE])
{
	const unsigned int most = request->trusted ? LISTINGS_MOST : LISTINGS_MOST - LISTINGS_KEPT;
	struct lent *lent;

	snprintf(problem, PROBLEM_SIZE, "out of memory");
	if (listings->open >= most) {
		snprintf(problem, PROBLEM_SIZE,
			"%u listings are under way already; ask again when one has come to its end",
			listings->open);
		return -EBUSY;
	}
	lent = calloc(1, sizeof(*lent));
	if (lent == NULL)
		return -ENOMEM;
	lent->stream.next = next;
	lent->stream.free = free_lent;
	lent->listings = listings;
	lent->ends_ms = clock_ms() + (listings->most_ms > 0 ? listings->most_ms : LISTINGS_MOST_MS);
	listings->open++;
	publisher_lend(listings->publisher, &lent->loan);
	*out = lent;
	return 0;
}

/* `err` is that of opening the stream inside. */
static int finish(struct lent *lent, int err, struct stream **out)
{
	if (err != 0)
		free_lent(&lent->stream);
	else
		*out = &lent->stream;
	return err;
}

int listings_open_flows(struct listings *listings, const struct control_request *request,
	struct stream **out, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = listings->settings;
	struct lent *lent;
	int err = lend(listings, request, &lent, problem);

	if (err != 0)
		return err;
	const struct flow_listing_options options = {
		.snapshot = lent->loan.snapshot,
		.marks = {.allow = settings->mark_allow, .deny = settings->mark_deny},
		.host_traffic = settings->host_traffic == HOST_TRAFFIC_POLICY,
		.filter = request->filter,
	};
	err = flow_listing_open(&lent->inner, &options, problem);
	return finish(lent, err, out);
}

int listings_open_policies(struct listings *listings, const struct control_request *request,
	struct stream **out, char problem[PROBLEM_SIZE])
{
	struct lent *lent;
	int err = lend(listings, request, &lent, problem);

	if (err != 0)
		return err;
	const struct policy_listing_options options = {
		.snapshot = lent->loan.snapshot,
		.hits = verdict_log_hits(listings->log),
		.audit = listings->settings->audit,
		.filter = request->filter,
	};
	err = policy_listing_open(&lent->inner, &options, problem);
	return finish(lent, err, out);
}

int listings_open_past(const struct listings *listings, const struct control_request *request,
	struct replay **out, char problem[PROBLEM_SIZE])
{
	const struct log_replay_options options = {
		.path = listings->settings->log_file,
		.keep = listings->settings->log_keep,
		.log = listings->log,
		.filter = request->filter,
	};

	snprintf(problem, PROBLEM_SIZE, "out of memory");
	return log_replay_open(out, &options, problem);
}
