/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/matrix_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { TABLE_MOST = 32 }; /* pods that a table of three columns each fits beside their names */

static const struct reach_cell *cell_of(const struct reach_matrix *matrix, size_t from, size_t to)
{
	return &matrix->cells[from * matrix->count + to];
}

static const char *reach_name(const struct reach_cell *cell)
{
	static const char *const names[] = {
		[REACH_NONE] = "none",
		[REACH_SOME] = "some",
		[REACH_ALL] = "all",
		[REACH_UNKNOWN] = "unknown",
	};

	return names[cell->reach];
}

/* ---- text ---- */

static void print_cell(const struct reach_cell *cell)
{
	static const struct {
		const char *sign;
		enum output_color color;
	} faces[] = {
		[REACH_NONE] = {"-", COLOR_RED},
		[REACH_SOME] = {"%", COLOR_YELLOW},
		[REACH_ALL] = {"+", COLOR_GREEN},
		[REACH_UNKNOWN] = {"?", COLOR_DIM},
	};

	printf(" %s%s%s%s", output_color(faces[cell->reach].color), cell->audited ? "!" : " ",
		faces[cell->reach].sign, output_color(COLOR_NONE));
}

static int name_width(const struct reach_matrix *matrix)
{
	size_t width = 0;

	for (size_t i = 0; i < matrix->count; i++) {
		const size_t length = strlen(matrix->pods[i]->namespace_name) + 1 +
			strlen(matrix->pods[i]->name);

		width = length > width ? length : width;
	}
	return (int)width;
}

/* Object names are DNS names, checked when they were read: no terminal obeys them. */
static void print_name(const struct pod *pod, int width)
{
	const int used = printf("%s/%s", pod->namespace_name, pod->name);

	printf("%*s", used < width ? width - used : 0, "");
}

static void print_question(const struct reach_question *question)
{
	char protocol[FLOW_PROTOCOL_TEXT];

	printf("%s", flow_protocol_name(question->protocol, protocol));
	if (question->port != 0)
		printf(" %u", (unsigned int)question->port);
	else if (flow_protocol_has_ports(question->protocol))
		printf(" at the ports each destination declares, or 80");
	printf(", IPv%u; rows are sources, columns destinations\n\n",
		(unsigned int)question->family);
}

static void print_table(const struct reach_matrix *matrix)
{
	const int width = name_width(matrix);

	printf("%*s", width + 4, "");
	for (size_t to = 0; to < matrix->count; to++)
		printf(" %2zu", to + 1);
	putchar('\n');
	for (size_t from = 0; from < matrix->count; from++) {
		printf("%2zu  ", from + 1);
		print_name(matrix->pods[from], width);
		for (size_t to = 0; to < matrix->count; to++)
			print_cell(cell_of(matrix, from, to));
		putchar('\n');
	}
	printf("\n+ all   %% some ports   - none   ! passes only because of audit mode   ? no "
	       "address of that family\n");
}

/* Too many for a table: what is cut off is what one looks for. */
static void print_list(const struct reach_matrix *matrix)
{
	size_t counts[REACH_UNKNOWN + 1] = {0};

	for (size_t from = 0; from < matrix->count; from++) {
		for (size_t to = 0; to < matrix->count; to++) {
			const struct reach_cell *cell = cell_of(matrix, from, to);

			counts[cell->reach]++;
			if (cell->reach != REACH_NONE && cell->reach != REACH_SOME &&
				!cell->audited)
				continue;
			print_name(matrix->pods[from], 0);
			printf(" -> ");
			print_name(matrix->pods[to], 0);
			printf("  %s%u of %u%s\n", cell->audited ? "audit, " : "",
				(unsigned int)cell->allowed, (unsigned int)cell->asked,
				cell->asked == 1 ? " port" : " ports");
		}
	}
	printf("\n%zu pairs reach each other, %zu on some ports, %zu not at all", counts[REACH_ALL],
		counts[REACH_SOME], counts[REACH_NONE]);
	if (counts[REACH_UNKNOWN] > 0)
		printf(", %zu have no address of that family", counts[REACH_UNKNOWN]);
	putchar('\n');
}

int matrix_print_text(const struct reach_matrix *matrix, const struct reach_question *question)
{
	if (matrix->count == 0) {
		printf("no pod has an address\n");
		return 0;
	}
	print_question(question);
	if (matrix->count <= TABLE_MOST)
		print_table(matrix);
	else
		print_list(matrix);
	return 0;
}

/* ---- JSON ---- */

int matrix_print_json(const struct reach_matrix *matrix, const struct reach_question *question)
{
	struct json_writer writer = {.text = NULL}, *to = &writer;
	char protocol[FLOW_PROTOCOL_TEXT];

	json_begin_object(to, NULL);
	json_text(to, "family", question->family == IP_FAMILY_V6 ? "IPv6" : "IPv4");
	json_text(to, "protocol", flow_protocol_name(question->protocol, protocol));
	if (question->port != 0)
		json_number(to, "port", question->port);
	json_begin_array(to, "pods");
	for (size_t i = 0; i < matrix->count; i++) {
		json_begin_object(to, NULL);
		json_text(to, "namespace", matrix->pods[i]->namespace_name);
		json_text(to, "name", matrix->pods[i]->name);
		json_end_object(to);
	}
	json_end_array(to);
	json_begin_array(to, "pairs");
	for (size_t i = 0; i < matrix->count * matrix->count; i++) {
		const struct reach_cell *cell = &matrix->cells[i];

		json_begin_object(to, NULL);
		json_number(to, "source", i / matrix->count);
		json_number(to, "destination", i % matrix->count);
		json_text(to, "reach", reach_name(cell));
		json_number(to, "allowed", cell->allowed);
		json_number(to, "asked", cell->asked);
		json_bool(to, "audited", cell->audited);
		json_end_object(to);
	}
	json_end_array(to);
	json_end_object(to);
	return output_json_written(to);
}
