/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How fast manifests are read: YAML and JSON, N pods and N policies (10 000 of each, or argv[1]),
 * against libyaml's bare event loop over the same bytes in the same run. Best of five. Memory is
 * what the model holds when the trees are gone.
 */

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <yaml.h>

#include "tests/support/one_file.h"

#include "config/store/store.h"

enum { RUNS = 5 };

struct text {
	char *bytes;
	size_t length, capacity;
};

static void append(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void append(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->capacity - text->length < 4096) {
		text->capacity = text->capacity * 2 + 8192;
		text->bytes = realloc(text->bytes, text->capacity);
		if (text->bytes == NULL)
			abort();
	}
	va_start(args, format);
	text->length += (size_t)vsnprintf(text->bytes + text->length, 4096, format, args);
	va_end(args);
}

/* As kubectl prints them, without managedFields: what people keep in files. */
static void append_yaml(struct text *text, unsigned int i)
{
	append(text,
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-%u\n  namespace: ns-%u\n  "
		"resourceVersion: \"%u\"\n"
		"  creationTimestamp: \"2024-05-01T10:00:00Z\"\n  labels:\n    app: app-%u\n    "
		"tier: tier-%u\n"
		"    pod-template-hash: 5d%08u\nspec:\n  nodeName: gateway\n  serviceAccountName: "
		"default\n  containers:\n"
		"  - name: main\n    image: registry.example/app:%u\n    ports:\n    - name: "
		"http\n      containerPort: 8080\n"
		"      protocol: TCP\n    resources: {}\nstatus:\n  phase: Running\n  podIP: "
		"10.%u.%u.%u\n  podIPs:\n"
		"  - ip: 10.%u.%u.%u\n---\n",
		i, i % 50, i, i % 500, i % 7, i, i, i >> 16 & 255, i >> 8 & 255, i & 255,
		i >> 16 & 255, i >> 8 & 255, i & 255);
	append(text,
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: "
		"policy-%u\n  namespace: ns-%u\n"
		"spec:\n  podSelector:\n    matchLabels:\n      app: app-%u\n  policyTypes:\n  - "
		"Ingress\n  - Egress\n"
		"  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          tier: "
		"tier-%u\n    - ipBlock:\n"
		"        cidr: 10.0.0.0/8\n        except:\n        - 10.%u.0.0/16\n    ports:\n   "
		" - protocol: TCP\n"
		"      port: %u\n  egress:\n  - to:\n    - namespaceSelector: {}\n      "
		"podSelector:\n        matchExpressions:\n"
		"        - key: app\n          operator: In\n          values: [app-1, "
		"app-2]\n---\n",
		i, i % 50, i % 500, i % 7, i & 255, 1024 + i % 60000);
}

static void append_json(struct text *text, unsigned int i)
{
	append(text,
		"%s{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": "
		"\"pod-%u\", \"namespace\": \"ns-%u\", \"resourceVersion\": \"%u\", \"labels\": "
		"{\"app\": \"app-%u\", \"tier\": \"tier-%u\"}}, \"spec\": {\"nodeName\": "
		"\"gateway\", \"containers\": [{\"name\": \"main\", \"ports\": [{\"name\": "
		"\"http\", \"containerPort\": 8080}]}]}, \"status\": {\"phase\": \"Running\", "
		"\"podIPs\": [{\"ip\": \"10.%u.%u.%u\"}]}},\n",
		i == 0 ? "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [" : ",", i,
		i % 50, i, i % 500, i % 7, i >> 16 & 255, i >> 8 & 255, i & 255);
	append(text,
		"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", "
		"\"metadata\": {\"name\": \"policy-%u\", \"namespace\": \"ns-%u\"}, \"spec\": "
		"{\"podSelector\": {\"matchLabels\": {\"app\": \"app-%u\"}}, \"policyTypes\": "
		"[\"Ingress\", \"Egress\"], \"ingress\": [{\"from\": [{\"podSelector\": "
		"{\"matchLabels\": {\"tier\": \"tier-%u\"}}}, {\"ipBlock\": {\"cidr\": "
		"\"10.0.0.0/8\", \"except\": [\"10.%u.0.0/16\"]}}], \"ports\": [{\"port\": "
		"%u}]}]}}\n",
		i, i % 50, i % 500, i % 7, i & 255, 1024 + i % 60000);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What nobody who reads YAML with libyaml can be faster than. */
static size_t count_events(const struct text *text)
{
	yaml_parser_t parser;
	yaml_event_t event;
	size_t count = 0;
	int ended = 0;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->bytes, text->length);
	while (!ended) {
		if (!yaml_parser_parse(&parser, &event))
			abort();
		ended = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		count++;
	}
	yaml_parser_delete(&parser);
	return count;
}

static struct store *read_manifests(const struct text *text)
{
	struct store *store;

	if (store_create(&store) != 0 ||
		one_file_put(store, "bench", text->bytes, text->length) != 0)
		abort();
	if (store_stats(store).broken_files > 0)
		abort();
	return store;
}

static void print_line(const char *what, const struct text *text, double seconds)
{
	printf("%-28s %8.1f ms %8.1f MB/s\n", what, seconds * 1e3,
		(double)text->length / 1e6 / seconds);
}

static void measure_events(const char *what, const struct text *text)
{
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		const double start = now();

		count_events(text);
		if (now() - start < best)
			best = now() - start;
	}
	print_line(what, text, best);
}

static void measure_store(const char *what, const struct text *text)
{
	const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double best = 1e9;
	size_t held = 0;

	for (int i = 0; i < RUNS; i++) {
		const double start = now();
		struct store *store = read_manifests(text);

		if (now() - start < best)
			best = now() - start;
		held = mallinfo2().uordblks + mallinfo2().hblkhd - before;
		store_free(store);
	}
	print_line(what, text, best);
	printf("%-28s %8.1f MiB\n", "  the model holds", (double)held / (1 << 20));
}

int main(int argc, char **argv)
{
	const unsigned int count = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 10000;
	struct text yaml = {0}, json = {0};
	struct rusage usage;

	for (unsigned int i = 0; i < count; i++) {
		append_yaml(&yaml, i);
		append_json(&json, i);
	}
	append(&json, "]}\n");
	printf("%u pods and %u policies: %.1f MB of YAML, %.1f MB of JSON\n", count, count,
		(double)yaml.length / 1e6, (double)json.length / 1e6);
	measure_events("YAML, libyaml's events only", &yaml);
	measure_store("YAML to model", &yaml);
	measure_events("JSON, libyaml's events only", &json);
	measure_store("JSON to model", &json);
	getrusage(RUSAGE_SELF, &usage);
	printf("%-28s %8.1f MiB, input included\n", "peak memory", (double)usage.ru_maxrss / 1024);
	free(yaml.bytes);
	free(json.bytes);
	return 0;
}
