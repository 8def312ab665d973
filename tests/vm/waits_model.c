// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Asks the model what waits.h asks:
 *
 *	waits_model PROFILE [ROW]...
 *
 * Where the kernel was seen to wait once, here every interleaving is run: "yes"
 * means that the call never returns before the pin ends, "no" that it can.
 * Contents and results are those of the run in that order.
 */
#include "waits.h"

#include <daxsim.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PUNCH_KEEP 3
#define HUGE_PAGES 4 /* the second huge page is what is pinned */

/* A universe in the state of waits_kernel.c before the call is made. */
struct world {
	const struct row *row;
	struct daxsim *sim;
	struct daxsim_file *file; /* NULL if closed */
	uint64_t addr;            /* 0 if not mapped */
	struct daxsim_pin *pins[2];
	uint64_t *released; /* the last pin is being given up */
	bool with_other;
	int caller;
};

/* What is asked of one row. */
struct answer {
	const char *waits, *other;
	int result;
	bool warned;
};

static void die(const char *what, int error)
{
	fprintf(stderr, "waits_model: %s: %s\n", what, strerror(-error));
	exit(2);
}

static int must(const char *what, int64_t result)
{
	if (result < 0)
		die(what, (int)result);
	return (int)result;
}

/* --------------------------------- Calls ---------------------------------- */

static int64_t write_words(struct world *world, char letter, unsigned int n,
			   int64_t offset)
{
	unsigned char block[BLOCK];

	fill_words(block, sizeof(block), letter, n);
	return daxsim_pwrite(world->file, block, sizeof(block), offset);
}

static int64_t read_blocks(struct world *world, int64_t offset, int64_t len)
{
	unsigned char bytes[N_PINNED * BLOCK];

	return daxsim_pread(world->file, bytes, (size_t)len, offset);
}

static int64_t access_page(struct world *world, int64_t offset, bool is_store)
{
	unsigned char block[BLOCK];

	fill_words(block, sizeof(block), 'W', 0);
	if (is_store)
		return daxsim_store(world->sim, world->addr + (uint64_t)offset,
				    block, sizeof(block));
	return daxsim_load(world->sim, world->addr + (uint64_t)offset, block,
			   1);
}

static void unmap(struct world *world)
{
	if (world->addr)
		daxsim_munmap(world->sim, world->addr, N_BLOCKS * BLOCK);
}

static int64_t last_close(struct world *world)
{
	unmap(world);
	return world->file ? daxsim_close(world->file) : 0;
}

static int64_t make_call(struct world *world)
{
	const struct row *row = world->row;

	switch (row->op) {
	case OP_TRUNCATE:
		return daxsim_ftruncate(world->file, row->len);
	case OP_FALLOCATE:
		return daxsim_fallocate(world->file, row->mode, row->offset,
					row->len);
	case OP_WRITE:
	case OP_WRITE_DIRECT:
		return write_words(world, 'W', 0, row->offset);
	case OP_READ:
		return read_blocks(world, row->offset, row->len);
	case OP_STORE:
		return access_page(world, row->offset, true);
	case OP_FSYNC:
		return daxsim_fsync(world->file);
	case OP_UNMAP:
		unmap(world);
		return 0;
	case OP_UNLINK:
		return daxsim_unlink(world->sim, "file");
	default:
		return last_close(world);
	}
}

static void do_other(struct world *world)
{
	switch (world->row->during) {
	case DURING_LOAD:
		access_page(world, BLOCK, false);
		break;
	case DURING_STORE:
		access_page(world, BLOCK, true);
		break;
	case DURING_REFAULT:
		access_page(world, FIRST_PINNED * BLOCK, false);
		break;
	case DURING_READ:
		read_blocks(world, BLOCK, BLOCK);
		break;
	case DURING_WRITE:
		write_words(world, 'W', 0, BLOCK);
		break;
	default:
		daxsim_fsync(world->file);
	}
}

/* ---------------------------------- Pins ---------------------------------- */

static void take_pin(struct world *world)
{
	unsigned int flags = world->row->pin == PIN_READ ? DAXSIM_PIN_WRITE : 0;
	bool two = world->row->pin == PIN_SPLICE_TWO;
	uint64_t addr = world->addr + FIRST_PINNED * BLOCK;
	size_t len = two ? BLOCK : n_pinned(world->row) * BLOCK;
	unsigned int i;

	for (i = 0; i <= two; i++, addr += BLOCK)
		must("pin", daxsim_pin_user_pages(world->sim, addr, len, flags,
						  &world->pins[i]));
}

static void move_data(struct world *world)
{
	unsigned char bytes[N_PINNED * BLOCK];
	unsigned int j;

	for (j = 0; j < N_PINNED; j++)
		fill_words(bytes + j * BLOCK, BLOCK, 'D', j);
	if (world->row->pin == PIN_READ)
		daxsim_pin_write(world->pins[0], bytes, sizeof(bytes));
}

/* The last one counts: a call that returns before it did not wait for all. */
static void drop_pins(struct world *world)
{
	if (world->pins[1])
		daxsim_unpin_user_pages(world->pins[0]);
	daxsim_cell_set(world->sim, world->released, 1);
	if (is_spliced(world->row))
		daxsim_unpin_user_pages(world->pins[world->pins[1] ? 1 : 0]);
	else
		daxsim_end_direct(world->pins[0]);
}

/* --------------------------------- Worlds --------------------------------- */

static void make_file(struct world *world)
{
	enum buffer buffer = world->row->buffer;
	int64_t at = FIRST_PINNED * BLOCK, n = N_PINNED * BLOCK;
	unsigned int i;

	must("open",
	     daxsim_open(world->sim, "file", O_RDWR | O_CREAT, &world->file));
	/* At once, so that a huge page fits. */
	if (buffer == BUFFER_HUGE)
		must("allocate",
		     daxsim_fallocate(world->file, 0, 0, N_BLOCKS * BLOCK));
	for (i = 0; i < N_BLOCKS; i++)
		must("pwrite", write_words(world, 'F', i, i * BLOCK));
	if (buffer == BUFFER_HOLE || buffer == BUFFER_UNWRITTEN)
		must("punch", daxsim_fallocate(world->file, PUNCH_KEEP, at, n));
	if (buffer == BUFFER_UNWRITTEN)
		must("allocate", daxsim_fallocate(world->file, 0, at, n));
	must("fsync", daxsim_fsync(world->file));
}

static void do_before(struct world *world)
{
	enum before before = world->row->before;

	if (before == BEFORE_UNMAP || before == BEFORE_UNMAP_CLOSE) {
		unmap(world);
		world->addr = 0;
	}
	if (before == BEFORE_UNMAP_CLOSE) {
		daxsim_close(world->file);
		world->file = NULL;
	}
	if (before == BEFORE_UNLINK)
		must("unlink", daxsim_unlink(world->sim, "file"));
}

static void make_world(struct world *world, const char *profile,
		       const struct row *row)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = profile,
		.small = true,
		.huge_size =
			row->buffer == BUFFER_HUGE ? HUGE_PAGES * BLOCK : 0,
	};
	char why[256];

	*world = (struct world){.row = row};
	if (daxsim_new(&options, &world->sim, why, sizeof(why)) < 0) {
		fprintf(stderr, "waits_model: %s\n", why);
		exit(2);
	}
	world->released = daxsim_alloc(world->sim, sizeof(uint64_t));
	make_file(world);
	must("mmap",
	     daxsim_mmap(world->file, N_BLOCKS * BLOCK, PROT_READ | PROT_WRITE,
			 MAP_SHARED, 0, &world->addr));
	take_pin(world);
	do_before(world);
}

/* -------------------------------- Searches -------------------------------- */

static void caller(struct daxsim *sim, void *arg)
{
	struct world *world = arg;

	make_call(world);
	daxsim_expect(sim, daxsim_cell_get(sim, world->released), "waited");
}

static void device(struct daxsim *sim, void *arg)
{
	struct world *world = arg;

	(void)sim;
	if (world->with_other)
		do_other(world);
	move_data(world);
	drop_pins(world);
}

/* The pin is there until the call is over: only a signal can end it. */
static void interrupted(struct daxsim *sim, void *arg)
{
	struct world *world = arg;
	int64_t r = make_call(world);
	struct daxsim_stat stat;

	daxsim_expect(sim, r == -EINTR, "interrupted");
	daxsim_fstat(world->file, &stat);
	daxsim_expect(sim, stat.size == N_BLOCKS * BLOCK, "nothing changed");
	drop_pins(world);
}

static void signaller(struct daxsim *sim, void *arg)
{
	struct world *world = arg;

	daxsim_signal(sim, world->caller);
}

/* What the kernel does with a call when the handler has SA_RESTART. */
static void restarted(struct daxsim *sim, void *arg)
{
	struct world *world = arg;
	int64_t r;

	do
		r = make_call(world);
	while (r == -EINTR && daxsim_take_signal(sim));
	daxsim_expect(sim, r == 0, "made again until it succeeds");
	daxsim_expect(sim, daxsim_cell_get(sim, world->released), "waited");
}

static bool ends_by_signal(enum during during)
{
	return during == DURING_SIGNAL || during == DURING_KILL;
}

static bool broke(const struct daxsim_report *report, const char *property)
{
	unsigned int i, n = daxsim_report_findings(report);

	for (i = 0; i < n; i++)
		if (strcmp(daxsim_report_property(report, i), property) == 0)
			return true;
	return false;
}

static struct daxsim_report *search(struct world *world)
{
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.strategy = DAXSIM_STATES,
	};
	struct daxsim_report *report;

	must("explore", daxsim_explore(world->sim, &options, &report));
	if (strcmp(daxsim_report_search(report), "COMPLETE") != 0)
		die(world->row->name, -ETIME);
	return report;
}

static void ask_waits(const char *profile, const struct row *row,
		      struct answer *answer)
{
	bool restarts = row->during == DURING_RESTART;
	struct daxsim_report *report;
	struct world world;

	make_world(&world, profile, row);
	world.caller = must("spawn", daxsim_spawn(world.sim, "caller",
						  restarts ? restarted : caller,
						  &world));
	must("spawn", daxsim_spawn(world.sim, "device", device, &world));
	if (restarts)
		must("spawn",
		     daxsim_spawn(world.sim, "signaller", signaller, &world));
	report = search(&world);
	answer->waits = broke(report, "EXPECTED") ? "no" : "yes";
	if (broke(report, "NO_LOST_WAKEUP"))
		answer->waits = "never";
	answer->warned = daxsim_report_warnings(report) & 2;
	daxsim_report_free(report);
	daxsim_free(world.sim);
}

/*
 * The device goes on only after the other's access: if that stands still until
 * the call is over, and the call waits for the device, there is a deadlock.
 */
static void ask_other(const char *profile, const struct row *row,
		      struct answer *answer)
{
	struct daxsim_report *report;
	struct world world;

	make_world(&world, profile, row);
	world.with_other = true;
	must("spawn", daxsim_spawn(world.sim, "caller", caller, &world));
	must("spawn", daxsim_spawn(world.sim, "device", device, &world));
	report = search(&world);
	answer->other =
		broke(report, "NO_DEADLOCK") ? "stands still" : "goes on";
	daxsim_report_free(report);
	daxsim_free(world.sim);
}

static void ask_signal(const char *profile, const struct row *row,
		       struct answer *answer)
{
	struct daxsim_report *report;
	struct world world;

	make_world(&world, profile, row);
	world.caller = must("spawn", daxsim_spawn(world.sim, "caller",
						  interrupted, &world));
	must("spawn", daxsim_spawn(world.sim, "signaller", signaller, &world));
	report = search(&world);
	answer->waits = broke(report, "NO_DEADLOCK") ? "yes" : "no";
	answer->result = broke(report, "EXPECTED") ? 0 : -EINTR;
	daxsim_report_free(report);
	daxsim_free(world.sim);
}

/* --------------------------------- Output --------------------------------- */

static bool read_block(void *arg, int64_t i, unsigned char *block)
{
	const struct world *world = arg;

	memset(block, 0, BLOCK);
	return daxsim_pread(world->file, block, BLOCK, i * BLOCK) > 0;
}

static const char *result_name(int result)
{
	switch (result) {
	case -EINTR:
		return "EINTR";
	case -EINVAL:
		return "EINVAL";
	case -EOPNOTSUPP:
		return "EOPNOTSUPP";
	default:
		return result >= 0 ? "0" : strerror(-result);
	}
}

static bool has_file(const struct row *row)
{
	return row->before != BEFORE_UNMAP_CLOSE && row->op != OP_LAST_CLOSE;
}

/* The call and the device's part, one after the other in the order found. */
static void run_in_order(struct world *world, struct answer *answer)
{
	bool waits = strcmp(answer->waits, "no") != 0;

	if (waits) {
		move_data(world);
		drop_pins(world);
	}
	if (answer->result == 0)
		answer->result = (int)make_call(world);
	if (!waits) {
		move_data(world);
		drop_pins(world);
	}
}

/* Who is killed ends with the call that the signal ended. */
static const char *end_of(const struct row *row, int result)
{
	if (row->during == DURING_KILL && result == -EINTR)
		return "killed";
	return result_name(result);
}

static void print_row(struct world *world, const struct answer *answer)
{
	const struct row *row = world->row;
	struct daxsim_stat stat;

	printf("%s\t%s\t%s\t", row->name, answer->waits,
	       end_of(row, answer->result));
	if (row->pin == PIN_READ && has_file(row))
		print_blocks(read_block, world);
	else
		fputs("-", stdout);
	if (has_file(row) && daxsim_fstat(world->file, &stat) == 0)
		print_size(row, (int64_t)stat.size, N_BLOCKS * BLOCK);
	else
		fputs("\t-", stdout);
	printf("\t%s\t%s\n", answer->other, answer->warned ? "yes" : "-");
}

static void ask(const char *profile, const struct row *row)
{
	struct answer answer = {.other = "-"};
	struct world world;

	if (ends_by_signal(row->during)) {
		ask_signal(profile, row, &answer);
	} else {
		ask_waits(profile, row, &answer);
		if (row->during >= DURING_LOAD)
			ask_other(profile, row, &answer);
	}
	make_world(&world, profile, row);
	run_in_order(&world, &answer);
	print_row(&world, &answer);
	daxsim_free(world.sim);
}

static bool is_wanted(const struct row *row, char **names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], row->name) == 0)
			return true;
	return n == 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 2) {
		fputs("usage: waits_model PROFILE [ROW]...\n", stderr);
		return 2;
	}
	for (i = 0; i < n_rows; i++)
		if (is_wanted(&rows[i], argv + 2, argc - 2))
			ask(argv[1], &rows[i]);
	return 0;
}
