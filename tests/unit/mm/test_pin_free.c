// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Free tasks pin in another way than explored ones: the same calls come to the
 * same in both.
 */
#include "mm/pin_free.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../support/world.h"

enum {
	N_WRITTEN = 12,
	N_PAGES = 16, /* holes at the end */
	N_CALLS = 60,
	N_GROUPS = 4,
};

/* What a call of the script answered, and pinned. */
struct answer {
	int64_t result;
	struct ds_pinned pinned[N_PAGES];
};

struct script {
	struct t_job job;
	struct ds_vpn first;
	uint64_t seed;
	struct answer answers[N_CALLS];
	int64_t held[N_GROUPS]; /* pages pinned by the last call of a group */
	struct answer *last[N_GROUPS];
};

static void unpin_group(struct ds_task *task, struct script *script,
			unsigned int group, bool one_by_one)
{
	struct ds_space *space = script->job.t->space;
	int64_t i, n = script->held[group];

	for (i = 0; i < n && one_by_one; i++)
		ds_unpin_page(task, space, &script->last[group]->pinned[i]);
	if (n > 0 && !one_by_one)
		ds_unpin_pages(task, space, script->last[group]->pinned,
			       (uint64_t)n);
	script->held[group] = 0;
}

/* Pins and unpins at random, and keeps what is pinned in the end. */
static void run_script(struct ds_task *task, void *arg)
{
	static const unsigned int kinds[] = {0, DS_PIN_GET, DS_PIN_COUNTED};
	struct script *script = arg;
	struct ds_prng prng = {script->seed};
	unsigned int i;

	for (i = 0; i < N_CALLS; i++) {
		unsigned int group = (unsigned int)ds_prng_below(&prng, 4);
		uint64_t first = ds_prng_below(&prng, N_PAGES);
		uint64_t n = 1 + ds_prng_below(&prng, N_PAGES - first);
		unsigned int flags = kinds[ds_prng_below(&prng, 3)];
		struct answer *answer = &script->answers[i];

		if (ds_prng_below(&prng, 3) == 0)
			n = 1;
		if (ds_prng_below(&prng, 2))
			flags |= DS_PIN_WRITE;
		unpin_group(task, script, group, ds_prng_below(&prng, 2));
		answer->result =
			ds_pin_pages(task, script->job.t->space,
				     (struct ds_vpn){script->first.vpn + first},
				     n, flags, answer->pinned);
		script->held[group] = answer->result;
		script->last[group] = answer;
	}
	t_end(&script->job, 0);
}

/* With blocks that lie together, for huge pages, if it can ask for that. */
static struct ds_file *make_file(struct t_world *t)
{
	struct ds_file *file = t_open_file(t, "A", O_RDWR | O_CREAT);
	int r = t_fallocate(t, file, 0, 0, N_WRITTEN * T_PAGE);
	uint64_t i;

	assert_true(r == 0 || r == -EOPNOTSUPP);
	for (i = 0; i < N_WRITTEN; i++)
		t_fill(t, file, i, t_pattern(i));
	assert_int_equal(t_truncate(t, file, N_PAGES * T_PAGE), 0);
	return file;
}

/* Some pages are mapped for writing, some for reading, some not at all. */
static void set_up(struct t_world *t, const struct ds_fs_profile *profile,
		   unsigned int huge_order, unsigned int table_bits,
		   struct script *script, uint64_t seed)
{
	struct ds_file *file;
	uint64_t addr, i;

	if (huge_order)
		t_open_huge(t, profile->name, huge_order);
	else
		t_open(t, profile->name);
	if (table_bits)
		ds_pgtable_init(&t->space->table, t->world->arena, table_bits);
	t->frames->keep_holders = false;
	file = make_file(t);
	addr = t_map(t, file, 0, N_PAGES);
	for (i = 0; i < N_PAGES; i++) {
		if (i % 5 == 1)
			t_load(t, addr + i * T_PAGE);
		else if (i % 5 > 1 && i < N_WRITTEN)
			t_store(t, addr + i * T_PAGE, 1);
	}
	*script = (struct script){
		.job.t = t,
		.first = {ds_page_down(addr)},
		.seed = seed,
	};
}

static void assert_same(const struct script *a, const struct script *b)
{
	int64_t page;
	unsigned int i;

	for (i = 0; i < N_CALLS; i++) {
		const struct answer *x = &a->answers[i], *y = &b->answers[i];

		assert_int_equal(x->result, y->result);
		for (page = 0; page < x->result; page++) {
			assert_int_equal(x->pinned[page].pfn.pfn,
					 y->pinned[page].pfn.pfn);
			assert_int_equal(x->pinned[page].refs,
					 y->pinned[page].refs);
		}
	}
	assert_int_equal(ds_world_hash(a->job.t->world),
			 ds_world_hash(b->job.t->world));
}

static void compare(const struct ds_fs_profile *profile,
		    unsigned int huge_order, unsigned int table_bits,
		    uint64_t seed)
{
	static struct script freely, explored;
	struct t_world a, b;

	set_up(&a, profile, huge_order, table_bits, &freely, seed);
	assert_true(ds_pins_are_free(a.setup, a.frames));
	/* What is guessed is fetched, and decides nothing. */
	a.setup->frame_from_vpn = UINT64_MAX / seed;
	run_script(a.setup, &freely);

	set_up(&b, profile, huge_order, table_bits, &explored, seed);
	t_task(&b, "explored", run_script, &explored.job);
	assert_int_equal(t_run(&b, NULL, 0), DS_RUN_DONE);
	assert_false(ds_pins_are_free(b.world->sched->tasks[0], b.frames));

	assert_same(&freely, &explored);
	t_close(&a);
	t_close(&b);
}

static void pins_come_to_the_same_freely_and_explored(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++) {
		compare(profile, 0, 0, i + 1);
		compare(profile, 0, 9, i + 1);
		compare(profile, 2, 0, i + 1);
	}
	assert_true(i > 10);
}

/* As far as the walk goes; and what it leaves to others. */
static void a_walk_stops_at_what_is_unusual(void **state)
{
	static struct script script;
	struct ds_pinned pinned[N_PAGES];
	struct t_world t;

	(void)state;
	set_up(&t, ds_profile_find("ext4-4.19"), 0, 0, &script, 1);
	/* Pages 2 to 4 were stored to, page 5 was not touched. */
	assert_int_equal(ds_pin_freely(t.setup, t.space,
				       (struct ds_vpn){script.first.vpn + 2},
				       10, DS_PIN_GET | DS_PIN_WRITE, pinned),
			 3);
	assert_int_equal(ds_unpin_freely(t.setup, t.space, pinned, 3, true), 3);
	/* Page 1 is read-only, and page 15 the zero page. */
	assert_int_equal(ds_pin_freely(t.setup, t.space,
				       (struct ds_vpn){script.first.vpn + 1}, 1,
				       DS_PIN_GET | DS_PIN_WRITE, pinned),
			 0);
	t_load(&t, (script.first.vpn + 15) << DS_PAGE_SHIFT);
	assert_int_equal(ds_pin_freely(t.setup, t.space,
				       (struct ds_vpn){script.first.vpn + 15},
				       1, DS_PIN_GET, pinned),
			 0);
	/* Behind the last address there is nothing. */
	assert_int_equal(ds_pin_freely(t.setup, t.space,
				       ds_pgtable_limit(&t.space->table), 1,
				       DS_PIN_GET, pinned),
			 0);
	t_close(&t);
}

static void a_folio_counts_once_for_all_its_pages(void **state)
{
	struct ds_pinned pinned[4];
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	struct ds_vpn vpn;

	(void)state;
	t_open_huge(&t, "xfs-6.15", 2);
	t.frames->keep_holders = false;
	file = t_file_together(&t, "A", 4);
	vpn.vpn = ds_page_down(t_map(&t, file, 0, 4));
	t_store(&t, vpn.vpn << DS_PAGE_SHIFT, 1);
	pfn = t_block(file, 0);
	assert_int_equal(ds_pin_freely(t.setup, t.space, vpn, 4,
				       DS_PIN_COUNTED | DS_PIN_WRITE, pinned),
			 4);
	assert_int_equal(t_extra(&t, pfn) - t_mapped(&t, pfn), 4);
	assert_int_equal(pinned[3].pfn.pfn, pfn.pfn + 3);
	assert_int_equal(pinned[3].refs, 1);
	/* From its middle on, and then what is left. */
	assert_int_equal(ds_unpin_freely(t.setup, t.space, pinned + 2, 2, true),
			 2);
	assert_int_equal(t_extra(&t, pfn) - t_mapped(&t, pfn), 2);
	assert_int_equal(ds_unpin_freely(t.setup, t.space, pinned, 2, true), 2);
	assert_false(ds_frame_is_busy(t.setup, t.frames, pfn));
	t_close(&t);
}

static void pins_of_two_folios_are_dropped_from_each(void **state)
{
	struct ds_pinned pinned[8], both[2];
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	struct ds_vpn vpn;

	(void)state;
	t_open_huge(&t, "xfs-6.15", 2);
	t.frames->keep_holders = false;
	file = t_file_together(&t, "A", 8);
	vpn.vpn = ds_page_down(t_map(&t, file, 0, 8));
	t_store(&t, vpn.vpn << DS_PAGE_SHIFT, 1);
	t_store(&t, (vpn.vpn + 4) << DS_PAGE_SHIFT, 1);
	pfn = t_block(file, 0);
	assert_int_equal(
		ds_pin_freely(t.setup, t.space, vpn, 8, DS_PIN_GET, pinned), 8);
	both[0] = pinned[0];
	both[1] = pinned[5];
	assert_int_equal(ds_unpin_freely(t.setup, t.space, both, 2, true), 2);
	assert_int_equal(t_extra(&t, pfn) - t_mapped(&t, pfn), 3);
	pfn = t_block(file, 4);
	assert_int_equal(t_extra(&t, pfn) - t_mapped(&t, pfn), 3);
	t_close(&t);
}

/*
 * What a pin meets behind its first look at an entry: the record of the frame
 * cannot be reached until somebody has cleared the entry.
 */
static struct {
	void *record;
	size_t size;
	_Atomic(uint64_t) *entry;
} behind;

static void clear_entry(int signal)
{
	(void)signal;
	atomic_store(behind.entry, 0);
	if (mprotect(behind.record, behind.size, PROT_READ | PROT_WRITE) < 0)
		_exit(1);
}

static void clear_behind_first_look(struct t_world *t, struct ds_vpn vpn)
{
	struct sigaction action = {.sa_handler = clear_entry};

	behind.record = t->frames->frames;
	behind.size = T_PAGE;
	behind.entry = ds_pgtable_find(&t->space->table, vpn);
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(mprotect(behind.record, behind.size, PROT_NONE), 0);
}

/* Pages 2 and 3 of the file were stored to. */
static void back_out(unsigned int table_bits)
{
	static struct script script;
	struct ds_pinned pinned[2];
	struct t_world t;
	struct ds_pfn pfn;
	struct ds_vpn vpn;
	uint64_t pte;

	set_up(&t, ds_profile_find("ext4-4.19"), 0, table_bits, &script, 1);
	assert_int_equal(ds_pins_are_simple(t.space), table_bits == 9);
	vpn.vpn = script.first.vpn + 2;
	pte = ds_pgtable_read(&t.space->table, vpn);
	pfn = ds_pte_pfn(pte);
	clear_behind_first_look(&t, vpn);
	assert_int_equal(
		ds_pin_freely(t.setup, t.space, vpn, 2, DS_PIN_GET, pinned), 0);
	assert_int_equal(t_extra(&t, pfn), 0);
	/* Alone it is faulted in again, and pinned once. */
	atomic_store(ds_pgtable_find(&t.space->table, vpn), pte);
	clear_behind_first_look(&t, vpn);
	assert_int_equal(
		ds_pin_pages(t.setup, t.space, vpn, 1, DS_PIN_GET, pinned), 1);
	assert_int_equal(t_extra(&t, pfn), 1);
	assert_int_equal(ds_pte_pfn(ds_pgtable_read(&t.space->table, vpn)).pfn,
			 pfn.pfn);
	signal(SIGSEGV, SIG_DFL);
	t_close(&t);
}

/* By the long way, and in the usual tables by the short one. */
static void a_pin_backs_out_of_an_entry_that_changes(void **state)
{
	(void)state;
	back_out(0);
	back_out(9);
}

static void what_is_watched_takes_its_steps(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_false(ds_pins_are_free(t.setup, t.frames));
	t.frames->keep_holders = false;
	assert_true(ds_pins_are_free(t.setup, t.frames));
	t.setup->broken = DS_RULE_RECHECK_PTE;
	assert_false(ds_pins_are_free(t.setup, t.frames));
	t.setup->broken = DS_RULE_NONE;
	ds_frames_mark(t.frames);
	assert_false(ds_pins_are_free(t.setup, t.frames));
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_come_to_the_same_freely_and_explored),
		cmocka_unit_test(a_walk_stops_at_what_is_unusual),
		cmocka_unit_test(a_folio_counts_once_for_all_its_pages),
		cmocka_unit_test(pins_of_two_folios_are_dropped_from_each),
		cmocka_unit_test(a_pin_backs_out_of_an_entry_that_changes),
		cmocka_unit_test(what_is_watched_takes_its_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
