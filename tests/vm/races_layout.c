// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a client of the NFS server with a layout of a file has to do with pins,
 * and with those who wait for it. The client here gives its layout back when
 * all the others sleep, so that nothing needs luck.
 */
#include "layouts.h"
#include "races.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE    1024 /* what an append adds */
#define BEFORE   (BLOCK + 2 * PIECE)
#define PATIENCE 10000 /* milliseconds, for a server that is slow to begin */

struct job {
	struct actor actor;
	struct world *world;
	int file, other;
	char letter;
	struct layout *layout;
	bool given;
};

static void on_signal(int number)
{
	(void)number;
}

/* ----------------------------- What others do ----------------------------- */

static void *truncate_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	end(&job->actor, ftruncate(job->file, 0) < 0);
	return NULL;
}

static void *append_to_it(void *arg)
{
	struct job *job = arg;
	char piece[PIECE];

	memset(piece, job->letter, sizeof(piece));
	begin(&job->actor);
	end(&job->actor, write(job->file, piece, sizeof(piece)) != PIECE);
	return NULL;
}

static void *share_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	end(&job->actor, ioctl(job->other, FICLONE, job->file) < 0);
	return NULL;
}

static void *ask_for_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	job->given = get_layout(job->world->client, job->layout, BLOCK);
	end(&job->actor, false);
	return NULL;
}

static void finish_job(struct job *job)
{
	pthread_join(job->actor.thread, NULL);
}

/* --------------------------------- Recalls -------------------------------- */

static int make_leased(struct world *world, struct layout *layout, int64_t len)
{
	/* A whole number of blocks is written. */
	int file = make_file(world, "A", 'A', len);

	if (ftruncate(file, len) < 0)
		die("ftruncate");
	open_layout(world->client, "A", layout);
	if (!get_layout(world->client, layout, BLOCK)) {
		fputs("races: no layout\n", stderr);
		exit(2);
	}
	return file;
}

static void give_back(struct world *world, struct layout *layout)
{
	return_layout(world->client, layout);
	close_layout(world->client, layout);
}

static void tell(struct world *world, const char *answer)
{
	snprintf(world->answer, sizeof(world->answer), "%s", answer);
}

void layout_truncate(struct world *world)
{
	struct layout layout;
	struct job job = {.world = world};
	bool waits;

	job.file = make_leased(world, &layout, BLOCK);
	start(&job.actor, truncate_it, &job);
	waits = settles(&job.actor, 'S');
	give_back(world, &layout);
	finish_job(&job);
	tell(world, waits ? "waits" : "does not wait");
	close(job.file);
}

/* A signal ends each wait, but not the loop around it. */
void layout_signal(struct world *world)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct layout layout;
	struct job job = {.world = world};
	bool waits, spins;

	if (sigaction(SIGUSR1, &action, NULL) < 0)
		die("sigaction");
	job.file = make_leased(world, &layout, BLOCK);
	start(&job.actor, truncate_it, &job);
	waits = settles(&job.actor, 'S');
	pthread_kill(job.actor.thread, SIGUSR1);
	spins = waits && settles(&job.actor, 'R');
	give_back(world, &layout);
	finish_job(&job);
	if (spins)
		tell(world, "waits; behind the signal it runs all the time");
	else if (job.actor.error == EINTR)
		tell(world, "waits; the signal ends it");
	else
		tell(world, waits ? "waits; sleeps on" : "does not wait");
	close(job.file);
}

/* Both look where the file ends, then wait, and then write there. */
void layout_appends(struct world *world)
{
	struct layout layout;
	struct job jobs[2] = {{.letter = '1'}, {.letter = '2'}};
	bool wait = true;
	struct stat stat;
	int file, i;

	file = make_leased(world, &layout, BEFORE);
	for (i = 0; i < 2; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/A", world->dir);
		jobs[i].file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (jobs[i].file < 0)
			die(path);
		start(&jobs[i].actor, append_to_it, &jobs[i]);
		wait = settles(&jobs[i].actor, 'S') && wait;
	}
	give_back(world, &layout);
	for (i = 0; i < 2; i++) {
		finish_job(&jobs[i]);
		close(jobs[i].file);
	}
	if (fstat(file, &stat) < 0)
		die("fstat");
	if (!wait)
		tell(world, "does not wait");
	else if (stat.st_size == BEFORE + 2 * PIECE)
		tell(world, "waits; both are there");
	else if (stat.st_size == BEFORE + PIECE)
		tell(world, "waits; one has overwritten the other");
	else
		tell(world, "waits; the size is that of neither");
	close(file);
}

/* ---------------------------------- Pins ---------------------------------- */

/* The server drops what the page cache has of the file, pinned pages or not. */
void layout_forgets(struct world *world)
{
	int file = make_file(world, "A", 'A', BLOCK);
	unsigned char *mem = map_file(file, BLOCK);
	struct layout layout;

	*(volatile unsigned char *)mem = 'S';
	take_pin(&world->pin, mem);
	open_layout(world->client, "A", &layout);
	if (!get_layout(world->client, &layout, BLOCK))
		tell(world, "no layout");
	give_back(world, &layout);
	judge(world, file, place_of(file, 0));
	munmap(mem, BLOCK);
	close(file);
}

/* Whether a thread of the server sleeps for a lock: its name is nfsd. */
static bool server_waits(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	if (!proc)
		die("/proc");
	while (!found && (entry = readdir(proc))) {
		char path[300], text[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		found = fgets(text, sizeof(text), file) &&
			strstr(text, "(nfsd) D");
		fclose(file);
	}
	closedir(proc);
	return found;
}

/* Return: whether the server sleeps for a lock, and the job is not over. */
static bool server_settles(const struct job *job)
{
	int64_t limit = now() + PATIENCE, since = now();

	while (!job->actor.over && now() < limit) {
		if (!server_waits())
			since = now();
		else if (now() - since >= SETTLED)
			return true;
		poll_pause();
	}
	return false;
}

/* A client has no more than the place of a block, and writes the device. */
static void write_device(uint64_t place, char letter)
{
	const char *device = getenv("PMEMDEV");
	char block[BLOCK];
	int file;

	if (!device)
		device = "";
	memset(block, letter, sizeof(block));
	file = open(device, O_WRONLY | O_CLOEXEC);
	if (file < 0 || pwrite(file, block, BLOCK, (off_t)place) != BLOCK ||
	    fsync(file) < 0)
		die(device);
	close(file);
}

static void tell_layout(struct world *world, const struct job *ask)
{
	char byte;

	if (!ask->given) {
		tell(world, "no layout is given");
		return;
	}
	write_device(ask->layout->place, 'V');
	if (pread(ask->other, &byte, 1, 0) != 1)
		die("pread");
	tell(world, byte == 'V' ? "what the client writes is in both files"
				: "the client has a layout of its own");
}

/*
 * The reflink holds the locks of both files while it waits for the pin, and the
 * server has asked whether the file shares blocks before it wants them.
 */
void layout_reflink(struct world *world)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 'B', BLOCK);
	/* It waits for the pins of the first file only. */
	unsigned char *mem =
		map_file(number_of(a) < number_of(b) ? a : b, BLOCK);
	struct layout layout;
	struct job share = {.file = a, .other = b};
	struct job ask = {.world = world, .other = b, .layout = &layout};
	bool waits;

	open_layout(world->client, "A", &layout);
	*(volatile unsigned char *)mem;
	take_pin(&world->pin, mem);
	start(&share.actor, share_it, &share);
	waits = settles(&share.actor, 'S');
	start(&ask.actor, ask_for_it, &ask);
	waits = server_settles(&ask) && waits;
	drop_pin(&world->pin);
	finish_job(&share);
	finish_job(&ask);
	if (!waits || share.actor.error)
		tell(world, "does not wait");
	else
		tell_layout(world, &ask);
	if (ask.given)
		return_layout(world->client, &layout);
	close_layout(world->client, &layout);
	munmap(mem, BLOCK);
	close(a);
	close(b);
}
