/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/flow_listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack/flow_list.h"
#include "conntrack/jurisdiction.h"
#include "enforcer/log/explain_json.h"
#include "enforcer/log/record_time.h"
#include "policy/explain/explain.h"
#include "policy/explain/query.h"

enum {
	READS_MOST = 16, /* of some hundred entries each, for one piece: a millisecond or two */
	SCRATCH_MOST = 64 * 1024, /* one arena serves many explanations */
};

struct flow_listing {
	struct stream stream;
	struct flow_listing_options options;
	const struct pod *pod; /* the one asked for, or NULL */
	struct jurisdiction jurisdiction;
	struct local_addrs *local;
	struct flow_list *list; /* NULL: not begun */
	struct arena *scratch;
	uint64_t seen, listed, left_out;
	struct json_writer *out; /* of the call under way */
};

/* ---- which flows ---- */

static bool is_end_wanted(const struct flow_listing *listing, const struct ip_addr *addr)
{
	const char *namespace_name = listing->options.filter.namespace_name;
	const struct pod *pod;

	for (size_t i = 0; (pod = snapshot_claimant(listing->options.snapshot, addr, i)) != NULL;
		i++)
		if ((listing->pod == NULL || pod == listing->pod) &&
			(*namespace_name == '\0' ||
				strcmp(pod->namespace_name, namespace_name) == 0))
			return true;
	return false;
}

static bool is_wanted(const struct flow_listing *listing, const struct flow *flow)
{
	const struct filter *filter = &listing->options.filter;

	if (filter->has_protocol && flow->protocol != filter->protocol)
		return false;
	if (listing->pod != NULL || *filter->namespace_name != '\0')
		return is_end_wanted(listing, &flow->src) || is_end_wanted(listing, &flow->dst);
	return filter->all ||
		(jurisdiction_isolates(&listing->jurisdiction, flow) &&
			jurisdiction_gates(&listing->jurisdiction, flow));
}

/* What is cut, or would be, is denied; so is what only audit mode lets pass. */
static bool is_verdict_wanted(const struct filter *filter, bool denied)
{
	return filter->denied == filter->allowed || (denied ? filter->denied : filter->allowed);
}

/* ---- a line ---- */

static void write_pair(struct json_writer *to, const char *key, const uint64_t values[2])
{
	json_begin_array(to, key);
	json_number(to, NULL, values[0]);
	json_number(to, NULL, values[1]);
	json_end_array(to);
}

static const char *mark_name(const struct flow_listing *listing, uint32_t mark)
{
	if ((mark & listing->options.marks.deny) != 0)
		return "revoked";
	return (mark & listing->options.marks.allow) != 0 ? "allowed" : "none";
}

/* The service that the source speaks to, where the destination is its backend. */
static void write_via(struct json_writer *to, const struct ct_entry *entry)
{
	const struct flow *sent = &entry->original;
	const bool ports = flow_protocol_has_ports(sent->protocol);
	char address[IP_ADDR_TEXT];

	if (ip_addr_equal(&sent->dst, &entry->flow.dst) &&
		(!ports || sent->dst_port == entry->flow.dst_port))
		return;
	json_begin_object(to, "via");
	json_text(to, "address", ip_addr_format(&sent->dst, address));
	if (ports)
		json_number(to, "port", sent->dst_port);
	json_end_object(to);
}

static void write_details(struct json_writer *to, const struct ct_details *details)
{
	char since[RECORD_TIME_TEXT];

	if (details->state != NULL)
		json_text(to, "state", details->state);
	json_bool(to, "replied", details->replied);
	if (details->has_timeout)
		json_number(to, "timeout_s", details->timeout_s);
	if (details->has_start)
		json_text(to, "since", record_time_format(details->start_ns, since));
	if (details->has_counters) {
		write_pair(to, "packets", details->packets);
		write_pair(to, "bytes", details->bytes);
	}
	json_bool_if_true(to, "offloaded", details->offloaded);
}

static void write_flow(const struct flow_listing *listing, const struct ct_entry *entry,
	const struct ct_details *details, bool judged)
{
	struct json_writer *to = listing->out;
	char protocol[FLOW_PROTOCOL_TEXT];
	struct explanation explanation;

	if (listing->scratch == NULL ||
		explain_flow(listing->options.snapshot, &entry->flow, listing->scratch,
			&explanation) != 0) {
		to->err = -ENOMEM;
		return;
	}
	json_begin_object(to, NULL);
	json_bool(to, "judged", judged);
	if (judged)
		json_text(to, "verdict", verdict_name(explanation.judgement.verdict));
	json_text(to, "mark", mark_name(listing, entry->mark));
	json_text(to, "protocol", flow_protocol_name(entry->flow.protocol, protocol));
	explain_json_end(to, "source", &explanation, DIRECTION_EGRESS);
	explain_json_end(to, "destination", &explanation, DIRECTION_INGRESS);
	write_via(to, entry);
	write_details(to, details);
	if (judged) {
		json_bool_if_true(to, "link_local", explanation.link_local);
		explain_json_side_brief(to, "egress", &explanation, DIRECTION_EGRESS);
		explain_json_side_brief(to, "ingress", &explanation, DIRECTION_INGRESS);
	}
	json_end_object(to);
	json_end_line(to);
}

static void refresh_scratch(struct flow_listing *listing)
{
	if (listing->scratch != NULL && arena_size(listing->scratch) <= SCRATCH_MOST)
		return;
	arena_unref(listing->scratch);
	listing->scratch = arena_create();
}

static void visit(const struct ct_entry *entry, const struct ct_details *details, void *context)
{
	struct flow_listing *listing = context;
	const struct filter *filter = &listing->options.filter;
	const bool judged = jurisdiction_gates(&listing->jurisdiction, &entry->flow);
	bool denied;

	listing->seen++;
	if (!is_wanted(listing, &entry->flow))
		return;
	denied = (entry->mark & listing->options.marks.deny) != 0 ||
		(judged &&
			snapshot_judge(listing->options.snapshot, &entry->flow).verdict !=
				VERDICT_ALLOW);
	if (!is_verdict_wanted(filter, denied))
		return;
	if (filter->limit > 0 && listing->listed == filter->limit) {
		listing->left_out++;
		return;
	}
	listing->listed++;
	refresh_scratch(listing);
	write_flow(listing, entry, details, judged);
}

/* ---- the listing ---- */

/* In place of what the piece has so far, which is the head. */
static enum stream_step refuse(struct json_writer *out, int err)
{
	char text[PROBLEM_SIZE];

	json_writer_clear(out);
	snprintf(text, sizeof(text), "the kernel's flow table can't be read: %s", strerror(-err));
	json_refusal(out, text);
	json_end_line(out);
	return STREAM_END;
}

static enum stream_step finish(const struct flow_listing *listing, int err)
{
	struct json_writer *to = listing->out;

	json_begin_object(to, NULL);
	json_bool(to, "end", true);
	json_number(to, "seen", listing->seen);
	json_number(to, "listed", listing->listed);
	json_number(to, "left_out", listing->left_out);
	json_number(to, "skipped", flow_list_skipped(listing->list));
	if (err != 0)
		json_text(to, "error", strerror(-err));
	json_end_object(to);
	json_end_line(to);
	return STREAM_END;
}

/* Here, not on opening: it asks the kernel, which is for the thread beside the loop. */
static int begin(struct flow_listing *listing)
{
	struct json_writer *to = listing->out;
	int err = local_addrs_read(&listing->local);

	if (err == 0)
		err = flow_list_open(&listing->list);
	if (err != 0)
		return err;
	listing->jurisdiction.local = listing->local;
	json_begin_object(to, NULL);
	json_bool(to, "ok", true);
	json_number(to, "revision", snapshot_revision(listing->options.snapshot));
	json_end_object(to);
	json_end_line(to);
	return 0;
}

static enum stream_step next(struct stream *stream, struct json_writer *out)
{
	struct flow_listing *listing = (struct flow_listing *)stream;
	bool done = false;
	int err = 0;

	listing->out = out;
	if (listing->list == NULL) {
		err = begin(listing);
		if (err == 0)
			err = flow_list_read(listing->list, visit, listing, &done);
		if (err != 0)
			return refuse(out, err);
	}
	for (int reads = 0; err == 0 && !done && reads < READS_MOST && out->length < PIECE_ENOUGH;
		reads++)
		err = flow_list_read(listing->list, visit, listing, &done);
	return err != 0 || done ? finish(listing, err) : STREAM_MORE;
}

static void free_listing(struct stream *stream)
{
	struct flow_listing *listing = (struct flow_listing *)stream;

	arena_unref(listing->scratch);
	flow_list_close(listing->list);
	local_addrs_free(listing->local);
	free(listing);
}

static int check_names(struct flow_listing *listing, char problem[PROBLEM_SIZE])
{
	const struct filter *filter = &listing->options.filter;
	const struct snapshot *snapshot = listing->options.snapshot;

	if (*filter->namespace_name != '\0' &&
		query_namespace(snapshot, filter->namespace_name, problem) != 0)
		return -EINVAL;
	if (*filter->pod == '\0')
		return 0;
	if (query_pod(snapshot, filter->pod, &listing->pod, problem) != 0)
		return -EINVAL;
	if (listing->pod->ip_count > 0 && !listing->pod->finished && !listing->pod->host_network)
		return 0;
	snprintf(problem, PROBLEM_SIZE,
		"pod %.63s/%.63s has no address of its own%s, so nobody can tell which flows are "
		"its",
		listing->pod->namespace_name, listing->pod->name,
		listing->pod->host_network	 ? " (hostNetwork)"
			: listing->pod->finished ? " any more"
						 : "");
	return -EINVAL;
}

int flow_listing_open(
	struct stream **out, const struct flow_listing_options *options, char problem[PROBLEM_SIZE])
{
	struct flow_listing *listing = calloc(1, sizeof(*listing));
	int err;

	if (listing == NULL)
		return -ENOMEM;
	listing->stream.next = next;
	listing->stream.free = free_listing;
	listing->options = *options;
	listing->jurisdiction.snapshot = options->snapshot;
	listing->jurisdiction.host_traffic = options->host_traffic;
	err = check_names(listing, problem);
	if (err != 0)
		free_listing(&listing->stream);
	else
		*out = &listing->stream;
	return err;
}
