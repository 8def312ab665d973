// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Asks the running kernel whether a devdax device is what lib/pmem takes it
 *for:
 *
 *	devdax DEVICE SIZE ALIGN SLOW FAST
 *
 * SIZE and ALIGN are bytes, as sysfs has them. SLOW is a dm-delay device over
 * FAST. Prints a line for each question, with tabs between: what is asked, the
 * answer, and what of lib/pmem rests on it. Exit status 1 if an answer is not
 * the one that is rested on.
 */
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE   4096
#define N_UNIT 2 /* units of alignment that are mapped */

struct device {
	const char *path, *slow, *fast;
	int fd;
	size_t size, align;
	unsigned char *mem; /* N_UNIT units from the start on */
	struct actor pinner;
	unsigned char *buffer;
};

struct question {
	const char *what, *answer, *rests;
	const char *(*ask)(struct device *device);
	bool in_2m_only; /* the answer is another one where a unit is a page */
};

static sigjmp_buf fault;

/* -------------------------------- Answers --------------------------------- */

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EINVAL, "EINVAL"}, {ENODEV, "ENODEV"},
		{EACCES, "EACCES"}, {EOPNOTSUPP, "EOPNOTSUPP"},
		{ENOTTY, "ENOTTY"}, {ENXIO, "ENXIO"},
		{EFAULT, "EFAULT"}, {EWOULDBLOCK, "EWOULDBLOCK"},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return strerror(error);
}

static const char *result(int64_t r)
{
	return r < 0 ? error_name(errno) : "ok";
}

static const char *try_map(const struct device *device, size_t len, off_t at,
			   int flags, void *hint)
{
	void *mem =
		mmap(hint, len, PROT_READ | PROT_WRITE, flags, device->fd, at);

	if (mem == MAP_FAILED)
		return error_name(errno);
	munmap(mem, len);
	return "ok";
}

/* A hole in the address space that is one page off a unit. */
static void *askew(const struct device *device)
{
	size_t len = 4 * device->align;
	unsigned char *mem =
		mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t unit;

	if (mem == MAP_FAILED)
		die("mmap of a hole");
	munmap(mem, len);
	unit = ((uintptr_t)mem + device->align) & ~(device->align - 1);
	return (void *)(unit + PAGE);
}

static void on_fault(int number)
{
	siglongjmp(fault, number);
}

static void set_handler(void (*handler)(int number))
{
	struct sigaction action = {.sa_handler = handler};

	if (sigaction(SIGBUS, &action, NULL) < 0)
		die("sigaction");
}

static const char *touch(volatile unsigned char *at)
{
	set_handler(on_fault);
	if (sigsetjmp(fault, 1) == 0) {
		(void)*at;
		set_handler(SIG_DFL);
		return "ok";
	}
	set_handler(SIG_DFL);
	return "SIGBUS";
}

/* --------------------------------- Calls ---------------------------------- */

static const char *ask_stat(struct device *device)
{
	struct stat st;

	if (fstat(device->fd, &st) < 0)
		return error_name(errno);
	if (!S_ISCHR(st.st_mode))
		return "no character device";
	return st.st_size == 0 ? "a character device of 0 bytes" : "a size";
}

static const char *ask_seek(struct device *device)
{
	return lseek(device->fd, 0, SEEK_END) == 0 ? "0" : "not 0";
}

static const char *ask_read(struct device *device)
{
	unsigned char page[PAGE];

	return result(pread(device->fd, page, sizeof(page), 0));
}

static const char *ask_write(struct device *device)
{
	static const unsigned char page[PAGE];

	return result(pwrite(device->fd, page, sizeof(page), 0));
}

static const char *ask_fallocate(struct device *device)
{
	return result(fallocate(device->fd, 0, 0, PAGE));
}

static const char *ask_punch(struct device *device)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	return result(fallocate(device->fd, mode, 0, PAGE));
}

static const char *ask_truncate(struct device *device)
{
	return result(ftruncate(device->fd, 0));
}

static const char *ask_fsync(struct device *device)
{
	return result(fsync(device->fd));
}

static const char *ask_msync(struct device *device)
{
	return result(msync(device->mem, device->align, MS_SYNC));
}

static const char *ask_lock(struct device *device)
{
	int other = open(device->path, O_RDWR | O_CLOEXEC);
	const char *answer;

	if (other < 0)
		die(device->path);
	if (flock(device->fd, LOCK_EX | LOCK_NB) < 0)
		return error_name(errno);
	answer = result(flock(other, LOCK_EX | LOCK_NB));
	close(other);
	flock(device->fd, LOCK_UN);
	return answer;
}

static const char *ask_open_direct(struct device *device)
{
	int fd = open(device->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	const char *answer = result(fd);

	if (fd >= 0)
		close(fd);
	return answer;
}

/* -------------------------------- Mappings -------------------------------- */

static const char *ask_map(struct device *device)
{
	return try_map(device, device->align, (off_t)device->align, MAP_SHARED,
		       NULL);
}

static const char *ask_whole(struct device *device)
{
	return try_map(device, device->size, 0, MAP_SHARED, NULL);
}

static const char *ask_address(struct device *device)
{
	return (uintptr_t)device->mem % device->align == 0 ? "a unit's"
							   : "another";
}

static const char *ask_short(struct device *device)
{
	return try_map(device, PAGE, 0, MAP_SHARED, NULL);
}

static const char *ask_long(struct device *device)
{
	return try_map(device, device->align + PAGE, 0, MAP_SHARED, NULL);
}

/* The address that the kernel takes is as far off as the offset. */
static const char *ask_offset(struct device *device)
{
	return try_map(device, 2 * device->align, PAGE, MAP_SHARED, NULL);
}

/* Offsets are looked at only where an address is to be found. */
static const char *ask_offset_fixed(struct device *device)
{
	return try_map(device, device->align, PAGE,
		       MAP_SHARED | MAP_FIXED_NOREPLACE,
		       (unsigned char *)askew(device) - PAGE);
}

static const char *ask_hint(struct device *device)
{
	return try_map(device, device->align, 0, MAP_SHARED, askew(device));
}

static const char *ask_fixed(struct device *device)
{
	return try_map(device, device->align, 0,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, askew(device));
}

static const char *ask_private(struct device *device)
{
	return try_map(device, device->align, 0, MAP_PRIVATE, NULL);
}

static const char *ask_sync(struct device *device)
{
	return try_map(device, device->align, 0, MAP_SHARED_VALIDATE | MAP_SYNC,
		       NULL);
}

static const char *ask_past_end(struct device *device)
{
	return try_map(device, 2 * device->align,
		       (off_t)(device->size - device->align), MAP_SHARED, NULL);
}

static const char *touch_end(struct device *device, ptrdiff_t from_end)
{
	size_t len = 2 * device->align;
	unsigned char *mem = mmap(NULL, len, PROT_READ, MAP_SHARED, device->fd,
				  (off_t)(device->size - device->align));
	const char *answer;

	if (mem == MAP_FAILED)
		return error_name(errno);
	answer = touch(mem + (ptrdiff_t)device->align + from_end);
	munmap(mem, len);
	return answer;
}

static const char *ask_last_byte(struct device *device)
{
	return touch_end(device, -1);
}

static const char *ask_byte_past_end(struct device *device)
{
	return touch_end(device, 0);
}

static const char *ask_unmap_part(struct device *device)
{
	return result(munmap(device->mem, PAGE));
}

static const char *ask_protect_part(struct device *device)
{
	const char *answer = result(mprotect(device->mem, PAGE, PROT_READ));

	mprotect(device->mem, device->align, PROT_READ | PROT_WRITE);
	return answer;
}

static const char *ask_unmap_unit(struct device *device)
{
	const char *answer =
		result(munmap(device->mem + device->align, device->align));
	void *mem = mmap(device->mem + device->align, device->align,
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 device->fd, (off_t)device->align);

	if (mem == MAP_FAILED)
		die("mmap of a unit");
	return answer;
}

static const char *ask_dontneed(struct device *device)
{
	device->mem[5] = 77;
	if (madvise(device->mem, device->align, MADV_DONTNEED) < 0)
		return error_name(errno);
	return device->mem[5] == 77 ? "ok, the bytes stay" : "lost bytes";
}

static const char *ask_remove(struct device *device)
{
	return result(madvise(device->mem, device->align, MADV_REMOVE));
}

static const char *ask_two_mappings(struct device *device)
{
	unsigned char *mem =
		mmap(NULL, device->align, PROT_READ, MAP_SHARED, device->fd, 0);
	const char *answer;

	if (mem == MAP_FAILED)
		return error_name(errno);
	device->mem[9] = 33;
	answer = mem[9] == 33 ? "the same bytes" : "other bytes";
	munmap(mem, device->align);
	return answer;
}

/* ---------------------------------- Pins ---------------------------------- */

static void *read_slowly(void *arg)
{
	struct device *device = arg;
	int fd = open(device->slow, O_RDONLY | O_DIRECT | O_CLOEXEC);
	ssize_t r;

	begin(&device->pinner);
	if (fd < 0)
		die(device->slow);
	r = pread(fd, device->mem, PAGE, 0);
	end(&device->pinner, r != PAGE);
	close(fd);
	return NULL;
}

static void prepare_fast(const struct device *device)
{
	int fd = open(device->fast, O_WRONLY | O_DIRECT | O_CLOEXEC);

	memset(device->buffer, 'D', PAGE);
	if (fd < 0 || pwrite(fd, device->buffer, PAGE, 0) != PAGE)
		die(device->fast);
	close(fd);
}

/* The device's read is under way while its buffer loses its mapping. */
static const char *ask_unmap_pinned(struct device *device)
{
	const char *answer;
	bool asleep, early;

	prepare_fast(device);
	device->mem[0] = 'F';
	device->pinner = (struct actor){0};
	start(&device->pinner, read_slowly, device);
	asleep = settles(&device->pinner, 'D');
	if (munmap(device->mem, N_UNIT * device->align) < 0)
		die("munmap");
	early = !device->pinner.over;
	pthread_join(device->pinner.thread, NULL);
	device->mem = mmap(NULL, N_UNIT * device->align, PROT_READ | PROT_WRITE,
			   MAP_SHARED, device->fd, 0);
	if (device->mem == MAP_FAILED)
		die("mmap");
	if (!asleep || device->pinner.error)
		answer = "the read failed";
	else if (!early)
		answer = "waits";
	else
		answer = device->mem[0] == 'D' && device->mem[PAGE - 1] == 'D'
				 ? "does not wait, the bytes arrive"
				 : "does not wait, the bytes are lost";
	return answer;
}

static const char *ask_direct_write(struct device *device)
{
	int fd = open(device->fast, O_RDWR | O_DIRECT | O_CLOEXEC);
	const char *answer;

	memset(device->mem, 'M', PAGE);
	if (fd < 0)
		die(device->fast);
	if (pwrite(fd, device->mem, PAGE, 0) != PAGE)
		answer = error_name(errno);
	else if (pread(fd, device->buffer, PAGE, 0) != PAGE)
		answer = error_name(errno);
	else
		answer = memcmp(device->buffer, device->mem, PAGE)
				 ? "other bytes"
				 : "ok";
	close(fd);
	return answer;
}

static const char *ask_splice(struct device *device)
{
	struct iovec page = {device->mem, PAGE};
	int ends[2];
	const char *answer;

	if (pipe(ends) < 0)
		die("pipe");
	if (vmsplice(ends[1], &page, 1, 0) != PAGE)
		return error_name(errno);
	memset(device->mem, 'L', PAGE);
	if (read(ends[0], device->buffer, PAGE) != PAGE)
		die("read of the pipe");
	answer = device->buffer[0] == 'L' ? "the page itself" : "a copy";
	close(ends[0]);
	close(ends[1]);
	return answer;
}

/* -------------------------------- Questions ------------------------------- */

#define REGION    "region.c"
#define DEVDAX    "region_devdax.c"
#define SIGNATURE "signature.c"
#define NOTHING   "-"

static const struct question questions[] = {
	{"fstat()", "a character device of 0 bytes", DEVDAX, ask_stat, false},
	{"lseek() to the end", "0", NOTHING, ask_seek, false},
	{"pread()", "EINVAL", SIGNATURE, ask_read, false},
	{"pwrite()", "EINVAL", NOTHING, ask_write, false},
	{"fallocate(), mode 0", "ENODEV", NOTHING, ask_fallocate, false},
	{"fallocate(), punch", "ENODEV", NOTHING, ask_punch, false},
	{"ftruncate()", "EINVAL", NOTHING, ask_truncate, false},
	{"fsync()", "EINVAL", REGION, ask_fsync, false},
	{"msync()", "EINVAL", REGION, ask_msync, false},
	{"flock(), a second descriptor", "EWOULDBLOCK", REGION, ask_lock,
	 false},
	{"open() with O_DIRECT", "EINVAL", NOTHING, ask_open_direct, false},
	{"mmap() of a unit at a unit", "ok", REGION, ask_map, false},
	{"mmap() of all of it", "ok", REGION, ask_whole, false},
	{"the address that mmap() takes", "a unit's", REGION, ask_address,
	 false},
	{"mmap() of one page", "EINVAL", REGION, ask_short, true},
	{"mmap() of a unit and a page", "EINVAL", REGION, ask_long, true},
	{"mmap() at an offset one page off", "EINVAL", NOTHING, ask_offset,
	 true},
	{"mmap() at such an offset, MAP_FIXED at a unit", "ok", REGION,
	 ask_offset_fixed, false},
	{"mmap(), hint one page off a unit", "EINVAL", NOTHING, ask_hint, true},
	{"mmap(), MAP_FIXED one page off", "EINVAL", NOTHING, ask_fixed, true},
	{"mmap(), MAP_PRIVATE", "EINVAL", REGION, ask_private, false},
	{"mmap(), MAP_SYNC", "ok", DEVDAX, ask_sync, false},
	{"mmap() past the end", "ok", DEVDAX, ask_past_end, false},
	{"load of the last byte", "ok", DEVDAX, ask_last_byte, false},
	{"load past the end", "SIGBUS", DEVDAX, ask_byte_past_end, false},
	{"two mappings", "the same bytes", SIGNATURE, ask_two_mappings, false},
	{"mprotect() of one page", "EINVAL", NOTHING, ask_protect_part, true},
	{"munmap() of one unit", "ok", NOTHING, ask_unmap_unit, false},
	{"madvise(), MADV_DONTNEED", "ok, the bytes stay", NOTHING,
	 ask_dontneed, false},
	{"madvise(), MADV_REMOVE", "ENODEV", NOTHING, ask_remove, false},
	{"O_DIRECT write from it", "ok", NOTHING, ask_direct_write, false},
	{"what vmsplice() holds", "the page itself", NOTHING, ask_splice,
	 false},
	{"munmap() while a device reads into it",
	 "does not wait, the bytes arrive", NOTHING, ask_unmap_pinned, false},
	{"munmap() of one page", "EINVAL", NOTHING, ask_unmap_part, true},
};

static void open_device(struct device *device)
{
	if (posix_memalign((void **)&device->buffer, PAGE, PAGE))
		die("posix_memalign");
	device->fd = open(device->path, O_RDWR | O_CLOEXEC);
	if (device->fd < 0)
		die(device->path);
	device->mem = mmap(NULL, N_UNIT * device->align, PROT_READ | PROT_WRITE,
			   MAP_SHARED, device->fd, 0);
	if (device->mem == MAP_FAILED)
		die("mmap");
}

int main(int argc, char **argv)
{
	struct device device = {0};
	bool failed = false;
	unsigned int i;

	if (argc != 6) {
		fputs("usage: devdax DEVICE SIZE ALIGN SLOW FAST\n", stderr);
		return 2;
	}
	device.path = argv[1];
	device.size = strtoull(argv[2], NULL, 10);
	device.align = strtoull(argv[3], NULL, 10);
	device.slow = argv[4];
	device.fast = argv[5];
	open_device(&device);
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *question = &questions[i];
		const char *wanted = question->answer;
		const char *answer = question->ask(&device);

		if (question->in_2m_only && device.align == PAGE)
			wanted = "ok";
		printf("%s\t%s\t%s\n", question->what, answer, question->rests);
		if (strcmp(answer, wanted) == 0)
			continue;
		failed = true;
		fprintf(stderr, "devdax: %s: %s, not %s\n", question->what,
			answer, wanted);
	}
	return failed ? 1 : 0;
}
