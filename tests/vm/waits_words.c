// SPDX-License-Identifier: LGPL-2.1-or-later
#include "waits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD 8

static void make_word(char *word, char letter, unsigned int n)
{
	char text[WORD + 8];

	snprintf(text, sizeof(text), "%c%07u", letter, n % 10000000);
	memcpy(word, text, WORD);
}

void fill_words(unsigned char *bytes, size_t len, char letter, unsigned int n)
{
	char word[WORD];
	size_t i;

	make_word(word, letter, n);
	for (i = 0; i < len; i += WORD)
		memcpy(bytes + i, word, WORD);
}

/* Which block of the device's is in this block, and how many words of it. */
static unsigned int find_words(const unsigned char *block, unsigned int *ret_j)
{
	unsigned int j, n;
	char word[WORD];
	size_t i;

	for (j = 0; j < N_PINNED; j++) {
		make_word(word, 'D', j);
		for (n = 0, i = 0; i < BLOCK; i += WORD)
			n += memcmp(block + i, word, WORD) == 0;
		*ret_j = j;
		if (n)
			return n;
	}
	return 0;
}

void print_blocks(bool (*read_block)(void *arg, int64_t i,
				     unsigned char *block),
		  void *arg)
{
	unsigned char block[BLOCK];
	const char *gap = "";
	unsigned int n, j;
	int64_t i;

	for (i = 0; read_block(arg, i, block); i++) {
		n = find_words(block, &j);
		if (!n)
			continue;
		printf("%s%sD%u@%d", gap, n < BLOCK / WORD ? "part of " : "", j,
		       (int)i);
		gap = " ";
	}
	if (!*gap)
		fputs("gone", stdout);
}

void print_size(const struct row *row, int64_t size, int64_t before)
{
	if (row->buffer == BUFFER_HUGE && size == before)
		fputs("\tas before", stdout);
	else
		printf("\t%" PRId64, size);
}
