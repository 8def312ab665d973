/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_EXPLORE_H
#define DAXSIM_EXPLORE_H

/*
 * Tasks and the search through their interleavings.
 *
 * Make a universe, bring it into the state the race starts from with ordinary
 * calls, spawn tasks, explore. Every run starts from that state, which is kept
 * when the first search or replay begins. Afterwards the universe is as the
 * last run left it, or as runs start if that did not end; what is changed then
 * is lost with the next search.
 *
 * What a task is. It runs once in each run, from its start, with 256 KiB of
 * stack. It must be deterministic: no clocks, no random numbers, and nothing
 * changed but the universe and memory of daxsim_alloc(), which is rewound; its
 * argument and what that points to count too. A run that is cut short leaves
 * the frames of its tasks behind, so nothing in them may need to be freed.
 * Memory that several tasks use goes through daxsim_cell_get() and
 * daxsim_cell_set(), or the search does not know that their order matters.
 *
 * While a search runs no other thread may use the universe; afterwards one at a
 * time may.
 */
#include <daxsim/layout.h>
#include <daxsim/pin.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*daxsim_task_fn)(struct daxsim *sim, void *arg);

/*
 * Adds a task that will call @fn with @arg. @name is for people: timelines, and
 * tokens of other tasks are refused.
 *
 * Return: the task's number from 0; -ENOSPC: 16 are there; -EBUSY: a search was
 * begun; -ENOMEM.
 */
int daxsim_spawn(struct daxsim *sim, const char *name, daxsim_task_fn fn,
		 void *arg);

/*
 * Adds a task that is a program of its own: it has an address space for itself,
 * empty at first, and begins when another one forks it. Tasks of daxsim_spawn()
 * are threads of one program. A run in which nobody forks it does not end.
 *
 * Return: as daxsim_spawn().
 */
int daxsim_spawn_child(struct daxsim *sim, const char *name, daxsim_task_fn fn,
		       void *arg);

/*
 * The calling task's program forks: task number @child of daxsim_spawn_child()
 * goes on in a copy of its address space, at the same addresses. Shared areas
 * are copied empty and fault their pages in; of private ones both programs keep
 * the copies, read-only until one stores, but what a device has pinned for the
 * parent (FOLL_PIN, from v5.9 on) is copied for the child at once. To v4.18,
 * and on virtiofs, entries of shared areas are copied, too. Files, pins and
 * layouts are the universe's, as before. Only one task may fork a child. Before
 * a search: in the start of each run, as for a program forked long ago.
 *
 * Models: dup_mmap(), copy_page_range(), page_needs_cow_for_dma(). Return: 0;
 * -ESRCH if @child is no child; -EBUSY if it was forked already; -ENOMEM, with
 * which it begins in an empty address space.
 */
int daxsim_fork(struct daxsim *sim, int child);

/*
 * Unmaps all of the calling task's program, whose other tasks then find nothing
 * mapped. Pins stay. Models: exit_mmap(). Return: 0.
 */
int daxsim_exit(struct daxsim *sim);

/*
 * Sends task number @task a signal: it ends its waits for pins, the present one
 * and later ones, with -EINTR. Before a search: from the start of each run.
 *
 * Models: send_sig() as seen by an interruptible wait. Return: 0; -ESRCH.
 */
int daxsim_signal(struct daxsim *sim, int task);

/*
 * The calling task handles the signal it was sent: from here on it ends no
 * wait. The kernel makes a call that was ended by a signal again when the
 * handler has SA_RESTART; a task that does likewise calls this and repeats its
 * call.
 *
 * Return: whether there was a signal.
 */
bool daxsim_take_signal(struct daxsim *sim);

/*
 * A variable that tasks share, in memory of daxsim_alloc(): each access is a
 * step of its own, atomic and in one order for all.
 */
uint64_t daxsim_cell_get(struct daxsim *sim, const uint64_t *cell);
void daxsim_cell_set(struct daxsim *sim, uint64_t *cell, uint64_t value);

/*
 * What a test expects at this step of a task: if @condition is false the
 * property EXPECTED is broken, and @text (119 bytes are kept) tells of it.
 */
void daxsim_expect(struct daxsim *sim, bool condition, const char *text);

enum daxsim_strategy {
	DAXSIM_SOURCE, /* one run of each class of equivalent interleavings */
	DAXSIM_STATES, /* every state once: equal states are merged */
	DAXSIM_SLEEP, /* the classes by sleep sets alone: more runs cut short */
	DAXSIM_PLAIN, /* every interleaving */
	DAXSIM_BOUND, /* every one with no, one, ... @bound preemptions */
	DAXSIM_RANDOM, /* @budget runs with random choices from @seed */
	DAXSIM_PCT,    /* the same with random priorities, for bugs that @depth
			  steps in one order bring about */
};

struct daxsim_explore_options {
	size_t struct_size; /* sizeof(struct daxsim_explore_options) */
	enum daxsim_strategy strategy;
	unsigned int bound;
	unsigned int depth; /* 0: 3 */
	uint64_t budget;    /* runs at most, 0: no limit (random, PCT: 1000) */
	uint64_t seed;
	uint64_t max_steps; /* of a run, 0: 10000 */
	bool first;         /* stop at the first finding */
};

struct daxsim_report;

/**
 * daxsim_explore() - search through the interleavings of all tasks
 * @options: NULL for a complete search
 *
 * Goes on after a finding unless @options says otherwise. Tasks of a universe
 * with DAXSIM_FREE are only run @budget times; the strategy means nothing.
 *
 * Return: 0 with a report; -EINVAL for bad options or without tasks; -EBUSY
 * inside a task; -EPROTO when tasks were not deterministic; -ENOMEM or another
 * error of the host: the search is void, and nothing is known.
 */
int daxsim_explore(struct daxsim *sim,
		   const struct daxsim_explore_options *options,
		   struct daxsim_report **ret_report);

/**
 * daxsim_replay() - run exactly one interleaving again
 * @token: from daxsim_report_replay()
 *
 * Wants the same tasks, spawned in the same order, on a universe of the same
 * profile in the same state. The report tells what broke, with a timeline.
 *
 * Return: 0; -EINVAL for a token that is damaged or of another profile or other
 * tasks, for DAXSIM_FREE, or without tasks; -EBUSY inside a task; -EPROTO when
 * the tasks take another way; -ENOMEM.
 */
int daxsim_replay(struct daxsim *sim, const char *token,
		  struct daxsim_report **ret_report);

/*
 * In which word the search ended. "COMPLETE": every interleaving (or one of
 * each class) was run. "BOUNDED(2)", "BOUNDED(10000 steps)": every one inside
 * these bounds. "BUDGET": cut off by the budget or after the first finding.
 * "SAMPLED": some; also a replay.
 */
const char *daxsim_report_search(const struct daxsim_report *report);

/* Runs to their end. DAXSIM_STATES ends most where it has been before. */
uint64_t daxsim_report_interleavings(const struct daxsim_report *report);

/* Different states that DAXSIM_STATES met; 0 of other strategies. */
uint64_t daxsim_report_states(const struct daxsim_report *report);

/*
 * Warnings that the kernel modelled would have raised in some run: bit N for
 * number N. They decide nothing.
 *
 * 1: a page left the page cache while it had references; 2: one left a file
 * that is not its owner; 3: one entered a file and is in another place already;
 * 5: an entry to be deleted was gone; 7: a dirty page without a block; 9: a
 * break without the fault lock; 11: a folio is not as its entry says; 12: a
 * break left an entry. 4, 6, 8, 10 and 13 are raised by nothing that a program
 * can do.
 */
uint32_t daxsim_report_warnings(const struct daxsim_report *report);

/* How many properties broke. */
unsigned int daxsim_report_findings(const struct daxsim_report *report);

/*
 * Of finding number @finding: the id of the property, what happened, and a
 * token of the shortest run that shows it. NULL behind the last, and for the
 * token of tasks that ran freely.
 */
const char *daxsim_report_property(const struct daxsim_report *report,
				   unsigned int finding);
const char *daxsim_report_text(const struct daxsim_report *report,
			       unsigned int finding);
const char *daxsim_report_replay(const struct daxsim_report *report,
				 unsigned int finding);

/*
 * What happened in a replayed run, a column for each task, 72 characters wide.
 * NULL for a search.
 */
const char *daxsim_report_timeline(const struct daxsim_report *report);

/* NULL is a no-op. */
void daxsim_report_free(struct daxsim_report *report);

#ifdef __cplusplus
}
#endif

#endif
