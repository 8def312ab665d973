/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_VM_RACES_H
#define TESTS_VM_RACES_H

/*
 * What the model calls possible, tried on a kernel. Pages are pinned by
 * vmsplice(): a pipe holds them for as long as it takes to look, and tee()
 * shows what is in them meanwhile.
 */
#include "actor.h"

#include "layouts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK 4096

struct pin {
	int pipe[2], look[2];
};

struct world {
	const char *dir;
	int kmsg;
	struct pin pin;
	struct client *client; /* of the NFS server; NULL without one */
	char answer[160];
};

/* A file of @len bytes: of @letter, or a hole if that is 0. */
int make_file(const struct world *world, const char *name, char letter,
	      int64_t len);
void remove_file(const struct world *world, const char *name);
unsigned char *map_file(int file, size_t len);
/* Where the block at @offset lies on the device, in bytes; 0 for a hole. */
uint64_t place_of(int file, int64_t offset);
/* Its inode's: XFS locks the lesser one of two first. */
uint64_t number_of(int file);

void open_pin(struct pin *pin);
void close_pin(struct pin *pin);
void take_pin(struct pin *pin, void *mem);
/* The first byte of the page that is pinned now. */
char look_at(const struct pin *pin);
void drop_pin(struct pin *pin);

/* Makes the files that may get a block, empty. */
void make_others(const struct world *world);
/*
 * Gives them blocks until one has that at @place, and fills it with 'V'.
 * Return: whether one had it.
 */
bool give_to_another(const struct world *world, uint64_t place);

/* The answer for a pin that was not waited for, of what was at @place. */
void tell_not_waited(struct world *world, uint64_t place);

/* Truncates @file while its page at @place is pinned, or unlinks A if it is -1,
 * and ends the pin. The answer tells what came of it. */
void judge(struct world *world, int file, uint64_t place);

/*
 * Writes into a hole beside a pin, until the page cache has forgotten the pin
 * or @tries are over. With @dirty it is stored to the page before it is pinned.
 */
void race_hole(struct world *world, bool dirty, unsigned int tries);

/* Truncates a huge page that is pinned while fsync() writes it back. */
void race_fsync(struct world *world, unsigned int tries);

/* Pins that do not end: races_wait.c. */
void wait_pin_by_pin(struct world *world);
void wait_for_each_other(struct world *world);
void wait_for_first(struct world *world);
void wait_for_second(struct world *world);

/* With a client's layout of a file: races_layout.c. */
void layout_truncate(struct world *world);
void layout_signal(struct world *world);
void layout_appends(struct world *world);
void layout_forgets(struct world *world);
void layout_reflink(struct world *world);

#endif
