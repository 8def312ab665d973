// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Asks the running kernel what waits.h asks:
 *
 *	waits_kernel [--kick] DIR SLOW FAST [ROW]...
 *
 * DIR is on ext4 or XFS with DAX. SLOW is a dm-delay device over FAST. Nothing
 * is timed where it can be seen: that a device has pages pinned, or that a call
 * waits, shows in what its thread sleeps in.
 *
 * With --kick the pages are pinned and released once more, by
 * process_vm_readv(), when the O_DIRECT pin is over: 6.1.192 does not wake who
 * waits for the pages of a bio.
 */
#include "actor.h"
#include "kmsg.h"
#include "waits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE_SIZE (HUGE_BLOCKS * BLOCK)

/* Milliseconds. */
#define AT_ONCE   50   /* before the pin's end: did not wait for it */
#define SLACK     5    /* the reader is back later than its pages */
#define LOST      2000 /* this long after the pin: nobody will wake it */
#define MAX_TRIES 3

struct run {
	const struct row *row;
	const char *dir, *slow, *fast;
	bool kick;
	char path[256];
	int file, kmsg, pipe[2];
	unsigned char *map; /* NULL if not mapped any more */
	size_t map_len;
	struct actor pinner, caller, other;
	int64_t pin_end;
	const char *waits;
	const char *other_result;
};

static atomic_int n_handled;

static size_t file_bytes(const struct row *row)
{
	return row->buffer == BUFFER_HUGE ? HUGE_SIZE : N_BLOCKS * BLOCK;
}

/* ------------------------------- Contents --------------------------------- */

static void write_all(int file, const void *bytes, size_t len, int64_t offset)
{
	if (pwrite(file, bytes, len, offset) != (ssize_t)len)
		die("pwrite");
}

static bool read_block(void *arg, int64_t i, unsigned char *block)
{
	const struct run *run = arg;

	memset(block, 0, BLOCK);
	return pread(run->file, block, BLOCK, i * BLOCK) > 0;
}

/* ---------------------------------- Pins ---------------------------------- */

/* One I/O of the device straight from or to the mapped pages. */
static void *pin_by_bio(void *arg)
{
	struct run *run = arg;
	int flags = O_DIRECT | O_CLOEXEC;
	bool reads = run->row->pin == PIN_READ;
	int device = open(run->slow, flags | (reads ? O_RDONLY : O_WRONLY));
	unsigned char *at = run->map + FIRST_PINNED * BLOCK;
	size_t len = N_PINNED * BLOCK;
	ssize_t r;

	begin(&run->pinner);
	if (device < 0)
		die(run->slow);
	r = reads ? pread(device, at, len, 0) : pwrite(device, at, len, 0);
	end(&run->pinner, r != (ssize_t)len);
	close(device);
	return NULL;
}

/* The device's own words are on it again, whatever was written before. */
static void prepare_device(const struct run *run)
{
	size_t len = N_PINNED * BLOCK;
	unsigned char *bytes;
	unsigned int j;
	int device = open(run->fast, O_WRONLY | O_DIRECT | O_CLOEXEC);

	if (device < 0)
		die(run->fast);
	if (posix_memalign((void **)&bytes, BLOCK, len))
		die("posix_memalign");
	for (j = 0; j < N_PINNED; j++)
		fill_words(bytes + j * BLOCK, BLOCK, 'D', j);
	write_all(device, bytes, len, 0);
	free(bytes);
	close(device);
}

static void take_pin(struct run *run)
{
	struct iovec pages = {
		.iov_base = run->map + FIRST_PINNED * BLOCK,
		.iov_len = n_pinned(run->row) * BLOCK,
	};

	if (is_spliced(run->row)) {
		if (pipe(run->pipe) < 0)
			die("pipe");
		if (vmsplice(run->pipe[1], &pages, 1, 0) !=
		    (ssize_t)pages.iov_len)
			die("vmsplice");
		return;
	}
	prepare_device(run);
	start(&run->pinner, pin_by_bio, run);
	/* It sleeps until the device is done: the pages are pinned. */
	settles(&run->pinner, 'D');
}

static void drop_spliced_page(struct run *run)
{
	unsigned char block[BLOCK];

	if (read(run->pipe[0], block, sizeof(block)) != BLOCK)
		die("read of the pipe");
}

/* --------------------------------- Calls ---------------------------------- */

static int unmap(struct run *run)
{
	int r = run->map ? munmap(run->map, run->map_len) : 0;

	run->map = NULL;
	return r;
}

static int close_file(struct run *run)
{
	int r = run->file < 0 ? 0 : close(run->file);

	run->file = -1;
	return r;
}

static int write_file(struct run *run, int64_t offset)
{
	unsigned char block[BLOCK];

	fill_words(block, sizeof(block), 'W', 0);
	return pwrite(run->file, block, sizeof(block), offset) == BLOCK ? 0
									: -1;
}

static int write_direct(const struct run *run, int64_t offset)
{
	int file = open(run->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	unsigned char *block;
	ssize_t n;

	if (file < 0 || posix_memalign((void **)&block, BLOCK, BLOCK))
		die(run->path);
	fill_words(block, BLOCK, 'W', 0);
	n = pwrite(file, block, BLOCK, offset);
	free(block);
	close(file);
	return n == BLOCK ? 0 : -1;
}

static int read_file(struct run *run, int64_t offset, int64_t len)
{
	unsigned char bytes[N_BLOCKS * BLOCK];

	return pread(run->file, bytes, (size_t)len, offset) == len ? 0 : -1;
}

static int make_call(struct run *run)
{
	const struct row *row = run->row;

	switch (row->op) {
	case OP_TRUNCATE:
		return ftruncate(run->file, row->len);
	case OP_FALLOCATE:
		return fallocate(run->file, row->mode, row->offset, row->len);
	case OP_WRITE:
		return write_file(run, row->offset);
	case OP_WRITE_DIRECT:
		return write_direct(run, row->offset);
	case OP_READ:
		return read_file(run, row->offset, row->len);
	case OP_STORE:
		fill_words(run->map + row->offset, (size_t)row->len, 'W', 0);
		return 0;
	case OP_FSYNC:
		return fsync(run->file);
	case OP_UNMAP:
		return unmap(run);
	case OP_UNLINK:
		return unlink(run->path);
	default:
		return unmap(run) | close_file(run);
	}
}

static void *call_it(void *arg)
{
	struct run *run = arg;

	begin(&run->caller);
	end(&run->caller, make_call(run) < 0);
	return NULL;
}

/* A process of its own, to be killed. */
static void *call_in_child(void *arg)
{
	struct run *run = arg;
	pid_t child = fork();
	int status;

	if (child < 0)
		die("fork");
	if (child == 0)
		_exit(make_call(run) < 0 ? 1 : 0);
	run->caller.id = child;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	errno = WIFSIGNALED(status) ? EOWNERDEAD : EIO;
	end(&run->caller, status != 0);
	return NULL;
}

static void *do_other(void *arg)
{
	struct run *run = arg;
	volatile unsigned char *mem = run->map;
	int r = 0;

	begin(&run->other);
	switch (run->row->during) {
	case DURING_LOAD:
		(void)mem[BLOCK];
		break;
	case DURING_STORE:
		mem[BLOCK] = 1;
		break;
	case DURING_REFAULT:
		(void)mem[FIRST_PINNED * BLOCK];
		break;
	case DURING_READ:
		r = read_file(run, BLOCK, BLOCK);
		break;
	case DURING_WRITE:
		r = write_file(run, BLOCK);
		break;
	default:
		r = fsync(run->file);
	}
	end(&run->other, r < 0);
	return NULL;
}

/* ------------------------------- One row ---------------------------------- */

static void handle(int number)
{
	(void)number;
	n_handled++;
}

static void set_handler(int flags)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	if (sigaction(SIGUSR1, &action, NULL) < 0)
		die("sigaction");
}

static void make_file(struct run *run)
{
	size_t i, len = file_bytes(run->row);
	int64_t at = FIRST_PINNED * BLOCK, n = N_PINNED * BLOCK;
	unsigned char block[BLOCK];
	int r = 0;

	snprintf(run->path, sizeof(run->path), "%s/file", run->dir);
	unlink(run->path);
	run->file =
		open(run->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (run->file < 0)
		die(run->path);
	if (run->row->buffer == BUFFER_HUGE)
		r = posix_fallocate(run->file, 0, (off_t)len);
	for (i = 0; i < len; i += BLOCK) {
		fill_words(block, sizeof(block), 'F',
			   (unsigned int)(i / BLOCK));
		write_all(run->file, block, sizeof(block), (int64_t)i);
	}
	if (run->row->buffer == BUFFER_HOLE ||
	    run->row->buffer == BUFFER_UNWRITTEN)
		r |= fallocate(run->file, 3, at, n);
	if (run->row->buffer == BUFFER_UNWRITTEN)
		r |= fallocate(run->file, 0, at, n);
	if (r || fsync(run->file) < 0)
		die("preparing the file");
}

static long n_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Return: whether all of it came with the first page. */
static bool touch_huge(const struct run *run)
{
	volatile unsigned char *mem = run->map;
	long before;
	size_t i;

	mem[0] = mem[0];
	before = n_faults();
	for (i = BLOCK; i < HUGE_SIZE; i += BLOCK)
		mem[i] = mem[i];
	return n_faults() == before;
}

static bool map_file(struct run *run)
{
	run->map_len = file_bytes(run->row);
	run->map = mmap(NULL, run->map_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			run->file, 0);
	if (run->map == MAP_FAILED)
		die("mmap");
	return run->row->buffer != BUFFER_HUGE || touch_huge(run);
}

static void do_before(struct run *run)
{
	enum before before = run->row->before;

	if (before == BEFORE_UNMAP || before == BEFORE_UNMAP_CLOSE)
		unmap(run);
	if (before == BEFORE_UNMAP_CLOSE)
		close_file(run);
	if (before == BEFORE_UNLINK)
		unlink(run->path);
}

/* The call sleeps. Return: whether it still has to be waited for. */
static void do_during(struct run *run)
{
	switch (run->row->during) {
	case DURING_NOTHING:
		return;
	case DURING_SIGNAL:
		pthread_kill(run->caller.thread, SIGUSR1);
		wait_over(&run->caller, LOST);
		return;
	case DURING_RESTART:
		pthread_kill(run->caller.thread, SIGUSR1);
		while (!n_handled)
			poll_pause();
		settles(&run->caller, 'S');
		return;
	case DURING_KILL:
		kill(run->caller.id, SIGKILL);
		wait_over(&run->caller, LOST);
		return;
	default:
		start(&run->other, do_other, run);
		run->other_result =
			settles(&run->other, 'D') ? "stands still" : "goes on";
	}
}

/* The pin can be held for as long as it takes to look. */
static void watch_spliced(struct run *run)
{
	bool asleep = settles(&run->caller, 'S');

	if (asleep)
		do_during(run);
	if (run->row->pin == PIN_SPLICE_TWO) {
		drop_spliced_page(run);
		if (asleep && wait_over(&run->caller, SETTLED))
			asleep = false;
	}
	run->waits = run->caller.over ? "no" : asleep ? "yes" : "?";
	drop_spliced_page(run);
	run->pin_end = now();
	if (!wait_over(&run->caller, LOST))
		run->waits = "never";
}

static void kick_pages(const struct run *run)
{
	unsigned char bytes[N_PINNED * BLOCK];
	struct iovec to = {bytes, sizeof(bytes)};
	struct iovec from = {run->map + FIRST_PINNED * BLOCK, sizeof(bytes)};

	if (run->map)
		process_vm_readv(getpid(), &to, 1, &from, 1, 0);
}

static void watch_bio(struct run *run)
{
	int64_t limit;

	while (!run->pinner.over)
		poll_pause();
	run->pin_end = run->pinner.end;
	limit = run->pin_end + LOST;
	while (!run->caller.over && now() < limit) {
		if (run->kick)
			kick_pages(run);
		wait_over(&run->caller, 10);
	}
	if (run->pinner.error) {
		fprintf(stderr, "%s: the device's I/O: %s\n", run->row->name,
			strerror(run->pinner.error));
		run->waits = "?";
	} else if (!run->caller.over) {
		run->waits = "never";
	} else if (run->caller.end >= run->pin_end - SLACK) {
		run->waits = "yes";
	} else {
		run->waits =
			run->caller.end < run->pin_end - AT_ONCE ? "no" : "?";
	}
}

static void finish(struct run *run)
{
	/* A waiter that nobody wakes looks again when a signal comes. */
	while (!run->caller.over) {
		pthread_kill(run->caller.thread, SIGUSR1);
		wait_over(&run->caller, AT_ONCE);
	}
	pthread_join(run->caller.thread, NULL);
	if (!is_spliced(run->row))
		pthread_join(run->pinner.thread, NULL);
	if (run->other_result)
		pthread_join(run->other.thread, NULL);
}

static void measure(struct run *run)
{
	bool kills = run->row->during == DURING_KILL;

	n_handled = 0;
	set_handler(run->row->during == DURING_RESTART ? SA_RESTART : 0);
	take_pin(run);
	do_before(run);
	start(&run->caller, kills ? call_in_child : call_it, run);
	if (is_spliced(run->row))
		watch_spliced(run);
	else
		watch_bio(run);
	finish(run);
}

/* --------------------------------- Output --------------------------------- */

static const char *result_name(int error)
{
	switch (error) {
	case 0:
		return "0";
	case EINTR:
		return "EINTR";
	case EINVAL:
		return "EINVAL";
	case EOPNOTSUPP:
		return "EOPNOTSUPP";
	case EOWNERDEAD:
		return "killed";
	default:
		return strerror(error);
	}
}

static void print_row(struct run *run)
{
	struct stat stat_buf;

	printf("%s\t%s\t%s\t", run->row->name, run->waits,
	       result_name(run->caller.error));
	if (run->row->pin == PIN_READ && run->file >= 0)
		print_blocks(read_block, run);
	else
		fputs("-", stdout);
	if (run->file >= 0 && fstat(run->file, &stat_buf) == 0)
		print_size(run->row, stat_buf.st_size,
			   (int64_t)file_bytes(run->row));
	else
		fputs("\t-", stdout);
	printf("\t%s\t%s\n", run->other_result ? run->other_result : "-",
	       was_warned(run->kmsg) ? "yes" : "-");
	fflush(stdout);
}

static void clean_up(struct run *run)
{
	unmap(run);
	close_file(run);
	unlink(run->path);
	if (is_spliced(run->row)) {
		close(run->pipe[0]);
		close(run->pipe[1]);
	}
	close(run->kmsg);
}

static void run_row(const struct run *options, const struct row *row)
{
	unsigned int tries = 0;
	struct run run;
	bool unclear;

	do {
		run = *options;
		run.row = row;
		run.kmsg = open_kmsg();
		make_file(&run);
		if (map_file(&run))
			measure(&run);
		unclear = strcmp(run.waits, "?") == 0;
		if (!unclear || ++tries == MAX_TRIES)
			print_row(&run);
		clean_up(&run);
	} while (unclear && tries < MAX_TRIES);
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
	struct run options = {.waits = "?"};
	unsigned int i;

	if (argc > 1 && strcmp(argv[1], "--kick") == 0) {
		options.kick = true;
		argv++;
		argc--;
	}
	if (argc < 4) {
		fputs("usage: waits_kernel [--kick] DIR SLOW FAST [ROW]...\n",
		      stderr);
		return 2;
	}
	options.dir = argv[1];
	options.slow = argv[2];
	options.fast = argv[3];
	for (i = 0; i < n_rows; i++)
		if (is_wanted(&rows[i], argv + 4, argc - 4))
			run_row(&options, &rows[i]);
	return 0;
}
