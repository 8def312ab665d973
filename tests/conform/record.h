/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_CONFORM_RECORD_H
#define TESTS_CONFORM_RECORD_H

/*
 * Making calls on a real file and recording what they did, in two parts: the
 * calls (record.c) and which ones are made (record_sets.c).
 */
#include <stdint.h>

#define BLOCK INT64_C(4096)

/* A new file, and after its calls its end; the calls are between them. */
void begin_sequence(const char *name);
void end_sequence(void);

/* Calls of the format of the same name, see README.md. */
void pwrite_at(int64_t offset, int64_t len);
void pwrite_append(int64_t offset, int64_t len);
void pwrite_ro(int64_t offset, int64_t len);
void truncate_to(int64_t size);
void truncate_ro(int64_t size);
void allocate(int mode, int64_t offset, int64_t len);
void allocate_ro(int mode, int64_t offset, int64_t len);
void sync_file(void);
void store(int64_t offset, int64_t len);
void load(int64_t offset, int64_t len);

int64_t file_size(void);

/* s_maxbytes of the file system. */
int64_t max_bytes(void);

/* Records the set of sequences called @name. Return: -1 if there is none. */
int record_set(const char *name, uint64_t seed, int n);

#endif
