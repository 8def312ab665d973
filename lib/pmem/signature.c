// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/signature.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pmem/why.h"

/*
 * How much of each end is looked at. The head covers what libblkid reads from
 * the start (VMFS and the second LUKS header lie furthest in), the tail what
 * RAID, ZFS and the second GPT leave at the end.
 */
#define HEAD_SIZE (UINT64_C(8) << 20)
#define TAIL_SIZE (UINT64_C(1) << 20)

#define CHUNK 4096u

#define STAMP_SIZE_AT 128

struct range {
	uint64_t first;
	uint64_t end;
};

struct magic {
	const char *name;
	uint64_t offset;
	size_t len;
	const char *bytes;
};

/* Formats of persistent memory, which general tools do not know. */
static const struct magic magics[] = {
	{"famfs", 0, 8, "\xff\x82\xb2\x87\0\0\0\0"},            /* superblock */
	{"famfs", 0x200000, 8, "\x0d\xf0\xfe\xca\xad\x0b\0\0"}, /* log */
	{"pmdk", 0, 4, "PMEM"}, /* PMEMOBJ, PMEMBLK, PMEMLOG, PMEMPOOL... */
	{"nova", 4, 4, "AVON"}, /* "NOVA" as a little-endian number */
};

static const char stamp_text[] =
	"daxsim scratch: a simulator used this memory last, no data here\n";

bool ds_signature_allowed(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (names && *names) {
		size_t n = strcspn(names, ",");

		if (n == len && !memcmp(names, name, n))
			return true;
		names += n;
		names += *names == ',';
	}
	return false;
}

/* Reads up to the end of the file. Return: how much, or -errno. */
static ssize_t read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done,
				  (off_t)(offset + done));

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)done;
}

static int find_magic(int fd, uint64_t size, const char *allowed,
		      struct ds_signature *ret_signature)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *magic = &magics[i];
		char bytes[16];
		ssize_t n;

		if (size < magic->offset + magic->len)
			continue;
		n = read_at(fd, bytes, magic->len, magic->offset);
		if (n < 0)
			return (int)n;
		if ((size_t)n < magic->len ||
		    memcmp(bytes, magic->bytes, magic->len) ||
		    ds_signature_allowed(allowed, magic->name))
			continue;
		ret_signature->offset = magic->offset;
		(void)ds_why_format(ret_signature->name,
				    sizeof(ret_signature->name), "%s",
				    magic->name);
		return 1;
	}
	return 0;
}

int ds_signature_find(int fd, uint64_t size, const char *allowed,
		      struct ds_signature *ret_signature)
{
	int r = find_magic(fd, size, allowed, ret_signature);

	return r ? r : ds_signature_find_foreign(fd, allowed, ret_signature);
}

/* Return: the first byte that is not 0, @len when all are. */
static size_t first_nonzero(const unsigned char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len && !bytes[i])
		i++;
	return i;
}

int ds_signature_nonzero(int fd, uint64_t first, uint64_t end,
			 uint64_t *ret_offset)
{
	unsigned char chunk[CHUNK];
	uint64_t at = first;

	while (at < end) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		size_t len = CHUNK, i;
		ssize_t n;

		if (data < 0 && errno == ENXIO) /* only a hole is left */
			break;
		if (data > 0 && (uint64_t)data > at)
			at = (uint64_t)data;
		if (at >= end)
			break;
		if (end - at < len)
			len = (size_t)(end - at);
		n = read_at(fd, chunk, len, at);
		if (n < 0)
			return (int)n;
		i = first_nonzero(chunk, (size_t)n);
		if (i < (size_t)n) {
			*ret_offset = at + i;
			return 1;
		}
		if ((size_t)n < len)
			break;
		at += len;
	}
	return 0;
}

/*
 * Copies through write(): where the memory is bad the kernel meets the fault
 * and returns an error, while a load here would end the process.
 */
static int copy_mapped(int copy, const unsigned char *mem, struct range range)
{
	uint64_t at = range.first;

	while (at < range.end) {
		ssize_t n = pwrite(copy, mem + (at - range.first),
				   (size_t)(range.end - at), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EFAULT ? -EIO : -errno;
		if (n == 0)
			return -EIO;
		at += (uint64_t)n;
	}
	return 0;
}

static int copy_range(int copy, const struct ds_signature_device *device,
		      struct range range)
{
	uint64_t first = range.first / device->align * device->align;
	uint64_t past = range.end % device->align;
	uint64_t end = past ? range.end + (device->align - past) : range.end;
	unsigned char *mem;
	int r;

	mem = mmap(NULL, (size_t)(end - first), PROT_READ, MAP_SHARED,
		   device->fd, (off_t)first);
	if (mem == MAP_FAILED)
		return -errno;
	r = copy_mapped(copy, mem + (range.first - first), range);
	munmap(mem, (size_t)(end - first));
	return r;
}

static struct range head_of(struct range whole)
{
	if (whole.end - whole.first > HEAD_SIZE)
		whole.end = whole.first + HEAD_SIZE;
	return whole;
}

static struct range tail_of(struct range whole)
{
	if (whole.end - whole.first > TAIL_SIZE)
		whole.first = whole.end - TAIL_SIZE;
	return whole;
}

/* Return: 1 when the window begins with a stamp for all of it, 0, or -errno. */
static int has_stamp(int copy, struct range window)
{
	char expected[DS_SIGNATURE_STAMP_SIZE], found[DS_SIGNATURE_STAMP_SIZE];
	uint64_t size;
	ssize_t n;

	n = read_at(copy, found, sizeof(found), window.first);
	if (n < 0)
		return (int)n;
	memcpy(&size, found + STAMP_SIZE_AT, sizeof(size));
	ds_signature_stamp(expected, size);
	return n == sizeof(found) && !memcmp(found, expected, sizeof(found)) &&
	       size >= window.end - window.first;
}

static int find_unknown(int copy, struct range window, const char *allowed,
			struct ds_signature *ret_signature)
{
	struct range ends[] = {head_of(window), tail_of(window)};
	int r;

	if (ds_signature_allowed(allowed, DS_SIGNATURE_UNKNOWN))
		return 0;
	r = has_stamp(copy, window);
	if (r)
		return r > 0 ? 0 : r;
	for (int i = 0; i < 2; i++) {
		r = ds_signature_nonzero(copy, ends[i].first, ends[i].end,
					 &ret_signature->offset);
		if (r)
			break;
	}
	if (r > 0)
		memcpy(ret_signature->name, DS_SIGNATURE_UNKNOWN,
		       sizeof(DS_SIGNATURE_UNKNOWN));
	return r;
}

int ds_signature_find_device(const struct ds_signature_device *device,
			     const char *allowed,
			     struct ds_signature *ret_signature)
{
	struct range whole = {0, device->size};
	struct range window = {device->window_offset,
			       device->window_offset + device->window_size};
	struct range parts[] = {head_of(whole), tail_of(whole), head_of(window),
				tail_of(window)};
	bool windowed = device->window_size < device->size;
	size_t n_parts = windowed ? 4 : 2;
	int copy;
	int r = 0;

	copy = memfd_create("daxsim-probe", MFD_CLOEXEC);
	if (copy < 0)
		return -errno;
	if (ftruncate(copy, (off_t)device->size) < 0)
		r = -errno;
	for (size_t i = 0; !r && i < n_parts; i++)
		r = copy_range(copy, device, parts[i]);
	if (!r)
		r = ds_signature_find(copy, device->size, allowed,
				      ret_signature);
	if (!r)
		r = find_unknown(copy, window, allowed, ret_signature);
	close(copy);
	return r;
}

void ds_signature_stamp(void *mem, uint64_t size)
{
	unsigned char *to = mem;

	memset(to, 0, DS_SIGNATURE_STAMP_SIZE);
	memcpy(to, stamp_text, sizeof(stamp_text));
	memcpy(to + STAMP_SIZE_AT, &size, sizeof(size));
}
