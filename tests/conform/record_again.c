// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_SIZE (1 << 20)

/* The calls of a sequence, or those of it that are left. */
struct calls {
	struct call *at;
	size_t n;
};

/* One recording, read line by line. */
struct input {
	FILE *file;
	char *line;
	/* The present sequence. */
	uint64_t sequence, seed, n_calls;
	char name[64];
};

static void fail(const char *what)
{
	fprintf(stderr, "record: %s\n", what);
	exit(2);
}

static void *allocate_array(size_t n, size_t size)
{
	void *mem = calloc(n ? n : 1, size);

	if (!mem)
		fail("out of memory");
	return mem;
}

/* -------------------------------- Reading --------------------------------- */

/*
 * Only what this program wrote is read: no blanks, each key once, and the keys
 * of lists behind those asked for.
 */
static const char *find(const char *line, const char *key)
{
	char text[32];
	const char *at;

	snprintf(text, sizeof(text), "\"%s\":", key);
	at = strstr(line, text);
	return at ? at + strlen(text) : NULL;
}

static int64_t number(const char *line, const char *key)
{
	const char *at = find(line, key);

	return at ? strtoll(at, NULL, 10) : 0;
}

static void copy_text(const char *line, const char *key, char *ret, size_t size)
{
	const char *at = find(line, key);
	size_t len = at && *at == '"' ? strcspn(at + 1, "\"") : size;

	if (len >= size)
		fail("a line without a name or an operation");
	memcpy(ret, at + 1, len);
	ret[len] = '\0';
}

static void open_input(struct input *input, const char *path)
{
	*input = (struct input){.file = fopen(path, "r")};
	if (!input->file) {
		perror(path);
		exit(2);
	}
	input->line = allocate_array(LINE_SIZE, 1);
}

static void close_input(struct input *input)
{
	fclose(input->file);
	free(input->line);
}

/* Return: whether there was another sequence, which is begun then. */
static bool next_head(struct input *input)
{
	if (!fgets(input->line, LINE_SIZE, input->file))
		return false;
	if (!find(input->line, "begin"))
		fail("no head of a sequence");
	copy_text(input->line, "name", input->name, sizeof(input->name));
	input->sequence = (uint64_t)number(input->line, "s");
	input->seed = (uint64_t)number(input->line, "seed");
	input->n_calls = (uint64_t)number(input->line, "n");
	return true;
}

static struct call next_call(struct input *input)
{
	struct call call = {0};
	char name[32];

	if (!fgets(input->line, LINE_SIZE, input->file))
		fail("the recording ends too soon");
	copy_text(input->line, "op", name, sizeof(name));
	if (!find_op(name, &call.op))
		fail("a call of an unknown operation");
	call.mode = (int)number(input->line, "mode");
	call.offset = number(input->line, "off");
	call.len = number(input->line, "len");
	call.size = number(input->line, "size_arg");
	call.tag = (uint32_t)number(input->line, "tag");
	return call;
}

int record_again(const char *path)
{
	struct input input;
	uint64_t i;

	open_input(&input, path);
	while (next_head(&input)) {
		begin_sequence(input.name, input.seed);
		for (i = 0; i < input.n_calls; i++) {
			struct call call = next_call(&input);

			make_call(&call);
		}
		end_sequence(stdout);
	}
	close_input(&input);
	return 0;
}

/* ------------------------------- Shrinking -------------------------------- */

struct shrinking {
	const struct input *input;
	const char *check;
	char path[64];
	char *command;
};

static void record_calls(const struct shrinking *shrinking,
			 const struct calls *calls, FILE *out)
{
	size_t i;

	begin_sequence(shrinking->input->name, shrinking->input->seed);
	for (i = 0; i < calls->n; i++)
		make_call(&calls->at[i]);
	end_sequence(out);
}

/* Makes the calls on the real file system and asks the check about it. */
static bool differs(const struct shrinking *shrinking,
		    const struct calls *calls)
{
	FILE *out = fopen(shrinking->path, "w");
	int status;

	if (!out)
		fail("cannot write a temporary recording");
	record_calls(shrinking, calls, out);
	fclose(out);
	status = system(shrinking->command);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
		unlink(shrinking->path);
		fail("the check failed");
	}
	return WEXITSTATUS(status) == 1;
}

/* Without @n calls from @first on, if that still differs. */
static bool drop(const struct shrinking *shrinking, struct calls *calls,
		 size_t first, size_t n)
{
	struct calls fewer = {.n = calls->n - n};
	bool found;

	fewer.at = allocate_array(fewer.n, sizeof(*fewer.at));
	memcpy(fewer.at, calls->at, first * sizeof(*fewer.at));
	memcpy(fewer.at + first, calls->at + first + n,
	       (fewer.n - first) * sizeof(*fewer.at));
	found = fewer.n && differs(shrinking, &fewer);
	if (found) {
		memcpy(calls->at, fewer.at, fewer.n * sizeof(*fewer.at));
		calls->n = fewer.n;
	}
	free(fewer.at);
	return found;
}

/*
 * Delta debugging, with complements only: pieces are dropped, half as long
 * each time, until no single call can go.
 */
static void shrink(const struct shrinking *shrinking, struct calls *calls)
{
	size_t piece = (calls->n + 1) / 2, first, n;
	bool dropped;

	do {
		dropped = false;
		for (first = calls->n; first > 0;) {
			n = piece < first ? piece : first;
			first -= n;
			dropped |= drop(shrinking, calls, first, n);
		}
		if (piece > 1)
			dropped = true;
		piece = (piece + 1) / 2;
	} while (dropped);
}

static struct calls read_sequence(struct input *input, uint64_t sequence)
{
	struct calls calls;
	uint64_t i;

	do {
		if (!next_head(input))
			fail("no such sequence");
		calls.n = (size_t)input->n_calls;
		calls.at = allocate_array(calls.n, sizeof(*calls.at));
		for (i = 0; i < input->n_calls; i++)
			calls.at[i] = next_call(input);
		if (input->sequence == sequence)
			return calls;
		free(calls.at);
	} while (true);
}

static void make_command(struct shrinking *shrinking)
{
	size_t size = strlen(shrinking->check) + sizeof(shrinking->path) + 32;
	int file;

	strcpy(shrinking->path, "/tmp/record.XXXXXX");
	file = mkstemp(shrinking->path);
	if (file < 0)
		fail("cannot make a temporary recording");
	close(file);
	shrinking->command = allocate_array(size, 1);
	snprintf(shrinking->command, size, "%s %s >/dev/null", shrinking->check,
		 shrinking->path);
}

int record_shortest(const char *path, uint64_t sequence, const char *check)
{
	struct input input;
	struct shrinking shrinking = {.input = &input, .check = check};
	struct calls calls;
	bool found;

	open_input(&input, path);
	calls = read_sequence(&input, sequence);
	make_command(&shrinking);
	found = differs(&shrinking, &calls);
	if (found) {
		shrink(&shrinking, &calls);
		/* The last one that was tried need not be one that differs. */
		record_calls(&shrinking, &calls, stdout);
	}
	unlink(shrinking.path);
	free(shrinking.command);
	free(calls.at);
	close_input(&input);
	return found ? 0 : 1;
}
