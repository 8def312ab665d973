/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_VM_LAYOUTS_H
#define TESTS_VM_LAYOUTS_H

/*
 * A client of the kernel's own NFS server, which gives out layouts of files on
 * XFS (NFSv4.1, block layouts): as little of one as asks for a layout, says of
 * each recall that it was heard, and gives the layout back when it likes. Every
 * call blocks until the server has answered; one thread at a time may call.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

/* A file that the client has open, and the layout that it has of it. */
struct layout {
	char name[16];
	unsigned char open[16], held[16]; /* state ids */
	uint64_t place;                   /* on the device, in bytes */
};

/* Return: NULL if there is no server. Ends the program if it does not answer.
 */
struct client *connect_client(void);

/* Opens @name in the folder that is exported, for reading and writing. */
void open_layout(struct client *client, const char *name,
		 struct layout *layout);

/*
 * Asks for a layout to write the first @len bytes.
 *
 * Return: whether the server gave one; it gives none of a file that shares.
 */
bool get_layout(struct client *client, struct layout *layout, uint64_t len);
void return_layout(struct client *client, struct layout *layout);
void close_layout(struct client *client, struct layout *layout);

/* How often the server has asked for layouts back so far. */
unsigned int recalls_of(const struct client *client);

#endif
