// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

#include "check/shadow.h"

/* Some of everything: holes, unwritten blocks, entries, mappings, a pin. */
static void fill(struct t_world *t, struct t_job *pin)
{
	struct ds_file *file = t_file(t, "A", 4);
	uint64_t addr = t_map(t, file, 0, 4);

	t_fallocate(t, file, T_PUNCH, T_PAGE, T_PAGE);
	t_fallocate(t, file, 0, 6 * T_PAGE, T_PAGE);
	t_store(t, addr, 9);
	pin->addr = addr + 2 * T_PAGE;
	pin->len = (int64_t)T_PAGE;
	t_pin(t, pin);
}

static void equal_worlds_have_equal_hashes(void **state)
{
	struct t_job a_pin = {0}, b_pin = {0};
	struct t_world a, b;

	(void)state;
	t_open(&a, "ext4-4.19");
	t_open(&b, "ext4-4.19");
	assert_ptr_not_equal(a.world->arena, b.world->arena);
	assert_int_equal(ds_world_hash(a.world), ds_world_hash(b.world));
	fill(&a, &a_pin);
	assert_int_not_equal(ds_world_hash(a.world), ds_world_hash(b.world));
	fill(&b, &b_pin);
	assert_int_equal(ds_world_hash(a.world), ds_world_hash(b.world));
	t_close(&a);
	t_close(&b);
}

/* Each changes one thing that a task could find out. */
static void change(struct t_world *t, unsigned int which, struct t_job *pin)
{
	struct ds_inode *inode = t->super->inodes;
	struct ds_file *file = t_open_file(t, "A", O_RDWR);
	uint64_t old;

	ds_vfs_close(t->setup, file);
	switch (which) {
	case 0:
		ds_inode_set_size(t->setup, inode, 3);
		break;
	case 1:
		inode->disk_size++;
		break;
	case 2:
		ds_rwsem_lock(t->setup, &inode->extents_lock, DS_EXCLUSIVE);
		ds_inode_unwrite(t->setup, inode, ds_pgrange(0, 1));
		ds_rwsem_unlock(t->setup, &inode->extents_lock);
		break;
	case 3:
		ds_frame_write(t->setup, t->frames, ds_pfn(1), 4000, "x", 1);
		break;
	case 4:
		ds_entry_grab(t->setup, &inode->mapping, ds_pgidx(0), &old);
		break;
	case 5:
		ds_mapping_write_back(t->setup, &inode->mapping,
				      ds_pgrange(0, 1));
		break;
	case 6:
		ds_rmap_unmap(t->setup, &inode->mapping.rmap, ds_pgrange_all(),
			      false);
		break;
	case 7:
		t_unpin(t, pin);
		break;
	case 8:
		ds_frame_get(t->setup, t->frames, ds_pfn(1));
		break;
	case 9:
		assert_int_equal(ds_vfs_unlink(t->setup, t->super, "A"), 0);
		break;
	default:
		ds_inode_use(t->setup, inode);
	}
}

static void whatever_can_be_found_out_changes_the_hash(void **state)
{
	uint64_t hashes[12];
	unsigned int i, j;

	(void)state;
	for (i = 0; i < T_N(hashes); i++) {
		struct t_job pin = {0};
		struct t_world t;

		t_open(&t, "ext4-4.19");
		fill(&t, &pin);
		if (i < T_N(hashes) - 1)
			change(&t, i, &pin);
		hashes[i] = ds_world_hash(t.world);
		for (j = 0; j < i; j++)
			assert_int_not_equal(hashes[i], hashes[j]);
		t_close(&t);
	}
}

static void rewinding_brings_the_marked_world_back(void **state)
{
	struct t_job pin = {0};
	struct t_world t;
	uint64_t hash;
	unsigned int i;

	(void)state;
	t_open(&t, "ext4-4.19");
	fill(&t, &pin);
	hash = ds_world_hash(t.world);
	assert_int_equal(ds_world_mark(t.world), 0);
	for (i = 0; i < 11; i++) {
		struct t_job copy = pin;

		change(&t, i, &copy);
		assert_int_not_equal(ds_world_hash(t.world), hash);
		ds_world_rewind(t.world);
		assert_int_equal(ds_world_hash(t.world), hash);
	}
	t_close(&t);
}

static void a_run_leaves_what_it_left_the_first_time(void **state)
{
	struct t_job punch = {.mode = T_PUNCH, .len = 2 * (int64_t)T_PAGE};
	struct t_job direct = {.len = (int64_t)T_PAGE};
	struct t_world t;
	uint64_t hash = 0;
	unsigned int i;

	(void)state;
	t_open(&t, "ext4-4.19");
	t.super->victim = true;
	punch.file = t_file(&t, "A", 4);
	direct.addr = t_map(&t, punch.file, 0, 4);
	t_task(&t, "punch", t_do_fallocate, &punch);
	t_task(&t, "direct", t_do_direct_read, &direct);
	assert_int_equal(ds_sched_prepare(t.world->sched, DS_TURNS_FIBER), 0);
	assert_int_equal(ds_world_mark(t.world), 0);
	for (i = 0; i < 4; i++) {
		ds_world_rewind(t.world);
		assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
		if (i > 0)
			assert_int_equal(ds_world_hash(t.world), hash);
		hash = ds_world_hash(t.world);
		t_assert_holds(&t);
	}
	t_close(&t);
}

/* Some waiter, of task @id, for frame @pfn. */
static void queue(struct t_world *t, unsigned int id, uint64_t pfn)
{
	ds_wait_join(t->world->sched->tasks[id], t->world->waitq,
		     ds_refs_object(ds_pfn(pfn)), false);
}

static void wait_for_lock(struct t_world *t, unsigned int id)
{
	struct ds_rwsem *lock = &t->super->inodes->lock;
	struct ds_waiter *waiter = &t->world->sched->tasks[id]->waiter;

	waiter->task = t->world->sched->tasks[id];
	waiter->next = NULL;
	if (lock->head)
		lock->tail->next = waiter;
	else
		lock->head = waiter;
	lock->tail = waiter;
}

/* Each changes one thing that decides how things go on; false: none of these.
 */
static bool change_task(struct t_world *t, unsigned int which)
{
	struct ds_task *task = t->world->sched->tasks[0];

	switch (which) {
	case 0:
		task->memory++;
		return true;
	case 1:
		task->at = DS_AT_WAKE;
		return true;
	case 2:
		ds_task_signal(t->setup, task);
		return true;
	case 3:
		ds_task_wake(task);
		return true;
	case 4:
		task->state = DS_TASK_ASLEEP;
		return true;
	case 5:
		task->state = DS_TASK_ASLEEP;
		task->interruptible = true;
		return true;
	case 6:
		task->n_accesses = 1;
		task->accesses[0] = ds_reads(1);
		return true;
	case 7:
		task->n_accesses = 1;
		task->accesses[0] = ds_writes(1);
		return true;
	case 8:
		queue(t, 0, 1);
		queue(t, 1, 1);
		return true;
	case 9:
		queue(t, 1, 1);
		queue(t, 0, 1);
		return true;
	case 10:
		wait_for_lock(t, 0);
		wait_for_lock(t, 1);
		return true;
	case 11:
		wait_for_lock(t, 1);
		wait_for_lock(t, 0);
		return true;
	default:
		return false;
	}
}

static bool change_lock(struct t_world *t, unsigned int which)
{
	struct ds_inode *inode = t->super->inodes;
	struct ds_pfn pfn;

	switch (which) {
	case 12:
		ds_rwsem_lock(t->setup, &inode->fault_lock, DS_SHARED);
		return true;
	case 13:
		ds_rwsem_lock(t->setup, &inode->mapping.rmap.lock,
			      DS_EXCLUSIVE);
		return true;
	case 14:
		ds_rwsem_lock(t->setup, &t->world->space->mmap_lock, DS_SHARED);
		return true;
	case 15:
		ds_rwsem_lock(t->setup, &t->super->journal, DS_SHARED);
		return true;
	case 16:
		t->world->space->walkers.walking = 2;
		return true;
	case 17:
		t->world->space->next_free.vpn++;
		return true;
	case 18:
		ds_blocks_alloc(t->super->blocks, 0, 1, &pfn);
		return true;
	case 19:
		ds_blocks_alloc(t->super->blocks, 0, 2, &pfn);
		ds_blocks_release(t->super->blocks, ds_pfn(pfn.pfn + 1), 1);
		ds_blocks_release(t->super->blocks, pfn, 1);
		return true;
	case 20:
		t->super->n_waiting++;
		return true;
	case 21:
		t->super->files->position++;
		return true;
	default:
		return false;
	}
}

static bool change_record(struct t_world *t, unsigned int which)
{
	struct ds_checks *checks = t->world->checks;
	struct ds_space *space;
	struct ds_pfn pfn;

	switch (which) {
	case 22:
		checks->clean_pages[1] ^= 2;
		return true;
	case 23:
		checks->changed_since_entry[1] ^= 8;
		return true;
	case 24:
		checks->held_at_entry[1]++;
		return true;
	case 25:
		checks->victims[checks->n_victims++] = ds_pfn(9);
		return true;
	case 26:
		checks->pinned[checks->n_pinned++] = ds_pfn(9);
		return true;
	case 27:
		ds_frame_set_file(t->frames, ds_pfn(9), 7);
		return true;
	case 28:
		ds_frame_associate(t->setup, t->frames, ds_pfn(9), 7,
				   ds_pgidx(0));
		return true;
	case 34:
		t->frames->holders = NULL;
		return true;
	case 35:
		ds_frame_get(t->setup, t->frames, ds_pfn(9));
		return true;
	case 39:
		checks->shadow->reading = 2;
		return true;
	case 40:
		checks->shadow->pages[0][0].now[3]++;
		checks->shadow->is_known = false;
		return true;
	case 48:
		ds_frame_set_file(t->frames, ds_pfn(9), 7);
		ds_frame_share_block(t->setup, t->frames, ds_pfn(9));
		return true;
	case 49:
		checks->shadow->pages[0][0].is_staged = 2;
		checks->shadow->is_known = false;
		return true;
	case 41:
		checks->shadow->pages[0][0].readers[0] = 2;
		checks->shadow->is_known = false;
		return true;
	case 43:
		return ds_frame_new_anon(t->setup, t->frames, &pfn);
	case 44:
		checks->shadow->copies.cutting = 2;
		return true;
	case 45:
		checks->shadow->copies.n = 1;
		return true;
	case 51:
		return ds_world_add_space(t->world, "child", &space) == 0;
	default:
		return false;
	}
}

static bool change_file(struct t_world *t, unsigned int which)
{
	struct ds_inode *inode = t->super->inodes;

	switch (which) {
	case 29:
		inode->n_links++;
		return true;
	case 30:
		inode->mapping.rmap.vmas = NULL;
		return true;
	case 31:
		ds_pte_clear(t->setup, t->world->space,
			     t->world->space->vmas->first,
			     t->world->space->vmas->end, DS_COPIES_GO);
		return true;
	case 32:
		atomic_store(&inode->size, 5);
		return true;
	case 33:
		inode->disk_size = 5;
		return true;
	case 36:
		ds_xtree_erase(inode->mapping.tree, ds_pgidx(0));
		return true;
	case 37:
		ds_xtree_clear_tag(inode->mapping.tree, ds_pgidx(0),
				   DS_XTREE_DIRTY);
		return true;
	case 38:
		ds_extmap_convert(inode->extents, ds_pgrange(0, 1),
				  DS_EXT_UNWRITTEN);
		return true;
	case 42:
		inode->n_users++;
		return true;
	case 46:
		t->space->vmas->is_private = true;
		return true;
	case 52:
		t->super->follows_commits = true;
		inode->uncommitted = true;
		return true;
	case 53:
		t->super->follows_commits = true;
		t->world->checks->pending[0] = 2;
		return true;
	case 54:
		t->space->vmas->is_sync = true;
		return true;
	case 47:
		t->space->vmas->has_copies = true;
		return true;
	case 50:
		inode->has_shared = true;
		return true;
	default:
		ds_frame_write(t->setup, t->frames, ds_pfn(9), 4095, "x", 1);
		return true;
	}
}

static void change_one(struct t_world *t, unsigned int which)
{
	if (!change_task(t, which) && !change_lock(t, which) &&
	    !change_record(t, which))
		change_file(t, which);
}

static void do_nothing(struct ds_task *task, void *arg)
{
	(void)task;
	(void)arg;
}

static void whatever_decides_changes_the_digest(void **state)
{
	struct ds_digest digests[56];
	struct t_job none = {0};
	struct t_job pin = {0};
	struct t_world t;
	unsigned int i, j;

	(void)state;
	t_open(&t, "ext4-4.19");
	fill(&t, &pin);
	t_task(&t, "one", do_nothing, &none);
	t_task(&t, "two", do_nothing, &none);
	assert_int_equal(ds_world_mark(t.world), 0);
	for (i = 0; i < T_N(digests); i++) {
		if (i > 0)
			change_one(&t, i - 1);
		digests[i] = ds_world_digest(t.world);
		for (j = 0; j < i; j++)
			assert_false(ds_digest_equal(digests[i], digests[j]));
		ds_world_rewind(t.world);
		assert_true(
			ds_digest_equal(ds_world_digest(t.world), digests[0]));
	}
	for (i = 0; i < 11; i++) {
		struct t_job copy = pin;

		change(&t, i, &copy);
		assert_false(
			ds_digest_equal(ds_world_digest(t.world), digests[0]));
		ds_world_rewind(t.world);
	}
	t_close(&t);
}

/* Who takes a private copy's frame next writes all of it. */
static void what_a_frame_given_back_held_is_no_state(void **state)
{
	struct ds_digest before;
	struct ds_pfn pfn;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_world_mark(t.world), 0);
	before = ds_world_digest(t.world);
	assert_true(ds_frame_new_anon(t.setup, t.frames, &pfn));
	ds_frame_write(t.setup, t.frames, pfn, 0, "a", 1);
	assert_false(ds_digest_equal(ds_world_digest(t.world), before));
	ds_frame_put(t.setup, t.frames, pfn);
	assert_true(ds_digest_equal(ds_world_digest(t.world), before));
	assert_true(ds_frame_new_anon(t.setup, t.frames, &pfn));
	ds_world_rewind(t.world);
	assert_true(ds_digest_equal(ds_world_digest(t.world), before));
	assert_int_equal(ds_frame_bytes(t.frames, pfn)[0], 0);
	t_close(&t);
}

/* Pins in another order, bytes written and written back. */
static void the_way_there_leaves_no_trace_in_the_digest(void **state)
{
	struct ds_digest digests[3];
	struct t_world t;
	unsigned char byte;
	unsigned int i;

	(void)state;
	t_open(&t, "ext4-4.19");
	t_file(&t, "A", 4);
	byte = *ds_frame_bytes(t.frames, ds_pfn(1));
	assert_int_equal(ds_world_mark(t.world), 0);
	for (i = 0; i < 3; i++) {
		if (i == 2) {
			ds_frame_write(t.setup, t.frames, ds_pfn(1), 0, "x", 1);
			ds_world_digest(t.world);
			ds_frame_zero(t.setup, t.frames, ds_pfn(1), 0, 1);
			t.world->checks->findings[0].found = true;
			t.world->sched->n_steps = 17;
		}
		ds_frame_get(t.setup, t.frames, ds_pfn(2 + (i + 1) % 2));
		ds_frame_get(t.setup, t.frames, ds_pfn(2 + i % 2));
		ds_frame_hold(t.setup, t.frames, ds_pfn(2 + i % 2), 1,
			      ds_pgidx(i % 2), 1);
		ds_frame_hold(t.setup, t.frames, ds_pfn(2 + (i + 1) % 2), 1,
			      ds_pgidx((i + 1) % 2), 1);
		if (i == 2)
			ds_frame_write(t.setup, t.frames, ds_pfn(1), 0, &byte,
				       1);
		digests[i] = ds_world_digest(t.world);
		ds_world_rewind(t.world);
	}
	assert_true(ds_digest_equal(digests[0], digests[1]));
	assert_true(ds_digest_equal(digests[0], digests[2]));
	t_close(&t);
}

static void the_profile_decides_about_locks_and_counts(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_false(t.world->sched->pull_readers);
	assert_int_equal(t.frames->idle, 1);
	t_close(&t);
	t_open(&t, "xfs-6.1");
	assert_true(t.world->sched->pull_readers);
	t_close(&t);
}

static void a_world_without_memory_is_refused(void **state)
{
	struct ds_region_options region = {.size = 64 * DS_PAGE_SIZE};
	struct ds_world_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
		.shadow = true,
	};
	struct ds_world *world = NULL;
	char why[256];
	size_t memory, n_refused = 0;
	int r = -ENOMEM;

	(void)state;
	assert_int_equal(
		ds_region_open(&region, &options.region, why, sizeof(why)), 0);
	for (memory = 4096; r < 0; memory += 512) {
		options.memory = memory;
		r = ds_world_new(&options, &world);
		n_refused += r < 0;
		assert_true(r == 0 || r == -ENOMEM);
		assert_true((r == 0) == (world != NULL));
	}
	assert_true(n_refused > 2);
	ds_world_free(world);
	ds_world_free(NULL);
	ds_region_close(options.region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_worlds_have_equal_hashes),
		cmocka_unit_test(whatever_can_be_found_out_changes_the_hash),
		cmocka_unit_test(rewinding_brings_the_marked_world_back),
		cmocka_unit_test(a_run_leaves_what_it_left_the_first_time),
		cmocka_unit_test(whatever_decides_changes_the_digest),
		cmocka_unit_test(what_a_frame_given_back_held_is_no_state),
		cmocka_unit_test(the_way_there_leaves_no_trace_in_the_digest),
		cmocka_unit_test(the_profile_decides_about_locks_and_counts),
		cmocka_unit_test(a_world_without_memory_is_refused),
	};

	return cmocka_run_group_tests_name("world", tests, NULL, NULL);
}
