// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "progress.h"
#include "race/cells.h"
#include "race/program.h"
#include "race/token.h"
#include "shard.h"
#include "workers.h"

static const char verb[] = "prove";

enum { CELLS_MAX = 16384 };

struct args {
	const char *fs, *op, *pin; /* NULL: all */
	struct cli_region region;
	struct cli_shard shard;
	unsigned int jobs; /* 0: as many as fit */
	uint64_t budget;
	enum ds_turns turns;
	enum ds_rule broken;
	bool all;  /* every profile, operation and kind of pin */
	bool deep; /* and the cells of three tasks */
	bool json;
};

/* One search of a cell: the buffer touched before, or not. */
struct cell_run {
	bool done;
	bool violates;
	enum ds_search_end end;
	char search[32];
	uint64_t interleavings;
	uint32_t broken, warned;
	char *replay;       /* token, NULL if nothing broke */
	bool victim_reread; /* its bytes were read through a new mapping */
	bool victim_changed;
};

struct cell {
	size_t number; /* among those that were asked for, in all shards */
	const struct ds_spec_op *op;
	const struct ds_cell_pin *pin;
	const struct ds_fs_profile *profile;
	const struct ds_verdict *expected;
	bool by_hand; /* for both ways of pinning; otherwise for one at least */
	struct cell_run runs[2]; /* slow, fast */
	atomic_uint n_runs;      /* of them done */
};

/* Everything about one table. */
struct table {
	const struct args *args;
	struct ds_region *regions[CLI_JOBS_MAX]; /* of each worker */
	unsigned int n_regions;
	struct cli_progress progress;
	struct cell cells[CELLS_MAX];
	size_t n;                /* cells of this shard */
	size_t n_asked;          /* cells of all shards */
	size_t order[CELLS_MAX]; /* to search them in */
	uint64_t asked;          /* hash of the question */
};

static void help(void)
{
	printf("usage: daxsim prove [OPTION]...\n\n"
	       "Searches every cell of the proof table to its end: operation x "
	       "file system x\nkind of pin, with the buffer touched before "
	       "(fast pins) and not (slow pins).\n\n"
	       "  --fs PROFILE            only this column\n"
	       "  --op OPERATION          only this row\n"
	       "  --pin PIN               only this kind of pin\n"
	       "  --all                   every file system, operation and "
	       "kind "
	       "of pin\n"
	       "  --deep                  the same with cells of three tasks\n"
	       "  --budget N              runs of each search at most\n"
	       "  --turns KIND            fiber (default) or baton\n"
	       "  --mutate MUTATION       break that rule of the protocol\n"
	       "  --jobs N                searches at a time (default: one for "
	       "each processor;\n"
	       "                          with --device always 1, since they "
	       "would share it)\n"
	       "  --shard K/N             only the K-th of N parts of the "
	       "table\n"
	       "  --json                  one JSON document\n" CLI_REGION_HELP
	       "\nOn many processors or machines, and together again:\n"
	       "  parallel -k daxsim prove --json --jobs 1 --shard {}/8 ::: "
	       "$(seq 8) |\n"
	       "    daxsim merge -\n"
	       "\nExit: 0 every verdict is as expected, 1 one is not, 4 a "
	       "budget ended first.\n");
}

static const struct option options[] = {
	{"fs", required_argument, NULL, 'f'},
	{"op", required_argument, NULL, 'o'},
	{"pin", required_argument, NULL, 'p'},
	{"all", no_argument, NULL, 'a'},
	{"deep", no_argument, NULL, 'd'},
	{"budget", required_argument, NULL, 'B'},
	{"turns", required_argument, NULL, 't'},
	{"mutate", required_argument, NULL, 'M'},
	{"jobs", required_argument, NULL, 'J'},
	{"shard", required_argument, NULL, 'k'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	CLI_REGION_OPTIONS,
	{NULL, 0, NULL, 0},
};

static bool is_op(const char *name)
{
	unsigned int i;

	for (i = 0; ds_spec_op_at(i); i++)
		if (strcmp(ds_spec_op_at(i)->name, name) == 0)
			return true;
	cli_error(verb,
		  "no operation '%s'; 'daxsim list operations' names them",
		  name);
	return false;
}

static bool is_pin(const char *name)
{
	unsigned int i;

	for (i = 0; ds_cell_pin_at(i); i++)
		if (strcmp(ds_cell_pin_at(i)->name, name) == 0)
			return true;
	cli_error(verb, "no pin '%s'; 'daxsim list pins' names them", name);
	return false;
}

static bool take_profile(struct args *args, const char *name)
{
	const struct ds_fs_profile *profile = cli_profile(verb, name);

	if (profile)
		args->fs = profile->name;
	return profile;
}

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;
	bool bad = false;

	switch (c) {
	case 'f':
		return take_profile(args, optarg);
	case 'o':
		args->op = optarg;
		return is_op(optarg);
	case 'p':
		args->pin = optarg;
		return is_pin(optarg);
	case 'd':
		args->deep = true;
		args->all = true;
		return true;
	case 'a':
		args->all = true;
		return true;
	case 'B':
		return cli_number(verb, "budget", optarg, &args->budget);
	case 't':
		if (!cli_turns(verb, optarg, &args->turns))
			return false;
		if (args->turns != DS_TURNS_FREE)
			return true;
		cli_error(verb, "--turns: free tasks choose nothing and prove "
				"nothing; fiber or baton");
		return false;
	case 'M':
		return cli_mutation(verb, optarg, &args->broken);
	case 'J':
		return cli_jobs(verb, optarg, &args->jobs);
	case 'k':
		return cli_shard_parse(verb, optarg, &args->shard);
	case 'j':
		args->json = true;
		return true;
	default:
		return cli_region_option(&args->region, verb, c, &bad) && !bad;
	}
}

/*
 * Runs the red interleaving again and reads the victim's blocks as the medium
 * has them: corruption must be there for whoever maps it next.
 */
static int reread_victims(struct ds_program *program,
			  const struct ds_schedule *schedule,
			  struct cell_run *run)
{
	struct ds_world *world = ds_program_world(program);
	unsigned char wanted[DS_PAGE_SIZE], got[DS_PAGE_SIZE];
	size_t diverged;
	unsigned int i;
	int r;

	r = ds_replay_run(world, schedule, &diverged);
	for (i = 0; r == 0 && i < world->checks->n_victims; i++) {
		struct ds_pfn pfn = world->checks->victims[i];

		r = ds_region_flush(world->region,
				    ds_frame_bytes(world->frames, pfn),
				    DS_PAGE_SIZE);
		if (r == 0)
			r = ds_region_reread(world->region,
					     pfn.pfn << DS_PAGE_SHIFT, got,
					     DS_PAGE_SIZE);
		ds_victim_pattern(pfn, wanted);
		if (r == 0)
			run->victim_changed |=
				memcmp(wanted, got, DS_PAGE_SIZE) != 0;
	}
	run->victim_reread = r == 0;
	return r;
}

static int search_program(struct table *table,
			  const struct ds_scenario *scenario,
			  const struct ds_fs_profile *profile,
			  struct ds_program *program, struct cell_run *run)
{
	struct cli_progress_search progress = {.all = &table->progress};
	struct ds_search_options search = {
		/* Where there is much to search equal states are merged. */
		.kind = table->args->all ? DS_SEARCH_STATES : DS_SEARCH_SOURCE,
		.budget = table->args->budget,
		.max_steps = 10000,
		.progress = cli_progress_of_search,
		.progress_arg = &progress,
	};
	const struct ds_search_finding *shown = NULL;
	struct ds_search_result result;
	unsigned int i;
	int r;

	r = ds_search_run(ds_program_world(program), &search, &result);
	if (r < 0)
		return r;
	run->done = result.end != DS_END_INTERRUPTED;
	run->violates = result.broken != 0;
	run->end = result.end;
	ds_search_end_text(&result, &search, run->search, sizeof(run->search));
	run->interleavings = result.interleavings;
	run->broken = result.broken;
	run->warned = result.warned;
	/* Corruption says most; otherwise the property that comes first. */
	for (i = 0; i < DS_N_PROPERTIES && !shown; i++)
		if (result.findings[i].runs)
			shown = &result.findings[i];
	if (result.findings[DS_NO_STRAY_WRITE].runs)
		shown = &result.findings[DS_NO_STRAY_WRITE];
	if (shown)
		run->replay =
			ds_token_format(scenario->name, scenario->hash,
					profile->name, table->args->broken,
					&shown->schedule);
	if (result.findings[DS_NO_STRAY_WRITE].runs)
		r = reread_victims(program, &shown->schedule, run);
	ds_search_result_free(&result);
	return r;
}

/* Return: an exit code. */
static int run_cell(struct table *table, struct ds_region *region,
		    struct cell *cell, unsigned int touched)
{
	struct ds_program_options how = {
		.profile = cell->profile,
		.region = region,
		.turns = table->args->turns,
		.checked = true,
		.used = table->args->broken != DS_RULE_NONE,
		.broken = table->args->broken,
	};
	struct ds_program *program;
	struct ds_scenario scenario;
	char why[512];
	int r;

	r = ds_cell_scenario(cell->op, cell->pin, touched, &scenario);
	if (r == 0)
		r = ds_program_new(&scenario, &how, &program, why, sizeof(why));
	if (r < 0) {
		cli_error(verb, "%s", why);
		return EXIT_INTERNAL;
	}
	r = search_program(table, &scenario, cell->profile, program,
			   &cell->runs[touched]);
	ds_program_free(program);
	if (r == -EPROTO) {
		cli_error(verb, "%s: nondeterminism", scenario.name);
		return EXIT_DIVERGED;
	}
	if (r < 0) {
		cli_error(verb, "%s: the search is void: %s", scenario.name,
			  strerror(-r));
		return EXIT_INTERNAL;
	}
	return EXIT_AS_ASKED;
}

static bool violates(const struct cell *cell)
{
	return cell->runs[0].violates || cell->runs[1].violates;
}

static bool is_expected(const struct cell *cell)
{
	const struct ds_verdict *expected = cell->expected;

	return violates(cell) == expected->violates &&
	       (!cell->by_hand ||
		cell->runs[0].violates == cell->runs[1].violates);
}

/* The less complete of the two searches speaks for the cell. */
static const char *cell_search(const struct cell *cell)
{
	return cell->runs[0].end == DS_END_COMPLETE ? cell->runs[1].search
						    : cell->runs[0].search;
}

static bool is_complete(const struct cell *cell)
{
	return cell->runs[0].end == DS_END_COMPLETE &&
	       cell->runs[1].end == DS_END_COMPLETE;
}

/* A token of the cell: of the fast pins, if these break something. */
static const char *cell_replay(const struct cell *cell)
{
	return cell->runs[1].replay ? cell->runs[1].replay
				    : cell->runs[0].replay;
}

/* -------------------------------- Output ---------------------------------- */

static void print_json_run(struct cli_json *json, const struct cell_run *run,
			   const char *pinning)
{
	json_open(json, NULL, '{');
	json_string(json, "pinning", pinning);
	json_string(json, "verdict", run->violates ? "violates" : "holds");
	json_string(json, "search", run->search);
	json_number(json, "interleavings", run->interleavings);
	json_properties(json, "properties", run->broken);
	json_warnings(json, "warnings", run->warned);
	json_string(json, "replay", run->replay);
	if (run->victim_reread)
		json_bool(json, "victim_changed_on_reread",
			  run->victim_changed);
	json_close(json, '}');
}

static void print_json_cell(struct cli_json *json, const struct cell *cell)
{
	const struct cell_run *runs = cell->runs;

	json_open(json, NULL, '{');
	json_string(json, "op", cell->op->name);
	json_string(json, "fs", cell->profile->name);
	json_string(json, "pin", cell->pin->name);
	json_string(json, "expected",
		    cell->expected->violates ? "violates" : "holds");
	json_string(json, "verdict", violates(cell) ? "violates" : "holds");
	json_bool(json, "as_expected", is_expected(cell));
	json_properties(json, "properties", runs[0].broken | runs[1].broken);
	json_warnings(json, "warnings", runs[0].warned | runs[1].warned);
	json_string(json, "search", cell_search(cell));
	json_number(json, "interleavings",
		    runs[0].interleavings + runs[1].interleavings);
	json_string(json, "replay", cell_replay(cell));
	json_string(json, "because", cell->expected->because);
	json_open(json, "runs", '[');
	print_json_run(json, &runs[1], "fast");
	print_json_run(json, &runs[0], "slow");
	json_close(json, ']');
	json_close(json, '}');
}

static void print_json(const struct table *table, int code)
{
	const struct ds_region *region = table->regions[0];
	size_t numbers[CELLS_MAX], i;
	struct cli_json json;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_number(&json, "seed", 0);
	json_string(&json, "region", region->path);
	json_number(&json, "region_size", region->size);
	json_string(&json, "flush", ds_region_flush_name(region));
	json_bool(&json, "interrupted", code == EXIT_INTERRUPTED);
	json_open(&json, "cells", '[');
	for (i = 0; i < table->n; i++) {
		print_json_cell(&json, &table->cells[i]);
		numbers[i] = table->cells[i].number;
	}
	json_close(&json, ']');
	cli_shard_json(&json, &table->args->shard, table->asked, code, numbers,
		       table->n, table->n_asked);
	json_end(&json);
}

static const struct cell *find(const struct cell *cells, size_t n,
			       const struct ds_spec_op *op,
			       const struct ds_fs_profile *profile,
			       const struct ds_cell_pin *pin)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (cells[i].op == op && cells[i].profile == profile &&
		    cells[i].pin == pin)
			return &cells[i];
	return NULL;
}

static char letter(const struct table *table, const struct ds_spec_op *op,
		   const struct ds_fs_profile *profile,
		   const struct ds_cell_pin *pin, char *ret_mark)
{
	const struct cell *cell =
		find(table->cells, table->n, op, profile, pin);

	*ret_mark = cell && !is_expected(cell) ? '!' : ' ';
	if (!cell)
		return '.';
	return violates(cell) ? 'V' : 'H';
}

/* Whether @pin is in a column of this table at all. */
static bool has_pin(const struct table *table, const struct ds_cell_pin *pin)
{
	return (pin->proved || table->args->all) &&
	       (!pin->deep || table->args->deep);
}

static bool is_column(const struct table *table,
		      const struct ds_fs_profile *profile)
{
	return table->args->all ? !profile->page_cache : profile->proved;
}

/* The rows, with the columns [first, end) of profiles. */
static void print_columns(const struct table *table, unsigned int first,
			  unsigned int end)
{
	const bool all = table->args->all;
	unsigned int i, j, p;
	char mark;

	printf("\n%-17s", "");
	for (j = first; j < end; j++)
		if (is_column(table, ds_profile_at(j)))
			printf(all ? " %-14s" : " %-10s",
			       ds_profile_at(j)->name);
	for (i = 0; ds_spec_op_at(i); i++) {
		if (!all && !ds_spec_op_at(i)->proved)
			continue;
		printf("\n%-17s", ds_spec_op_at(i)->name);
		for (j = first; j < end; j++) {
			if (!is_column(table, ds_profile_at(j)))
				continue;
			for (p = 0; ds_cell_pin_at(p); p++) {
				char c;

				if (!has_pin(table, ds_cell_pin_at(p)))
					continue;
				c = letter(table, ds_spec_op_at(i),
					   ds_profile_at(j), ds_cell_pin_at(p),
					   &mark);
				printf(" %c%c", c, mark);
			}
			printf("  ");
		}
	}
	printf("\n");
}

static void print_table(const struct table *table)
{
	unsigned int n = 0, first, p;
	const char *comma = "";

	while (ds_profile_at(n))
		n++;
	if (!table->args->all)
		print_columns(table, 0, n);
	for (first = 0; table->args->all && first < n; first += 5)
		print_columns(table, first, first + 5 < n ? first + 5 : n);
	printf("\nH holds, V violates, ! not as expected; in each column the "
	       "pins\n");
	for (p = 0; ds_cell_pin_at(p); p++) {
		if (!has_pin(table, ds_cell_pin_at(p)))
			continue;
		printf("%s%s", comma, ds_cell_pin_at(p)->name);
		comma = ", ";
	}
	printf(".\n\n");
}

static void print_names(uint32_t broken, uint32_t warned)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (broken >> i & 1)
			printf(" %s",
			       ds_property((enum ds_property_id)i)->name);
	for (i = 1; i < 32; i++)
		if (warned >> i & 1)
			printf(" (W%u)", i);
}

/* @brief: only those about which there is something to say. */
static void print_cells(const struct cell *cells, size_t n, bool brief)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cell *cell = &cells[i];
		const struct cell_run *runs = cell->runs;

		if (brief && is_expected(cell) && is_complete(cell))
			continue;
		printf("%-13s %-9s %-8s %-8s %s %llu%s:", cell->op->name,
		       cell->profile->name, cell->pin->name,
		       violates(cell) ? "violates" : "holds", cell_search(cell),
		       (unsigned long long)(runs[0].interleavings +
					    runs[1].interleavings),
		       is_expected(cell) ? "" : " NOT AS EXPECTED");
		print_names(runs[0].broken | runs[1].broken,
			    runs[0].warned | runs[1].warned);
		if (runs[0].victim_changed || runs[1].victim_changed)
			printf(" [victim's bytes changed on the medium]");
		printf("\n");
		if (cell_replay(cell))
			printf("  daxsim replay %s\n", cell_replay(cell));
	}
}

static int print_summary(const struct cell *cells, size_t n, double seconds)
{
	uint64_t interleavings = 0;
	size_t complete = 0, expected = 0, i;

	for (i = 0; i < n; i++) {
		interleavings += cells[i].runs[0].interleavings +
				 cells[i].runs[1].interleavings;
		complete += is_complete(&cells[i]);
		expected += is_expected(&cells[i]);
	}
	return printf("\n%zu cells, %zu COMPLETE, %zu as expected; %llu "
		      "interleavings in %.1f s\n",
		      n, complete, expected, (unsigned long long)interleavings,
		      seconds);
}

/* ----------------------------- What to search ----------------------------- */

static bool is_asked(const char *filter, const char *name)
{
	return !filter || strcmp(filter, name) == 0;
}

static bool is_in_table(const struct args *args, const struct cell *cell)
{
	bool proved =
		cell->op->proved && cell->profile->proved && cell->pin->proved;

	if (!ds_cell_exists(cell->op, cell->profile, cell->pin))
		return false;
	return (proved || args->all) && (args->deep || !cell->pin->deep) &&
	       is_asked(args->op, cell->op->name) &&
	       is_asked(args->fs, cell->profile->name) &&
	       is_asked(args->pin, cell->pin->name);
}

/* What is expected: by hand, otherwise what the written rule has come to. */
static int expect(struct table *table, struct cell *cell)
{
	struct ds_spec spec;
	char why[200];
	int r;

	cell->expected = ds_verdict_expected(
		cell->op->name, cell->profile->name, cell->pin->name);
	cell->by_hand = cell->expected;
	if (!cell->expected)
		cell->expected = ds_verdict_found(
			cell->op->name, cell->profile->name, cell->pin->name);
	if (cell->expected)
		return 0;
	r = ds_spec_find(cell->op, cell->profile, table->regions[0], &spec, why,
			 sizeof(why));
	if (r < 0)
		cli_error(verb, "%s on %s: %s", cell->op->name,
			  cell->profile->name, why);
	else
		cell->expected =
			ds_verdict_predicted(cell->op, &spec, cell->pin);
	return r;
}

/* The cells that were asked for, in the order of rows, columns and pins. */
static int list_cells(struct table *table)
{
	unsigned int i, j, p;
	int r;

	for (i = 0; ds_spec_op_at(i); i++)
		for (j = 0; ds_profile_at(j); j++)
			for (p = 0; ds_cell_pin_at(p); p++) {
				struct cell *cell = &table->cells[table->n];

				cell->op = ds_spec_op_at(i);
				cell->profile = ds_profile_at(j);
				cell->pin = ds_cell_pin_at(p);
				cell->number = table->n;
				if (!is_in_table(table->args, cell))
					continue;
				r = expect(table, cell);
				if (r < 0)
					return r;
				table->n++;
				ds_assert(table->n < CELLS_MAX);
			}
	table->n_asked = table->n;
	return 0;
}

static int hash_question(struct table *table)
{
	const struct args *args = table->args;
	uint64_t asked = cli_asked(verb);
	struct ds_scenario scenario;
	unsigned int touched;
	size_t i;
	int r;

	asked = cli_asked_number(asked, table->regions[0]->size);
	asked = cli_asked_number(asked, args->budget);
	asked = cli_asked_number(asked, (uint64_t)args->turns);
	asked = cli_asked_mutation(asked, args->broken);
	for (i = 0; i < 2 * table->n; i++) {
		const struct cell *cell = &table->cells[i / 2];

		touched = i % 2;
		r = ds_cell_scenario(cell->op, cell->pin, touched, &scenario);
		if (r < 0)
			return r;
		asked = cli_asked_text(asked, cell->profile->name);
		asked = cli_asked_number(asked, scenario.hash);
		asked = cli_asked_number(asked, cell->expected->violates);
	}
	table->asked = asked;
	return 0;
}

/* Cells with more to interleave cost more: pages pinned, then calls. */
static uint8_t cost(const struct cell *cell)
{
	if (cell->pin->more || strcmp(cell->pin->name, "direct-2") == 0)
		return 2;
	return cell->pin->unmap;
}

/* Leaves the cells of the shard. */
static void keep_shard(struct table *table)
{
	uint64_t keys[CELLS_MAX];
	size_t i, kept = 0;
	char name[128];

	for (i = 0; i < table->n; i++) {
		const struct cell *cell = &table->cells[i];

		snprintf(name, sizeof(name), "%s/%s/%s", cell->op->name,
			 cell->profile->name, cell->pin->name);
		keys[i] = cli_shard_key(name, cost(cell));
	}
	for (i = 0; i < table->n; i++)
		if (cli_shard_has(&table->args->shard, keys, table->n, i))
			table->cells[kept++] = table->cells[i];
	table->n = kept;
}

static void order_cells(struct table *table)
{
	size_t i, n = 0;
	int class;

	for (class = 2; class >= 0; class --)
		for (i = 0; i < table->n; i++)
			if (cost(&table->cells[i]) == class)
				table->order[n++] = i;
}

/* --------------------------------- Main ----------------------------------- */

/* A piece of work: one of the two searches of a cell. */
static int work(void *arg, unsigned int worker, size_t i)
{
	struct table *table = arg;
	struct cell *cell = &table->cells[table->order[i / 2]];
	int code;

	code = run_cell(table, table->regions[worker], cell, i % 2);
	if (code == EXIT_AS_ASKED && cell->runs[i % 2].done &&
	    atomic_fetch_add(&cell->n_runs, 1) == 1)
		cli_progress_done(&table->progress);
	return code;
}

static void free_cell(struct cell *cell)
{
	free(cell->runs[0].replay);
	free(cell->runs[1].replay);
}

/* Leaves the cells that were searched, if not all could be. */
static void keep_known(struct table *table)
{
	size_t i, kept = 0;

	for (i = 0; i < table->n; i++) {
		struct cell *cell = &table->cells[i];

		if (cell->runs[0].done && cell->runs[1].done)
			table->cells[kept++] = *cell;
		else
			free_cell(cell);
	}
	table->n = kept;
}

static int judge(const struct cell *cells, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_complete(&cells[i]) && !is_expected(&cells[i]))
			return EXIT_UNEXPECTED;
	for (i = 0; i < n; i++)
		if (!is_complete(&cells[i]))
			return EXIT_BUDGET;
	return EXIT_AS_ASKED;
}

static void print_head(const struct table *table)
{
	const struct cli_shard *shard = &table->args->shard;
	const struct ds_region *region = table->regions[0];

	printf("seed 0 (nothing is left to chance: every interleaving is "
	       "tried)\nregion %s, %llu bytes, flushed by %s\n",
	       region->path, (unsigned long long)region->size,
	       ds_region_flush_name(region));
	if (shard->n)
		printf("shard %llu/%llu: %zu of %zu cells\n",
		       (unsigned long long)shard->k,
		       (unsigned long long)shard->n, table->n, table->n_asked);
	fflush(stdout);
}

static void print_text(const struct table *table, size_t n_begun,
		       double seconds)
{
	print_table(table);
	print_cells(table->cells, table->n, table->args->all);
	print_summary(table->cells, table->n, seconds);
	if (cli_interrupted())
		printf("interrupted: %zu of %zu cells were searched\n",
		       table->n, n_begun);
}

static int prove(struct table *table)
{
	double start = cli_now();
	size_t n;
	int code;

	if (list_cells(table) < 0 || hash_question(table) < 0)
		return EXIT_INTERNAL;
	if (table->n == 0) {
		cli_error(verb, "no cell of the proof table is asked for; "
				"--all has more");
		return EXIT_USAGE;
	}
	keep_shard(table);
	order_cells(table);
	n = table->n;
	if (!table->args->json)
		print_head(table);
	cli_progress_begin(&table->progress, verb, "cells", n);
	code = cli_work(table->n_regions, 2 * n, work, table);
	cli_progress_end(&table->progress);
	keep_known(table);
	if (code != EXIT_AS_ASKED)
		return code;
	code = cli_interrupted() ? EXIT_INTERRUPTED
				 : judge(table->cells, table->n);
	if (table->args->json)
		print_json(table, code);
	else
		print_text(table, n, cli_now() - start);
	return code;
}

/* Return: an exit code, or -1 to go on. */
static int parse_args(int argc, char **argv, struct args *args)
{
	int code =
		cli_options(verb, argc, argv, options, help, take_option, args);

	if (code >= 0)
		return code;
	if (optind < argc) {
		cli_error(verb, "expected no argument '%s'", argv[optind]);
		return EXIT_USAGE;
	}
	if (args->region.device && args->jobs > 1) {
		cli_error(verb,
			  "--jobs: with --device only 1, not %u: they "
			  "would share the device",
			  args->jobs);
		return EXIT_USAGE;
	}
	if (args->region.device)
		args->jobs = 1;
	else if (!args->jobs)
		args->jobs = cli_processors();
	return -1;
}

/* Each worker gets memory of its own. Return: an exit code. */
static int open_regions(struct table *table)
{
	const struct args *args = table->args;
	int code = EXIT_AS_ASKED;

	while (table->n_regions < args->jobs && code == EXIT_AS_ASKED) {
		code = cli_region_open(&args->region, verb,
				       &table->regions[table->n_regions]);
		table->n_regions += code == EXIT_AS_ASKED;
	}
	return code;
}

int daxsim_verb_prove(int argc, char **argv)
{
	struct args args = {0};
	struct table *table;
	size_t i;
	int code;

	code = parse_args(argc, argv, &args);
	if (code >= 0)
		return code;
	table = calloc(1, sizeof(*table));
	if (!table) {
		cli_error(verb, "%s", strerror(ENOMEM));
		return EXIT_INTERNAL;
	}
	table->args = &args;
	code = open_regions(table);
	if (code == EXIT_AS_ASKED) {
		cli_catch_interrupt();
		code = prove(table);
	}
	for (i = 0; i < table->n; i++)
		free_cell(&table->cells[i]);
	for (i = 0; i < table->n_regions; i++)
		ds_region_close(table->regions[i]);
	free(table);
	return code;
}
