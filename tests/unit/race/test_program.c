// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fs/profiles.h"
#include "race/program.h"
#include "race/search.h"

struct t_play {
	struct ds_region *region;
	struct ds_program *program;
	struct ds_world *world;
	bool used;
	enum ds_rule broken;
	char why[256];
};

static int try_play(struct t_play *p, const char *fs, const char *text,
		    uint64_t n_pages)
{
	struct ds_region_options region = {.size = n_pages * DS_PAGE_SIZE};
	struct ds_program_options options = {
		.profile = ds_profile_find(fs),
		.checked = true,
		.used = p->used,
		.broken = p->broken,
	};
	static struct ds_scenario scenario;
	int r;

	r = ds_scenario_parse("x.scn", text, &scenario, p->why, sizeof(p->why));
	if (r < 0)
		print_error("%s\n", p->why);
	assert_int_equal(r, 0);
	assert_int_equal(
		ds_region_open(&region, &p->region, p->why, sizeof(p->why)), 0);
	options.region = p->region;
	r = ds_program_new(&scenario, &options, &p->program, p->why,
			   sizeof(p->why));
	if (r == 0)
		p->world = ds_program_world(p->program);
	return r;
}

static void play(struct t_play *p, const char *fs, const char *text)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(try_play(p, fs, text, 1024), 0);
}

static void end(struct t_play *p)
{
	ds_program_free(p->program);
	ds_region_close(p->region);
}

/* Searches to completion. Return: what broke. */
static uint32_t search(struct t_play *p, uint64_t *ret_interleavings)
{
	const struct ds_search_options options = {.max_steps = 3000};
	struct ds_search_result result;
	uint32_t broken;

	assert_int_equal(ds_search_run(p->world, &options, &result), 0);
	assert_int_equal(result.end, DS_END_COMPLETE);
	broken = result.broken;
	*ret_interleavings = result.interleavings;
	ds_search_result_free(&result);
	return broken;
}

static uint32_t outcome(const char *fs, const char *text)
{
	uint64_t interleavings;
	struct t_play p;
	uint32_t broken;

	play(&p, fs, text);
	broken = search(&p, &interleavings);
	end(&p);
	return broken;
}

static struct ds_inode *file_of(const struct t_play *p, const char *name)
{
	struct ds_inode *inode = p->world->super->inodes;

	while (inode && strcmp(inode->name, name) != 0)
		inode = inode->next;
	assert_non_null(inode);
	return inode;
}

/* ------------------------------- Setting up ------------------------------- */

/* The calls made before the search keep the rule, or no scenario would begin.
 */
static void a_broken_rule_is_broken_by_every_task(void **state)
{
	static const char text[] =
		"file A 16K\n"
		"task a\nbefore map A 0+4K\nbefore touch A 0+4K\n"
		"before punch A 0+4K\nbefore touch A 0+4K\npunch A 0+4K\n"
		"task b\nread A 8K+4K\n";
	struct t_play p = {.broken = DS_RULE_PUNCH_DROPS_ENTRIES};
	uint64_t interleavings;

	(void)state;
	assert_int_equal(try_play(&p, "ext4-4.19", text, 1024), 0);
	assert_int_equal(ds_checks_broken(p.world->checks), 0);
	assert_int_equal(search(&p, &interleavings), 1u << DS_TREES_AGREE);
	end(&p);
	assert_int_equal(outcome("ext4-4.19", text), 0);
}

static void a_used_region_held_something_else(void **state)
{
	static const char text[] = "file A 16K hole 4K+4K\n"
				   "task a\nread A 4K+4K\ntask b\nfsync A\n";
	struct t_play p = {.used = true};
	struct ds_extent run;
	uint64_t at;

	(void)state;
	assert_int_equal(try_play(&p, "ext4-4.19", text, 1024), 0);
	/* The block behind the file's last is free. */
	run = ds_extmap_lookup(file_of(&p, "A")->extents, ds_pgidx(3));
	at = run.pfn.pfn + 3 - run.page.pgidx + 1;
	assert_int_equal(ds_frame_bytes(p.world->frames, ds_pfn(at))[7], 0x5c);
	assert_int_equal(
		ds_frame_bytes(p.world->frames, ds_pfn(DS_ZERO_PFN))[7], 0);
	end(&p);
}

static void files_are_written_as_described(void **state)
{
	struct ds_inode *a, *b;
	struct ds_extent run;
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19",
	     "file A 16K hole 4K+8K\nfile B 5000\ntask a\nfsync A\n");
	a = file_of(&p, "A");
	b = file_of(&p, "B");
	assert_int_equal(atomic_load(&a->size), 16384);
	assert_int_equal(ds_extmap_n_blocks(a->extents), 2);
	run = ds_extmap_lookup(a->extents, ds_pgidx(1));
	assert_int_equal(run.state, DS_EXT_HOLE);
	assert_int_equal(run.n_pages, 2);
	assert_int_equal(atomic_load(&b->size), 5000);
	assert_int_equal(ds_extmap_n_blocks(b->extents), 2);
	/* Pages and files differ in their bytes. */
	run = ds_extmap_lookup(a->extents, ds_pgidx(3));
	assert_int_equal(ds_frame_bytes(p.world->frames, run.pfn)[0], 0x13);
	run = ds_extmap_lookup(b->extents, ds_pgidx(0));
	assert_int_equal(ds_frame_bytes(p.world->frames, run.pfn)[0], 0x20);
	end(&p);
}

static void calls_before_the_search_are_made_once(void **state)
{
	uint64_t interleavings;
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19",
	     "file A 8K\n"
	     "task a\nbefore truncate A 4K\nread A 0+4K\n"
	     "task b\nread A 0+4K\n");
	assert_int_equal(atomic_load(&file_of(&p, "A")->size), 4096);
	assert_int_equal(search(&p, &interleavings), 0);
	/* Two readers share their lock, and meet nowhere else. */
	assert_int_equal(interleavings, 1);
	end(&p);
}

static void a_call_that_fails_before_the_search_is_named(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} calls[] = {
		{"file A 8K\ntask a\nfsync A\ntask b\nbefore load A 0+1\n",
		 "x.scn: task b: call 1 before the search failed: Bad address"},
		{"file A 8K\ntask a\nfsync A\nbefore collapse A 0+1\n",
		 "x.scn: task a: call 2 before the search failed: Invalid "
		 "argument"},
		{"file A 4K\ntask a\nbefore map A 0+8K\nbefore load A 4K+1\n",
		 "x.scn: task a: call 2 before the search failed: signal"},
		{"file A 8K\ntask a\nbefore map A 0+8K\nbefore pin A 0+4K\n"
		 "before pin A 4K+4K\n",
		 "x.scn: task a: call 3 before the search failed: Device or "
		 "resource busy"},
	};
	struct t_play p = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(try_play(&p, "ext4-4.19", calls[i].text, 1024),
				 -EINVAL);
		assert_string_equal(p.why, calls[i].why);
		ds_region_close(p.region);
	}
}

static void files_that_do_not_fit_are_refused(void **state)
{
	struct t_play p = {0};

	(void)state;
	assert_int_equal(try_play(&p, "ext4-4.19",
				  "file A 64K\ntask a\nfsync A\n", 16),
			 -EINVAL);
	assert_string_equal(p.why, "x.scn: its files do not fit on the region");
	ds_region_close(p.region);
}

/* --------------------------------- Calls ---------------------------------- */

/* Every call there is, one task after the other; nothing may break. */
static void every_call_can_be_made(void **state)
{
	static const char *const systems[] = {"ext4-4.18", "ext4-4.19",
					      "xfs-4.19", "ext4-6.1"};
	static const char text[] =
		"file A 16K hole 4K+4K\nfile B 4K\n"
		"task a\n"
		"map A 0+16K\ntouch A 0+8K\nload A 0+16K\n"
		"direct-read A 0+8K\ndirect-write A 0+5000\n"
		"pin A 4K+4K\ndma\nunpin\ndma\nunpin\nunmap A\n"
		"unmap A\nload A 0+1\n"
		"signal a\n"
		"task b\n"
		"read B 0+4K\nwrite B 100+8K\ntruncate B 20K\nfsync B\n"
		"allocate B 0+8K keep\nzero B 0+4K\npunch B 4K+4K\n"
		"collapse B 0+4K\ninsert B 0+4K\nunlink B\nclose B\nread B "
		"0+1\n";
	uint64_t interleavings;
	struct t_play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		play(&p, systems[i], text);
		assert_int_equal(search(&p, &interleavings), 0);
		assert_null(file_of(&p, "A")->next);
		end(&p);
	}
}

/* And those on pins. */
static void every_call_on_pins_can_be_made(void **state)
{
	static const char *const systems[] = {"ext4-4.18", "ext4-4.19",
					      "ext4-6.1", "xfs-6.15"};
	static const char text[] =
		"file A 8K hole 4K+4K\n"
		"task a\n"
		"map A 0+8K\npin A 0+4K\ndup\ndup\ndma\nunpin\nundup\n"
		"undup\npin A 4K+4K read get\ndma\ncomplete\nunpin\n"
		"pin A 0+4K longterm\n"
		"task b\n"
		"pin A 0+4K\n"
		"task c\n"
		"take b\nunpin\ndirect-read A 0+4K\n"
		"task d\n"
		"await c\n";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		assert_int_equal(outcome(systems[i], text), 0);
}

static void an_open_file_outlives_its_closing_by_another_task(void **state)
{
	(void)state;
	/* Whoever comes too late gets an error; nobody uses a freed file. */
	assert_int_equal(outcome("ext4-4.19", "file A 8K\n"
					      "task a\nread A 0+8K\n"
					      "task b\nunlink A\nclose A\n"),
			 0);
}

/* A pin fails: its mapping is gone, or it never had one. */
static void nobody_waits_for_io_that_failed(void **state)
{
	(void)state;
	assert_int_equal(outcome("ext4-4.19",
				 "file A 8K\n"
				 "task a\nbefore map A 0+4K\nunmap A\n"
				 "pin A 0+4K\n"
				 "task b\ntake a\ndma\nunpin\n"
				 "task c\ndirect-read A 0+4K\n"
				 "task d\nawait c\n"),
			 0);
}

static void a_request_that_nobody_makes_is_waited_for(void **state)
{
	static const char *const texts[] = {
		"task a\nfsync A\ntask b\ntake a\n",
		"task a\nfsync A\ntask b\nawait a\n",
	};
	char text[80];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "file A 8K\n%s", texts[i]);
		assert_int_equal(outcome("ext4-4.19", text),
				 1u << DS_NO_DEADLOCK);
	}
}

static void a_pin_made_before_the_search_can_be_dropped_in_it(void **state)
{
	(void)state;
	assert_int_equal(outcome("ext4-4.19", "file A 8K\n"
					      "task a\nbefore map A 0+8K\n"
					      "before pin A 0+4K\ndma\nunpin\n"
					      "task b\npunch A 0+4K\n"),
			 0);
}

/* A task's pin is not lost when it makes another direct read meanwhile. */
static void a_pin_survives_other_direct_calls(void **state)
{
	(void)state;
	assert_int_equal(outcome("ext4-4.19",
				 "file A 8K\n"
				 "task a\nbefore map A 0+8K\n"
				 "before pin A 0+4K\ndirect-read A 4K+4K\n"
				 "direct-read A 4K+1M\nunpin\n"
				 "task b\npunch A 0+4K\n"),
			 0);
}

static void a_missing_wait_is_found(void **state)
{
	static const char text[] = "file A 8K\n"
				   "task a\nbefore map A 0+8K\n"
				   "before pin A 0+4K\ndma\nunpin\n"
				   "task b\npunch A 0+4K\n";

	(void)state;
	assert_int_equal(
		outcome("ext4-4.18", text),
		1U << DS_NO_FREE_BLOCK_PINNED | 1U << DS_NO_STRAY_WRITE |
			1U << DS_LAYOUT_HOLDER_COHERENT | 1U << DS_WAITED);
}

static void a_scenario_can_ask_for_flushes_by_interrupt(void **state)
{
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19", "flush ipi\nfile A 4K\ntask a\nfsync A\n");
	assert_int_equal(p.world->space->flush, DS_FLUSH_IPI);
	end(&p);
	play(&p, "ext4-4.19", "file A 4K\ntask a\nfsync A\n");
	assert_int_equal(p.world->space->flush, DS_FLUSH_BROADCAST);
	end(&p);
}

/* Where a freed block goes: to the victim, or to the next file that asks. */
static void a_scenario_can_ask_for_freed_blocks_to_be_used_again(void **state)
{
	static const char calls[] =
		"file A 4K\nfile B 4K hole 0+4K\ntask a\n"
		"before punch A 0+4K\nbefore write B 0+4K\nfsync A\n";
	char text[200];
	struct t_play p;

	(void)state;
	snprintf(text, sizeof(text), "reuse blocks\n%s", calls);
	play(&p, "ext4-4.19", text);
	assert_int_equal(p.world->super->n_victim_blocks, 0);
	assert_int_equal(ds_frame_view(p.world->frames, ds_pfn(1))->file, 2);
	end(&p);
	play(&p, "ext4-4.19", calls);
	assert_int_equal(p.world->super->n_victim_blocks, 1);
	assert_int_equal(ds_frame_view(p.world->frames, ds_pfn(1))->file,
			 DS_VICTIM_INODE);
	end(&p);
}

static uint64_t size_after(const char *text)
{
	uint64_t size;
	struct t_play p;

	play(&p, "ext4-6.1", text);
	size = atomic_load(&file_of(&p, "A")->size);
	end(&p);
	return size;
}

static void files_are_opened_anew_to_append_and_to_truncate(void **state)
{
	(void)state;
	assert_int_equal(
		size_after("file A 5K\ntask a\nbefore append A 2K\nfsync A\n"),
		7 << 10);
	assert_int_equal(size_after("file A 5K\ntask a\n"
				    "before open-truncate A\nfsync A\n"),
			 0);
}

/* By what FILE has there when the call, or else the search, begins. */
static void memory_fails_where_a_scenario_says(void **state)
{
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19",
	     "file A 8K\ntask a\nbefore map A 0+8K\nbefore touch A 0+8K\n"
	     "before poison A 4K\nfsync A\n");
	assert_false(ds_frame_view(p.world->frames, ds_pfn(1))->poisoned);
	assert_true(ds_frame_view(p.world->frames, ds_pfn(2))->poisoned);
	assert_int_equal(ds_checks_broken(p.world->checks), 0);
	end(&p);
	memset(&p, 0, sizeof(p));
	assert_int_equal(
		try_play(&p, "ext4-4.19",
			 "file A 8K hole 0+4K\ntask a\nbefore poison A 0\n",
			 1024),
		-EINVAL);
	assert_string_equal(p.why, "x.scn: task a: call 1 before the search "
				   "failed: No such device or address");
	ds_region_close(p.region);
}

static void a_scenario_can_say_how_many_blocks_are_free(void **state)
{
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19",
	     "space 2\nfile A 8K\ntask a\nbefore punch A 0+4K\nfsync A\n");
	assert_int_equal(ds_blocks_n_free(p.world->super->blocks), 2);
	ds_blocks_check(p.world->super->blocks);
	assert_int_equal(p.world->super->n_zones, 1);
	end(&p);
	assert_int_equal(try_play(&p, "ext4-4.19",
				  "space 9\nfile A 8K\ntask a\nfsync A\n", 8),
			 -EINVAL);
	assert_string_equal(p.why, "x.scn: only 5 blocks are free");
	ds_region_close(p.region);
}

/* ----------------------- What can happen in a wait ------------------------ */

static void faults_go_on_while_a_task_waits_and_reads_do_not(void **state)
{
	static const char text[] = "watch waits\nfile A 8K\n"
				   "task a\nbefore map A 0+4K\n"
				   "before pin A 0+4K\nunpin\n"
				   "task b\npunch A 0+4K\n"
				   "task c\nbefore map A 4K+4K\n"
				   "load A 4K+1\nread A 4K+1\n";
	uint64_t interleavings;
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19", text);
	assert_int_equal(ds_program_waits(p.program), 0);
	assert_int_equal(search(&p, &interleavings), 0);
	assert_true(ds_program_waits(p.program) > 0);
	assert_true(ds_program_ran_in_wait(p.program, 2, 1));
	assert_false(ds_program_ran_in_wait(p.program, 2, 2));
	end(&p);
}

/* ------------------------------- For ever --------------------------------- */

static const char starved[] = "file A 4K\n"
			      "task one forever\n"
			      "before map A 0+4K\nbefore touch A 0+4K\n"
			      "direct-read A 0+4K\n"
			      "task two forever\n"
			      "before map A 0+4K\n"
			      "direct-read A 0+4K\n"
			      "task truncate\ntruncate A 0\n";

static enum ds_search_end end_of(const char *fs, const char *text,
				 const struct ds_search_options *options,
				 uint64_t *ret_limited)
{
	struct ds_search_result result;
	struct t_play p;

	play(&p, fs, text);
	assert_int_equal(ds_search_run(p.world, options, &result), 0);
	assert_int_equal(result.interleavings, 0);
	assert_int_equal(result.broken, 0);
	*ret_limited = result.limited;
	ds_search_result_free(&result);
	end(&p);
	return result.end;
}

static void a_search_of_endless_runs_is_bounded_and_never_complete(void **state)
{
	static const enum ds_search_kind kinds[] = {DS_SEARCH_SOURCE,
						    DS_SEARCH_SLEEP,
						    DS_SEARCH_PLAIN,
						    DS_SEARCH_BOUND};
	struct ds_search_options options = {.bound = 2, .max_steps = 12};
	uint64_t limited;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		options.kind = kinds[i];
		assert_int_equal(end_of("ext4-4.19", starved, &options,
					&limited),
				 DS_END_BOUNDED);
		assert_true(limited > 1);
	}
}

/* Nothing is there to yield at: the round itself is a step. */
static void rounds_that_do_nothing_let_others_go_on(void **state)
{
	const struct ds_search_options options = {.max_steps = 30};
	uint64_t limited;

	(void)state;
	assert_int_equal(end_of("ext4-4.19",
				"file A 8K\n"
				"task a forever\ndma\nunpin\ntouch A 0+1\n"
				"task b forever\ndirect-read A 0+4K\n",
				&options, &limited),
			 DS_END_BOUNDED);
	/* They meet nowhere: so many steps of the one, the rest the other's. */
	assert_int_equal(limited, 31);
}

#define STEPS      2000
#define PATIENCE   50
#define MAX_PERIOD 100

/*
 * A schedule that is fair and lets the page become idle only when it must:
 * everybody in turn, but who has the last pin only when somebody else has one
 * too, or after a long while.
 */
struct starver {
	struct ds_world *world;
	struct ds_pfn pfn;
	unsigned int turn;
	uint64_t taken[DS_SCN_TASKS];
	uint64_t n_dma, n_looks;
	unsigned int passed[DS_SCN_TASKS]; /* over, in a row */
	struct ds_digest seen[STEPS];      /* before each step, with @turn */
	size_t used[STEPS];
	size_t n;
};

static bool may_go(struct starver *starver, const struct ds_task *task)
{
	const struct ds_frames *frames = starver->world->frames;

	if (task->at != DS_AT_FRAME_PUT ||
	    ds_frame_extra(ds_frame_view(frames, starver->pfn)) > 1 ||
	    starver->passed[task->id]++ > PATIENCE) {
		starver->passed[task->id] = 0;
		return true;
	}
	return false;
}

static int pick_starving(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct starver *starver = arg;
	unsigned int task = starver->turn;

	(void)last;
	starver->seen[starver->n] = ds_world_digest(starver->world);
	ds_digest_add(&starver->seen[starver->n], starver->turn);
	starver->used[starver->n++] = ds_arena_used(starver->world->arena);
	while (!(enabled >> task & 1) || !may_go(starver, sched->tasks[task]))
		task = (task + 1) % sched->n_tasks;
	starver->turn = (task + 1) % sched->n_tasks;
	starver->taken[task]++;
	starver->n_dma += sched->tasks[task]->at == DS_AT_DMA;
	starver->n_looks += sched->tasks[task]->at == DS_AT_BUSY_TEST;
	return (int)task;
}

static void starve(struct t_play *p, struct starver *starver)
{
	struct ds_sched *sched = p->world->sched;

	memset(starver, 0, sizeof(*starver));
	starver->world = p->world;
	starver->pfn =
		ds_extmap_lookup(file_of(p, "A")->extents, ds_pgidx(0)).pfn;
	assert_int_equal(ds_world_rewind(p->world), 0);
	sched->max_steps = STEPS;
	sched->strategy.pick = pick_starving;
	sched->strategy.arg = starver;
	assert_int_equal(ds_sched_run(sched), DS_RUN_LIMIT);
}

static void a_truncate_can_starve_behind_endless_reads(void **state)
{
	static const char *const systems[] = {"xfs-4.19", "ext4-6.1",
					      "xfs-6.1"};
	static struct starver starver;
	struct t_play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		play(&p, systems[i], starved);
		starve(&p, &starver);
		/* It looked, everybody else goes on, and it never ends. */
		assert_int_equal(p.world->sched->tasks[2]->state,
				 DS_TASK_ASLEEP);
		assert_int_equal(ds_extmap_n_blocks(file_of(&p, "A")->extents),
				 1);
		assert_true(starver.n_looks >= 1);
		assert_true(starver.n_dma > 100);
		assert_true(starver.taken[0] > STEPS / 4);
		assert_true(starver.taken[1] > STEPS / 4);
		assert_int_equal(ds_checks_broken(p.world->checks), 0);
		end(&p);
	}
}

/*
 * Without a wait there is nothing to starve in; and where i_size goes first, no
 * page behind it can be pinned again.
 */
static void a_truncate_that_cuts_off_first_cannot_starve(void **state)
{
	static const char *const systems[] = {"ext4-4.18", "ext4-4.19"};
	static struct starver starver;
	struct t_play p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		play(&p, systems[i], starved);
		starve(&p, &starver);
		assert_int_equal(p.world->sched->tasks[2]->state, DS_TASK_DONE);
		assert_int_equal(ds_extmap_n_blocks(file_of(&p, "A")->extents),
				 0);
		end(&p);
	}
}

static size_t period_of(const struct starver *starver)
{
	const struct ds_digest *tail = &starver->seen[STEPS / 2];
	size_t period, i;

	for (period = 1; period <= MAX_PERIOD; period++) {
		for (i = 0; i < STEPS / 2 - MAX_PERIOD; i++)
			if (!ds_digest_equal(tail[i], tail[i + period]))
				break;
		if (i == STEPS / 2 - MAX_PERIOD)
			return period;
	}
	return 0;
}

/*
 * The same choices in the same state lead to the same state: a fair schedule
 * without end runs in a circle, and uses nothing up.
 */
static void what_goes_on_for_ever_comes_back_to_where_it_was(void **state)
{
	static struct starver starver;
	struct t_play p;
	size_t period, i;

	(void)state;
	play(&p, "xfs-4.19", starved);
	starve(&p, &starver);
	period = period_of(&starver);
	/* A round of a direct read of one page has five steps. */
	assert_int_equal(period, 10);
	for (i = STEPS / 2; i + period < STEPS; i++)
		assert_int_equal(starver.used[i], starver.used[i + period]);
	/* What the properties remember is no more after more rounds. */
	assert_int_equal(p.world->checks->n_pinned, 1);
	end(&p);
}

static void endless_tasks_end_on_free_threads(void **state)
{
	struct ds_region_options region = {.size = 1 << 22};
	struct ds_program_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.turns = DS_TURNS_FREE,
	};
	const struct ds_search_options how = {.kind = DS_SEARCH_RANDOM,
					      .budget = 1};
	static struct ds_scenario scenario;
	struct ds_search_result result;
	struct ds_program *program;
	char why[200];

	(void)state;
	assert_int_equal(ds_scenario_parse("x.scn", starved, &scenario, why,
					   sizeof(why)),
			 0);
	assert_int_equal(
		ds_region_open(&region, &options.region, why, sizeof(why)), 0);
	assert_int_equal(ds_program_new(&scenario, &options, &program, why,
					sizeof(why)),
			 0);
	assert_int_equal(
		ds_search_run(ds_program_world(program), &how, &result), 0);
	assert_int_equal(result.interleavings, 1);
	assert_int_equal(result.broken, 0);
	ds_search_result_free(&result);
	ds_program_free(program);
	ds_region_close(options.region);
}

static void what_a_task_came_to_is_kept(void **state)
{
	uint64_t interleavings;
	struct t_play p;

	(void)state;
	play(&p, "ext4-4.19",
	     "file A 32K\n"
	     "task one\nread A 0+4K\ncollapse A 0+32K\nread A 0+4K\n"
	     "task two\nfsync A\nread A 0+4K\n");
	assert_int_equal(search(&p, &interleavings), 0);
	assert_int_equal(ds_program_result(p.program, 0), -EINVAL);
	assert_int_equal(ds_program_result(p.program, 1), 4096);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_rule_is_broken_by_every_task),
		cmocka_unit_test(a_used_region_held_something_else),
		cmocka_unit_test(files_are_written_as_described),
		cmocka_unit_test(calls_before_the_search_are_made_once),
		cmocka_unit_test(a_call_that_fails_before_the_search_is_named),
		cmocka_unit_test(files_that_do_not_fit_are_refused),
		cmocka_unit_test(every_call_can_be_made),
		cmocka_unit_test(every_call_on_pins_can_be_made),
		cmocka_unit_test(
			an_open_file_outlives_its_closing_by_another_task),
		cmocka_unit_test(
			a_pin_made_before_the_search_can_be_dropped_in_it),
		cmocka_unit_test(a_pin_survives_other_direct_calls),
		cmocka_unit_test(nobody_waits_for_io_that_failed),
		cmocka_unit_test(a_request_that_nobody_makes_is_waited_for),
		cmocka_unit_test(a_missing_wait_is_found),
		cmocka_unit_test(a_scenario_can_ask_for_flushes_by_interrupt),
		cmocka_unit_test(
			a_scenario_can_ask_for_freed_blocks_to_be_used_again),
		cmocka_unit_test(
			files_are_opened_anew_to_append_and_to_truncate),
		cmocka_unit_test(memory_fails_where_a_scenario_says),
		cmocka_unit_test(a_scenario_can_say_how_many_blocks_are_free),
		cmocka_unit_test(
			faults_go_on_while_a_task_waits_and_reads_do_not),
		cmocka_unit_test(
			a_search_of_endless_runs_is_bounded_and_never_complete),
		cmocka_unit_test(rounds_that_do_nothing_let_others_go_on),
		cmocka_unit_test(a_truncate_can_starve_behind_endless_reads),
		cmocka_unit_test(a_truncate_that_cuts_off_first_cannot_starve),
		cmocka_unit_test(
			what_goes_on_for_ever_comes_back_to_where_it_was),
		cmocka_unit_test(endless_tasks_end_on_free_threads),
		cmocka_unit_test(what_a_task_came_to_is_kept),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
