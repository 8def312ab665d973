// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "pmem/inuse.h"

/* More than a line of mountinfo or maps can have: some PATH_MAX. */
#define LINES_MAX 20000

struct lines {
	int fd;
	size_t at;
	size_t end;
	char buf[LINES_MAX + 1];
};

static int lines_open(struct lines *lines, const char *path)
{
	lines->at = 0;
	lines->end = 0;
	lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	return lines->fd < 0 ? -errno : 0;
}

/* Return: more bytes than before in the buffer, 0 at the end, or -errno. */
static ssize_t lines_fill(struct lines *lines)
{
	ssize_t n;

	memmove(lines->buf, lines->buf + lines->at, lines->end - lines->at);
	lines->end -= lines->at;
	lines->at = 0;
	if (lines->end == LINES_MAX)
		return -E2BIG;
	do {
		n = read(lines->fd, lines->buf + lines->end,
			 LINES_MAX - lines->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	lines->end += (size_t)n;
	return n;
}

/* Return: 1 with a line that may be written on, 0 at the end, or -errno. */
static int lines_next(struct lines *lines, char **ret_line)
{
	for (;;) {
		char *line = lines->buf + lines->at;
		char *newline = memchr(line, '\n', lines->end - lines->at);
		ssize_t n;

		if (newline) {
			*newline = '\0';
			lines->at = (size_t)(newline + 1 - lines->buf);
			*ret_line = line;
			return 1;
		}
		n = lines_fill(lines);
		if (n < 0)
			return (int)n;
		if (n == 0 && lines->end == 0)
			return 0;
		if (n == 0)
			lines->buf[lines->end++] = '\n';
	}
}

/* Turns the \040 that /proc writes for a blank back, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
		    from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 |
				     (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool last_part_is(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return slash && name && !strcmp(slash + 1, name);
}

/*
 * By name as well as by number: the path may be that of another mount
 * namespace, where it cannot be looked up.
 */
static bool path_is(const char *path, const struct ds_inuse_what *what)
{
	struct stat st;

	if (last_part_is(path, what->name))
		return true;
	if (path[0] != '/' || stat(path, &st) < 0)
		return false;
	if (what->type == S_IFREG)
		return what->ino && st.st_ino == what->ino &&
		       st.st_dev == what->dev;
	return (st.st_mode & S_IFMT) == what->type && st.st_rdev == what->rdev;
}

/* @options holds "/NAME" as a whole word, as in "daxdev=/dev/dax0.0". */
static bool options_name(const char *options, const struct ds_inuse_what *what)
{
	const char *at = options;
	size_t len;

	if (!what->name)
		return false;
	len = strlen(what->name);
	while ((at = strstr(at, what->name))) {
		char after = at[len];

		if (at > options && at[-1] == '/' &&
		    !isalnum((unsigned char)after) && after != '.')
			return true;
		at++;
	}
	return false;
}

/* Cuts the next blank-separated field off @rest. Return: it, or NULL. */
static char *field(char **rest)
{
	char *word;

	do {
		word = strsep(rest, " \t");
	} while (word && !*word);
	return word;
}

/*
 * A line is "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAGS...] - TYPE
 * SOURCE SUPEROPTIONS".
 */
static bool mount_line_is(char *line, const struct ds_inuse_what *what,
			  char **ret_where)
{
	char *tail = strstr(line, " - ");
	unsigned int dev_major, dev_minor;
	char *source, *options;

	if (!tail)
		return false;
	*tail = '\0';
	tail += 3;
	field(&tail);
	source = field(&tail);
	options = field(&tail);

	if (sscanf(line, "%*s %*s %u:%u", &dev_major, &dev_minor) != 2)
		return false;
	for (int i = 0; i < 4; i++)
		field(&line);
	*ret_where = field(&line);
	if (!*ret_where || !source)
		return false;

	unescape(*ret_where);
	unescape(source);
	if (what->type == S_IFBLK &&
	    what->rdev == makedev(dev_major, dev_minor))
		return true;
	/* Sources elsewhere are no devices, and may be slow to look at. */
	if (!strncmp(source, "/dev/", 5) && path_is(source, what))
		return true;
	return options && options_name(options, what);
}

/* Return: 1 with a line in @why, 0: not mounted, or -errno with none. */
static int mountinfo_has(const char *path, const struct ds_inuse_what *what,
			 struct ds_why why)
{
	struct lines lines;
	char *line, *where;
	int r;

	r = lines_open(&lines, path);
	if (r)
		return r;
	while ((r = lines_next(&lines, &line)) > 0) {
		if (mount_line_is(line, what, &where)) {
			ds_why_say(why, 1, "is mounted at %s", where);
			break;
		}
	}
	close(lines.fd);
	return r;
}

int ds_inuse_mounted(const char *procfs, const struct ds_inuse_what *what,
		     struct ds_why why)
{
	char path[PATH_MAX];
	int r;

	r = ds_why_format(path, sizeof(path), "%s/self/mountinfo", procfs);
	if (r)
		return ds_why_say(why, r, "procfs path is too long");
	r = mountinfo_has(path, what, why);
	if (r < 0)
		return ds_why_say(why, r,
				  "cannot tell if it is mounted: %s: %s", path,
				  strerror(-r));
	return r ? -EPERM : 0;
}

int ds_inuse_swap(const char *procfs, const struct ds_inuse_what *what,
		  struct ds_why why)
{
	struct lines lines;
	char path[PATH_MAX];
	char *line;
	int r;

	r = ds_why_format(path, sizeof(path), "%s/swaps", procfs);
	if (r)
		return ds_why_say(why, r, "procfs path is too long");
	r = lines_open(&lines, path);
	if (r == -ENOENT) /* a kernel without swap */
		return 0;
	if (r)
		return ds_why_say(why, r, "cannot tell if it is swap: %s: %s",
				  path, strerror(-r));
	while ((r = lines_next(&lines, &line)) > 0) {
		char *swap = field(&line);

		if (!swap)
			continue;
		unescape(swap);
		if (path_is(swap, what)) {
			ds_why_say(why, 1, "is in use as swap (%s)", swap);
			break;
		}
	}
	close(lines.fd);
	if (r < 0)
		return ds_why_say(why, r, "cannot tell if it is swap: %s: %s",
				  path, strerror(-r));
	return r ? -EPERM : 0;
}

/* A line is "FROM-TO PERMS OFFSET MAJOR:MINOR INODE [PATH]". */
static bool map_line_is(char *line, const struct ds_inuse_what *what)
{
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	char *path = strchr(line, '/');
	char *deleted;

	if (sscanf(line, "%*s %*s %*s %x:%x %lu", &dev_major, &dev_minor,
		   &ino) != 3)
		return false;
	if (what->ino && ino == what->ino &&
	    what->dev == makedev(dev_major, dev_minor))
		return true;
	if (!path || !what->name)
		return false;
	deleted = strstr(path, " (deleted)");
	if (deleted)
		*deleted = '\0';
	return last_part_is(path, what->name);
}

/* Return: 1, 0: @path has no mapping of it, or -errno. */
static int maps_have(const char *path, const struct ds_inuse_what *what)
{
	struct lines lines;
	char *line;
	int r;

	r = lines_open(&lines, path);
	if (r)
		return r;
	while ((r = lines_next(&lines, &line)) > 0) {
		if (map_line_is(line, what))
			break;
	}
	close(lines.fd);
	return r;
}

/* Its mounts are those of this process, which were looked at already. */
static bool shares_mounts(const char *procfs, const char *pid)
{
	char path[PATH_MAX];
	char its[64] = "", ours[64] = "";

	if (ds_why_format(path, sizeof(path), "%s/%s/ns/mnt", procfs, pid) ||
	    readlink(path, its, sizeof(its) - 1) < 0)
		return false;
	if (ds_why_format(path, sizeof(path), "%s/self/ns/mnt", procfs) ||
	    readlink(path, ours, sizeof(ours) - 1) < 0)
		return false;
	return !strcmp(its, ours);
}

static int process_uses(const char *procfs, const char *pid,
			const struct ds_inuse_what *what,
			unsigned int *n_hidden, struct ds_why why)
{
	char path[PATH_MAX];
	char line[256];
	struct ds_why where = {line, sizeof(line)};
	int r;

	r = ds_why_format(path, sizeof(path), "%s/%s/maps", procfs, pid);
	if (r)
		return ds_why_say(why, r, "procfs path is too long");
	r = maps_have(path, what);
	if (r > 0)
		return ds_why_say(why, -EPERM, "is mapped by process %s", pid);
	if (r == -EACCES || r == -EPERM) {
		(*n_hidden)++;
		r = 0;
	}
	/* It may have ended meanwhile. */
	if (r && r != -ENOENT && r != -ESRCH)
		return ds_why_say(why, r, "cannot read %s: %s", path,
				  strerror(-r));

	if (what->type == S_IFREG || shares_mounts(procfs, pid))
		return 0;
	r = ds_why_format(path, sizeof(path), "%s/%s/mountinfo", procfs, pid);
	if (r)
		return ds_why_say(why, r, "procfs path is too long");
	if (mountinfo_has(path, what, where) > 0)
		return ds_why_say(why, -EPERM, "%s, as process %s sees it",
				  line, pid);
	return 0;
}

int ds_inuse_processes(const char *procfs, const struct ds_inuse_what *what,
		       unsigned int *ret_n_hidden, struct ds_why why)
{
	struct dirent *entry;
	unsigned int n_hidden = 0;
	long self = getpid();
	int r = 0;
	DIR *dir;

	dir = opendir(procfs);
	if (!dir)
		return ds_why_say(why, -errno, "cannot list %s: %s", procfs,
				  strerror(errno));
	while (!r && (errno = 0, entry = readdir(dir))) {
		const char *pid = entry->d_name;

		if (!isdigit((unsigned char)pid[0]) || atol(pid) == self)
			continue;
		r = process_uses(procfs, pid, what, &n_hidden, why);
	}
	if (!r && errno)
		r = ds_why_say(why, -errno, "cannot list %s: %s", procfs,
			       strerror(errno));
	closedir(dir);
	if (!r)
		*ret_n_hidden = n_hidden;
	return r;
}
