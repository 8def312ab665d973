/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SPEC_H
#define DS_RACE_SPEC_H

/*
 * The written rule: what each operation of a file system does about pins. None
 * of it is written down anywhere: every word is found out by running the
 * operation in the model, alone, beside a pin that is never released, with a
 * signal, with a fault, and once without each rule of the protocol.
 */
#include "race/program.h"

/*
 * An operation, as lines of a scenario, on file A of 8 pages of which page 6 is
 * a hole; file B, where it is used, has 2 pages.
 */
struct ds_spec_op {
	const char *name;
	const char *calls;
	const char *does; /* for people */
	bool proved;      /* a row of the proof table */
	bool nobody_maps; /* the pinned pages are unmapped before */
};

/* What is said of an operation, in the order in which it is printed. */
enum ds_spec_field {
	DS_SPEC_RETURNS,     /* alone */
	DS_SPEC_BREAKS,      /* which break: UNMAP, WRITE, final, none */
	DS_SPEC_CITES,       /* where the kernel says so */
	DS_SPEC_WAITS_FOR,   /* pins on which pages */
	DS_SPEC_LOOKS_AGAIN, /* when, after the first page */
	DS_SPEC_UNMAPPED,    /* ... when nobody maps the file any more */
	DS_SPEC_LOOKS_WITH,  /* the locks it holds when it looks for pins */
	DS_SPEC_SLEEPS,      /* how, and with which locks */
	DS_SPEC_FAULTS,      /* whether faults get through meanwhile */
	DS_SPEC_REFAULT,     /* of the page waited for: whether it still ends */
	DS_SPEC_BIO,         /* whether the end of direct I/O ends it */
	DS_SPEC_LEASES,      /* whether layouts are recalled */
	DS_SPEC_SIGNAL,      /* what an interruption returns and leaves */
	DS_SPEC_NOWAIT,      /* what it does where others hold a lock */
	DS_SPEC_COPIES,      /* what becomes of private copies */
	DS_SPEC_ORDER,       /* the order of its steps */
	DS_SPEC_MAP_WITH, /* the locks it holds when the extent map changes */
	DS_SPEC_N_FIELDS,
};

#define DS_SPEC_TEXT 240

struct ds_spec {
	/* Pages, bit each: whose block goes, moves or is zeroed... */
	uint32_t takes;
	uint32_t waits_for;  /* ... and on which a pin is waited for */
	uint32_t refuses;    /* ... or makes the call fail at once */
	bool waits_unmapped; /* also when nobody maps the file */
	bool looks_again;    /* until no page is busy */
	/* The wait for a page that was mapped again, to load or to store. */
	bool ends_refaulted[2];
	bool ends_with_bio; /* the wait for a page of direct I/O */
	bool recalls;       /* layouts, and waits for their return */
	bool keeps_copies;  /* private ones of pages that stay, pinned or not */
	char text[DS_SPEC_N_FIELDS][DS_SPEC_TEXT]; /* "": does not apply */
};

/* What stands before the tasks of a scenario with @op: files, a child. */
const char *ds_spec_files(const struct ds_spec_op *op);

/* Operation number @i, NULL after the last. */
const struct ds_spec_op *ds_spec_op_at(unsigned int i);

/* "waits for": for people; "waits_for": for programs. */
const char *ds_spec_field_name(enum ds_spec_field field);
const char *ds_spec_field_key(enum ds_spec_field field);

/**
 * ds_spec_find() - find out what @op does on @profile
 * @region: is written over
 *
 * Return: 0 with @ret_spec; -EINVAL when the operation's lines do not work on
 * @profile at all, with one line in @ret_why; -ENOMEM and others of the host.
 */
int ds_spec_find(const struct ds_spec_op *op,
		 const struct ds_fs_profile *profile, struct ds_region *region,
		 struct ds_spec *ret_spec, char *ret_why, size_t why_size);

#endif
