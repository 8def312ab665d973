// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "file/layout.h"
#include "race/engine.h"
#include "race/errname.h"

#define N_PAGES   8
#define HOLE_PAGE 6
#define MAX_STEPS 4000

#define FIRST_INODE 1 /* file A */

#define ONE_FILE "file A 32K hole 24K+4K\n"

static const struct ds_spec_op ops[] = {
	{"truncate-down", "truncate A 4K", "to one page", true, false},
	{"truncate-up", "truncate A 48K", "to twelve pages", true, false},
	{"punch", "punch A 8K+8K", "pages 2 and 3", true, false},
	{"collapse", "collapse A 8K+8K", "pages 2 and 3", true, false},
	{"insert", "insert A 4K+4K", "a page before page 1", true, false},
	{"zero", "zero A 8K+8K", "pages 2 and 3", true, false},
	{"allocate", "allocate A 24K+4K", "the hole", true, false},
	{"write", "write A 8K+4K", "over page 2", true, false},
	{"truncate-same", "truncate A 32K", "to the size it has", false, false},
	{"punch-inside", "punch A 9K+1K", "bytes inside page 2", false, false},
	{"punch-beyond", "punch A 40K+8K", "behind the end", false, false},
	{"collapse-refused", "collapse A 8K+24K", "up to the end", false,
	 false},
	{"zero-inside", "zero A 9K+1K", "bytes inside page 2", false, false},
	{"zero-beyond", "zero A 32K+8K keep", "behind the end", false, false},
	{"allocate-written", "allocate A 8K+8K", "pages 2 and 3", false, false},
	{"allocate-up", "allocate A 32K+8K", "behind the end", false, false},
	{"allocate-keep", "allocate A 32K+8K keep", "the same, size kept",
	 false, false},
	{"write-hole", "write A 24K+4K", "into the hole", false, false},
	{"append", "write A 32K+4K", "behind the end", false, false},
	{"read", "read A 8K+4K", "page 2", false, false},
	{"fsync", "fsync A", "the whole file", false, false},
	{"unlink", "unlink A", "while it is open and mapped", false, false},
	{"unshare", "unshare A 8K+8K", "pages 2 and 3", false, false},
	{"reflink-to", "reflink B 0+8K A 8K", "pages 2 and 3 become B's", false,
	 false},
	{"reflink-from", "reflink A 8K+8K B 0", "B gets pages 2 and 3", false,
	 false},
	{"dedupe", "dedupe B 0+8K A 8K", "pages 2 and 3 differ from B's", false,
	 false},
	{"evict", "unlink A\nclose A", "the last user goes", false, true},
	{"load", "before map A 8K+4K\nload A 8K+4K", "from page 2, by a fault",
	 false, false},
	{"store", "before map A 8K+4K\ntouch A 8K+4K", "to page 2, by a fault",
	 false, false},
	{"store-hole", "before map A 24K+4K\ntouch A 24K+4K",
	 "into the hole, by a fault", false, false},
	{"store-sync", "map A 24K+4K sync\ntouch A 24K+4K",
	 "the same through MAP_SYNC", false, false},
	{"madvise",
	 "before map A 0+32K\nbefore load A 8K+8K\n"
	 "dontneed A 8K+8K",
	 "MADV_DONTNEED: pages 2 and 3", false, false},
	{"fork", "fork child", "a child, which exits", false, false},
	{"read-nowait", "read A 8K+4K nowait", "page 2, with RWF_NOWAIT", false,
	 false},
	{"write-nowait", "write A 8K+4K nowait", "over page 2, with RWF_NOWAIT",
	 false, false},
	{"write-hole-nowait", "write A 24K+4K nowait",
	 "into the hole, with RWF_NOWAIT", false, false},
	{"append-nowait", "write A 32K+4K nowait",
	 "behind the end, with RWF_NOWAIT", false, false},
};

static const struct {
	const char *name, *key;
} fields[DS_SPEC_N_FIELDS] = {
	[DS_SPEC_RETURNS] = {"returns", "errno"},
	[DS_SPEC_BREAKS] = {"breaks", "break"},
	[DS_SPEC_CITES] = {"says so", "cites"},
	[DS_SPEC_WAITS_FOR] = {"waits for", "range"},
	[DS_SPEC_LOOKS_AGAIN] = {"looks again", "looks_again"},
	[DS_SPEC_UNMAPPED] = {"unmapped pins", "unmapped"},
	[DS_SPEC_LOOKS_WITH] = {"looks with", "locks"},
	[DS_SPEC_SLEEPS] = {"sleeps", "waits"},
	[DS_SPEC_FAULTS] = {"faults", "faults"},
	[DS_SPEC_REFAULT] = {"a refault", "refault"},
	[DS_SPEC_BIO] = {"direct I/O", "direct_io"},
	[DS_SPEC_LEASES] = {"layouts", "layouts"},
	[DS_SPEC_SIGNAL] = {"a signal", "interrupted"},
	[DS_SPEC_NOWAIT] = {"where held", "where_held"},
	[DS_SPEC_COPIES] = {"private copies", "copies"},
	[DS_SPEC_ORDER] = {"order", "order"},
	[DS_SPEC_MAP_WITH] = {"map changes with", "changes_with"},
};

const struct ds_spec_op *ds_spec_op_at(unsigned int i)
{
	return i < sizeof(ops) / sizeof(ops[0]) ? &ops[i] : NULL;
}

static bool forks(const struct ds_spec_op *op)
{
	return strstr(op->calls, "fork ");
}

const char *ds_spec_files(const struct ds_spec_op *op)
{
	if (forks(op))
		return ONE_FILE "task child\nexit\n";
	return strstr(op->calls, " B ") ? ONE_FILE "file B 8K\n" : ONE_FILE;
}

const char *ds_spec_field_name(enum ds_spec_field field)
{
	return fields[field].name;
}

const char *ds_spec_field_key(enum ds_spec_field field)
{
	return fields[field].key;
}

/* ------------------------------ Experiments ------------------------------- */

/* The tasks of an experiment, in their order. */
enum { HOLDER, SUBJECT, HELPER, N_PARTS };

/* What a page of the holder's is in the page table. */
enum page_kind { NO_PAGE, FILES_PAGE, SAME_COPY, OTHER_COPY, N_KINDS };

/* What a file is like, to be compared. */
struct condition {
	uint64_t size;
	struct ds_digest extents, bytes;
	unsigned int n_mapped; /* pages in page tables */
};

/* What locks were held, which does not outlive the run. */
struct locks {
	unsigned int n;
	enum ds_lock_class classes[DS_HELD_MAX];
	enum ds_lock_mode modes[DS_HELD_MAX];
};

/* One run of an operation and what was seen of it. */
struct trial {
	const char *holds; /* NULL, or the holder's calls */
	struct ds_world *world;
	enum ds_rule broken; /* which rule the operation breaks */
	int64_t result;      /* of its last call */
	bool met_rule;       /* it came to where @broken is asked */
	bool early;   /* the helper goes before the subject's first test */
	bool started; /* ... goes first, as far as its DMA */
	/* ... as far as it first has this lock exclusively, and no farther. */
	bool stops;
	enum ds_lock_class stops_with;
	bool stopped;                /* it got there */
	bool late;                   /* the holder goes last */
	unsigned int tasks[N_PARTS]; /* their numbers */
	struct ds_pfn copied_before; /* page 2 of the holder */
	enum page_kind left, later;  /* behind the subject, and the holder */
	bool ended;                  /* all got to their ends */
	bool returned;               /* the subject did */
	bool endless; /* it never will, and does not stand still */
	bool looked, slept, interruptible;
	bool waited, looked_again; /* ... again behind a wait without sleep */
	uint32_t takes; /* pages whose block goes, moves or is zeroed */
	bool freely;    /* the helper got to its end while the subject slept */
	struct locks looks_with, sleeps_with, map_with; /* the first time */
	bool map_changed;
	char order[DS_SPEC_TEXT];
	const char *last_word;
	struct condition before, after;
};

static bool has_exclusively(const struct ds_task *task,
			    enum ds_lock_class class)
{
	unsigned int i;

	for (i = 0; i < task->n_held; i++)
		if (task->held[i].lock->class == class &&
		    task->held[i].mode == DS_EXCLUSIVE)
			return true;
	return false;
}

/* What its step is to somebody who asks for the order. */
static const char *word_for(const struct ds_task *task)
{
	switch (task->at) {
	case DS_AT_BUSY_TEST:
	case DS_AT_MAPPED_TEST:
		return "look for pins";
	case DS_AT_ENTRY_DELETE:
		return "page cache";
	case DS_AT_SIZE_WRITE:
		return "size";
	case DS_AT_PTE_PROTECT:
		return "write back";
	case DS_AT_EXTENT_CHANGE:
		return has_exclusively(task, DS_LOCK_JOURNAL) ? "commit"
							      : "extent map";
	case DS_AT_PTE_SET:
		return "page table";
	case DS_AT_BYTES_WRITE:
		return "bytes";
	default:
		return NULL;
	}
}

static void keep_locks(const struct ds_task *task, struct locks *ret)
{
	unsigned int i;

	ret->n = task->n_held;
	for (i = 0; i < task->n_held; i++) {
		ret->classes[i] = task->held[i].lock->class;
		ret->modes[i] = task->held[i].mode;
	}
}

/* The subject is about to take a step. */
static void note_step(struct trial *trial, const struct ds_task *task)
{
	const char *word = word_for(task);
	size_t n = strlen(trial->order);
	bool looks =
		task->at == DS_AT_BUSY_TEST || task->at == DS_AT_MAPPED_TEST;

	if (looks && !trial->looked) {
		trial->looked = true;
		keep_locks(task, &trial->looks_with);
	}
	trial->looked_again |= looks && trial->waited && !trial->slept;
	trial->waited |= task->at == DS_AT_WAIT_TEST;
	if (task->at == DS_AT_EXTENT_CHANGE && !trial->map_changed &&
	    !has_exclusively(task, DS_LOCK_JOURNAL)) {
		trial->map_changed = true;
		keep_locks(task, &trial->map_with);
	}
	if (!word || word == trial->last_word)
		return;
	trial->last_word = word;
	snprintf(trial->order + n, sizeof(trial->order) - n, "%s%s",
		 n ? ", " : "", word);
}

/* The subject got as far as it gets alone. */
static void note_sleep(struct trial *trial, const struct ds_task *task)
{
	if (task->state != DS_TASK_ASLEEP || trial->slept)
		return;
	trial->slept = true;
	trial->interruptible = task->interruptible;
	keep_locks(task, &trial->sleeps_with);
}

/* What page 2 is in the holder's mapping, if that is private. */
static uint64_t holders_entry(const struct trial *trial)
{
	const struct ds_space *space = trial->world->space;
	const struct ds_vma *vma = space->vmas;

	while (vma && !vma->is_private)
		vma = vma->next;
	if (!vma)
		return 0;
	return ds_pgtable_read(&space->table,
			       (struct ds_vpn){vma->first.vpn + 2});
}

static enum page_kind look_at_copy(const struct trial *trial)
{
	uint64_t pte = holders_entry(trial);

	if (!(pte & DS_PTE_PRESENT))
		return NO_PAGE;
	if (!ds_pte_is_copy(pte))
		return FILES_PAGE;
	return ds_pte_pfn(pte).pfn == trial->copied_before.pfn ? SAME_COPY
							       : OTHER_COPY;
}

/* Whether the helper comes before the subject. */
static bool helper_first(struct trial *trial, const struct ds_sched *sched)
{
	const struct ds_task *subject = sched->tasks[trial->tasks[SUBJECT]];
	const struct ds_task *helper = sched->tasks[trial->tasks[HELPER]];

	if (trial->early)
		return subject->at == DS_AT_WAIT_TEST;
	if (trial->started)
		return helper->at != DS_AT_DMA && !trial->looked;
	if (!trial->stops)
		return false;
	trial->stopped |= has_exclusively(helper, trial->stops_with);
	return !trial->stopped;
}

/*
 * The operation goes as far as it gets alone; then, if it sleeps, the helper
 * takes its steps, and the operation again.
 */
static int pick(void *arg, const struct ds_sched *sched, uint32_t enabled,
		unsigned int last)
{
	struct trial *trial = arg;
	struct ds_task *subject = sched->tasks[trial->tasks[SUBJECT]];
	unsigned int holder = trial->tasks[HOLDER];
	unsigned int helper = trial->tasks[HELPER];

	(void)last;
	subject->broken = trial->broken;
	if (ds_tasks_have(enabled, holder) && !trial->late)
		return (int)holder;
	if (ds_tasks_have(enabled, helper) && helper_first(trial, sched))
		return (int)helper;
	if (ds_tasks_have(enabled, trial->tasks[SUBJECT])) {
		note_step(trial, subject);
		return (int)trial->tasks[SUBJECT];
	}
	note_sleep(trial, subject);
	if (ds_tasks_have(enabled, holder)) {
		if (trial->late && trial->left == N_KINDS)
			trial->left = look_at_copy(trial);
		return (int)holder;
	}
	if (trial->stops)
		return DS_PICK_STOP;
	return enabled ? (int)ds_tasks_first(enabled) : DS_PICK_STOP;
}

static uint32_t pages_of(struct ds_pgrange range)
{
	uint32_t pages = 0;
	unsigned int i;

	for (i = 0; i < N_PAGES; i++)
		if (ds_pgrange_has(range, ds_pgidx(i)))
			pages |= UINT32_C(1) << i;
	return pages;
}

static void observe(void *arg, const struct ds_event *event)
{
	struct trial *trial = arg;
	struct ds_pgrange range;
	uint32_t inode;

	if (event->task != trial->tasks[SUBJECT])
		return;
	if (event->kind == DS_EV_EXTENTS_CHANGED &&
	    ds_must_wait(event, &inode, &range) && inode == FIRST_INODE)
		trial->takes |= pages_of(range);
}

static void digest_bytes(const struct ds_world *world,
			 const struct ds_inode *inode, struct ds_digest *digest)
{
	uint64_t page, i;

	for (page = 0; page < 2 * N_PAGES; page++) {
		struct ds_extent run =
			ds_extmap_lookup(inode->extents, ds_pgidx(page));
		const unsigned char *bytes;

		if (run.state != DS_EXT_WRITTEN)
			continue;
		bytes = ds_frame_bytes(world->frames,
				       ds_extent_pfn(&run, ds_pgidx(page)));
		for (i = 0; i < DS_PAGE_SIZE; i++)
			ds_digest_add(digest, bytes[i]);
	}
}

/* What file A is like; nothing once it is gone. */
static struct condition look_at(const struct ds_world *world)
{
	struct condition condition = {0};
	const struct ds_inode *inode =
		ds_super_inode(world->super, FIRST_INODE);
	const struct ds_vma *vma;
	struct ds_vpn vpn;

	if (!inode)
		return condition;
	condition.size = atomic_load(&inode->size);
	ds_extmap_digest(inode->extents, &condition.extents);
	digest_bytes(world, inode, &condition.bytes);
	for (vma = world->space->vmas; vma; vma = vma->next)
		for (vpn = vma->first; vpn.vpn < vma->end.vpn; vpn.vpn++)
			condition.n_mapped +=
				ds_pgtable_read(&world->space->table, vpn) != 0;
	return condition;
}

/*
 * @page: of the pin, N_PAGES for none; @holds: NULL, or what the holder does
 * instead; @helper: lines of the third task.
 */
static int write_scenario(const struct ds_spec_op *op, unsigned int page,
			  bool unmapped, const char *holds, const char *helper,
			  struct ds_scenario *ret, char *ret_why,
			  size_t why_size)
{
	char text[600], pinning[160] = "before map A 0+32K\n"
				       "before touch A 8K+8K\n";

	if (page < N_PAGES)
		snprintf(pinning, sizeof(pinning),
			 "before map A 0+32K\nbefore touch A %uK+4K\n"
			 "before pin A %uK+4K\n",
			 4 * page, 4 * page);
	snprintf(text, sizeof(text),
		 "%s"
		 "task holder\n%s%s"
		 "task subject\n%s\n%s",
		 ds_spec_files(op), holds ? holds : pinning,
		 unmapped ? "before unmap A\n" : "", op->calls, helper);
	return ds_scenario_parse(op->name, text, ret, ret_why, why_size);
}

static unsigned int number_of(const struct ds_scenario *scenario,
			      const char *name)
{
	unsigned int i = 0;

	while (i < scenario->n_tasks &&
	       strcmp(scenario->tasks[i].name, name) != 0)
		i++;
	return i;
}

/* Whoever comes behind the subject is the helper, if anybody is. */
static void number_tasks(const struct ds_scenario *scenario,
			 struct trial *trial)
{
	trial->tasks[HOLDER] = number_of(scenario, "holder");
	trial->tasks[SUBJECT] = number_of(scenario, "subject");
	trial->tasks[HELPER] = trial->tasks[SUBJECT] + 1;
}

struct question {
	const struct ds_spec_op *op;
	const struct ds_fs_profile *profile;
	struct ds_region *region;
	char *why;
	size_t why_size;
};

static bool is_done(const struct ds_sched *sched, unsigned int task)
{
	return task < sched->n_tasks &&
	       sched->tasks[task]->state == DS_TASK_DONE;
}

/* One experiment: @trial->broken is what goes in, the rest comes out. */
static int attempt(const struct question *question, unsigned int page,
		   bool unmapped, const char *helper, struct trial *trial)
{
	struct ds_program_options options = {
		.profile = question->profile,
		.region = question->region,
		.turns = DS_TURNS_FIBER,
	};
	struct ds_scenario scenario;
	struct ds_program *program;
	const struct ds_task *subject;
	enum ds_run_end end;
	struct ds_sched *sched;
	int r;

	r = write_scenario(question->op, page, unmapped, trial->holds, helper,
			   &scenario, question->why, question->why_size);
	if (r == 0)
		r = ds_program_new(&scenario, &options, &program, question->why,
				   question->why_size);
	if (r < 0)
		return r;
	trial->world = ds_program_world(program);
	number_tasks(&scenario, trial);
	sched = trial->world->sched;
	subject = sched->tasks[trial->tasks[SUBJECT]];
	trial->before = look_at(trial->world);
	trial->copied_before = ds_pte_pfn(holders_entry(trial));
	ds_events_observe(&trial->world->events, observe, trial);
	r = ds_world_run(trial->world, (struct ds_strategy){pick, trial},
			 MAX_STEPS, &end);
	ds_events_unobserve(&trial->world->events, observe, trial);
	if (r == 0) {
		/* With nobody else to go on, nobody was asked. */
		note_sleep(trial, subject);
		trial->ended = end == DS_RUN_DONE;
		trial->returned = is_done(sched, trial->tasks[SUBJECT]);
		trial->endless = end == DS_RUN_LIMIT;
		trial->after = look_at(trial->world);
		trial->later = look_at_copy(trial);
		trial->result =
			ds_program_result(program, trial->tasks[SUBJECT]);
		trial->met_rule = atomic_load(&sched->broke_rule);
		trial->freely =
			trial->slept && is_done(sched, trial->tasks[HELPER]);
	}
	ds_program_free(program);
	return r;
}

/* -------------------------------- Wording --------------------------------- */

static const char *lock_name(enum ds_lock_class class)
{
	static const char *const names[] = {
		[DS_LOCK_POSITION] = "position", [DS_LOCK_INODE] = "inode",
		[DS_LOCK_MMAP] = "mmap",         [DS_LOCK_FAULT] = "fault",
		[DS_LOCK_JOURNAL] = "journal",   [DS_LOCK_EXTENTS] = "extents",
		[DS_LOCK_RMAP] = "rmap",
	};

	return names[class];
}

/* "inode w, fault w" */
static void say_locks(const struct locks *locks, char *ret)
{
	unsigned int i;
	size_t at = 0;

	snprintf(ret, DS_SPEC_TEXT, "no lock");
	for (i = 0; i < locks->n; i++)
		at += (size_t)snprintf(
			ret + at, DS_SPEC_TEXT - at, "%s%s %s", i ? ", " : "",
			lock_name(locks->classes[i]),
			locks->modes[i] == DS_EXCLUSIVE ? "w" : "r");
}

static const char *result_text(const struct trial *trial)
{
	if (trial->result >= 0)
		return "0";
	return ds_errname(trial->result) ? ds_errname(trial->result) : "?";
}

/* What an interruption leaves, compared with the file before the call. */
static void say_left(const struct trial *trial, char *ret)
{
	const struct condition *before = &trial->before;
	const struct condition *after = &trial->after;
	bool size = before->size != after->size;
	bool blocks = !ds_digest_equal(before->extents, after->extents);
	bool bytes = !ds_digest_equal(before->bytes, after->bytes);

	snprintf(ret, DS_SPEC_TEXT, "%s; %s%s%s%s%s", result_text(trial),
		 size || blocks || bytes ? "changed:" : "file as before",
		 size ? " size" : "", blocks ? " extent map" : "",
		 bytes ? " bytes" : "",
		 after->n_mapped < before->n_mapped ? "; unmapped" : "");
}

/* @pages: bit each. */
static void say_pages(uint32_t pages, char *ret)
{
	const uint32_t all = ((1u << N_PAGES) - 1) & ~(1u << HOLE_PAGE);
	unsigned int i;
	size_t n;

	if (pages == 0 || pages == all) {
		snprintf(ret, DS_SPEC_TEXT, "%s",
			 pages ? "pins on any page of the file" : "nothing");
		return;
	}
	n = (size_t)snprintf(ret, DS_SPEC_TEXT, "pins on page%s",
			     pages & (pages - 1) ? "s" : "");
	for (i = 0; i < N_PAGES; i++)
		if (pages >> i & 1)
			n += (size_t)snprintf(ret + n, DS_SPEC_TEXT - n, " %u",
					      i);
}

/* --------------------------- Finding it out ------------------------------- */

static const char client[] = "task client\nbefore layout-get A 8K+8K\n";

/*
 * The rule without which the operation does not even look for pins, or, where
 * it looks for none (@page is N_PAGES), does not wait for layouts.
 */
static int find_citation(const struct question *question, unsigned int page,
			 char *ret)
{
	unsigned int rule;

	for (rule = DS_RULE_NONE + 1; rule < DS_N_RULES; rule++) {
		struct trial trial = {.broken = (enum ds_rule)rule};
		int r = attempt(question, page, question->op->nobody_maps,
				page < N_PAGES ? "" : client, &trial);

		if (r < 0)
			return r;
		if (!trial.met_rule || trial.looked || trial.slept ||
		    trial.endless)
			continue;
		snprintf(ret, DS_SPEC_TEXT, "%s",
			 ds_rule_text((enum ds_rule)rule)->models);
		return 0;
	}
	return 0;
}

/* Alone, with nothing pinned. */
static int find_order(const struct question *question, struct ds_spec *spec)
{
	struct trial trial = {.broken = DS_RULE_NONE};
	struct trial filled = {
		.broken = DS_RULE_NONE,
		.holds = "before map A 0+32K\nbefore touch A 24K+4K\n",
	};
	int r = attempt(question, N_PAGES, question->op->nobody_maps, "",
			&trial);

	if (r < 0)
		return r;
	snprintf(spec->text[DS_SPEC_RETURNS], DS_SPEC_TEXT, "%s",
		 result_text(&trial));
	snprintf(spec->text[DS_SPEC_ORDER], DS_SPEC_TEXT, "%s", trial.order);
	spec->takes = trial.takes;
	if (trial.map_changed)
		say_locks(&trial.map_with, spec->text[DS_SPEC_MAP_WITH]);
	if (question->op->nobody_maps)
		return 0;
	/* ... and where the hole has become a block. */
	r = attempt(question, N_PAGES, false, "", &filled);
	spec->takes |= filled.takes & UINT32_C(1) << HOLE_PAGE;
	return r;
}

/* Whether it looked for pins, and would not wait for one. */
static bool is_refused(const struct trial *trial)
{
	return trial->looked && !trial->slept &&
	       trial->result == -DS_ERESTARTSYS;
}

/* Beside one pin that stays, on each page in turn. Return: pages waited for. */
static int find_range(const struct question *question, struct ds_spec *spec,
		      struct trial *ret_first, uint32_t *ret_pages)
{
	unsigned int page;
	int r;

	*ret_pages = 0;
	for (page = 0; page < N_PAGES; page++) {
		struct trial trial = {.broken = DS_RULE_NONE};

		r = attempt(question, page, question->op->nobody_maps, "",
			    &trial);
		if (r < 0)
			return r;
		if (trial.slept && page != HOLE_PAGE && !*ret_pages)
			*ret_first = trial;
		spec->waits_for |= (uint32_t)trial.slept << page;
		*ret_pages = spec->waits_for & ~(UINT32_C(1) << HOLE_PAGE);
		if (is_refused(&trial))
			spec->refuses |= UINT32_C(1) << page;
	}
	say_pages(*ret_pages, spec->text[DS_SPEC_WAITS_FOR]);
	return 0;
}

/* Of an operation that waits, by the run in which it was first seen to. */
static void say_wait(const struct trial *trial, struct ds_spec *spec)
{
	char locks[DS_SPEC_TEXT];

	snprintf(spec->text[DS_SPEC_BREAKS], DS_SPEC_TEXT, "%s",
		 trial->interruptible ? "UNMAP" : "final");
	say_locks(&trial->looks_with, spec->text[DS_SPEC_LOOKS_WITH]);
	say_locks(&trial->sleeps_with, locks);
	snprintf(spec->text[DS_SPEC_SLEEPS], DS_SPEC_TEXT,
		 "%sinterruptibly, with %.200s",
		 trial->interruptible ? "" : "un", locks);
}

/* What others can do to an operation that waits for a pin on @page. */
static int find_wait(const struct question *question, unsigned int page,
		     struct ds_spec *spec)
{
	struct trial unmapped = {.broken = DS_RULE_NONE};
	struct trial signal = {.broken = DS_RULE_NONE};
	int r;

	r = attempt(question, page, true, "", &unmapped);
	if (r < 0)
		return r;
	spec->waits_unmapped = unmapped.slept;
	snprintf(spec->text[DS_SPEC_UNMAPPED], DS_SPEC_TEXT, "%s",
		 unmapped.slept ? "waited for" : "not seen");
	r = attempt(question, page, question->op->nobody_maps,
		    "task killer\nsignal subject\n", &signal);
	if (r < 0)
		return r;
	if (signal.interruptible)
		say_left(&signal, spec->text[DS_SPEC_SIGNAL]);
	else
		snprintf(spec->text[DS_SPEC_SIGNAL], DS_SPEC_TEXT,
			 "does not end the wait");
	return 0;
}

/* Lines of a task that pins @page and then does what @calls say. */
static void write_other(unsigned int page, const char *calls, char ret[160])
{
	snprintf(ret, 160,
		 "task other\nbefore map A %uK+4K\nbefore touch A %uK+4K\n%s",
		 4 * page, 4 * page, calls);
}

/* The same where others can still reach the file. */
static int find_company(const struct question *question, unsigned int page,
			struct ds_spec *spec)
{
	struct trial fault = {.broken = DS_RULE_NONE};
	struct trial early = {.broken = DS_RULE_NONE, .early = true};
	char calls[64], other[160];
	int r;

	r = attempt(question, page, false,
		    "task other\nbefore map A 0+4K\nload A 0+4K\n", &fault);
	if (r < 0)
		return r;
	snprintf(spec->text[DS_SPEC_FAULTS], DS_SPEC_TEXT, "%s",
		 fault.freely ? "get through while it sleeps" : "wait, too");
	/* The page found busy is let go before the wait looks at it. */
	snprintf(calls, sizeof(calls), "before pin A %uK+4K\nunpin\n",
		 4 * page);
	write_other(page, calls, other);
	r = attempt(question, N_PAGES, false, other, &early);
	if (r < 0)
		return r;
	spec->looks_again = early.looked_again;
	snprintf(spec->text[DS_SPEC_LOOKS_AGAIN], DS_SPEC_TEXT, "%s",
		 early.looked_again ? "until no page is busy"
				    : "only if it slept");
	return 0;
}

/* A layout of the file that its client never gives back. */
static int find_leases(const struct question *question, struct ds_spec *spec)
{
	struct trial trial = {.broken = DS_RULE_NONE};
	int r = attempt(question, N_PAGES, false, client, &trial);

	if (r < 0)
		return r;
	spec->recalls = trial.slept || trial.endless;
	if (spec->recalls)
		snprintf(spec->text[DS_SPEC_LEASES], DS_SPEC_TEXT,
			 "recalled and waited for");
	return 0;
}

/* What a pinned private copy of page 2 is behind the operation, alone. */
static int find_copies(const struct question *question, struct ds_spec *spec)
{
	struct trial trial = {
		.broken = DS_RULE_NONE,
		.late = true,
		.left = N_KINDS,
		.holds = "before map A 0+32K private\n"
			 "before touch A 8K+4K\nbefore pin A 8K+4K\n"
			 "touch A 8K+4K\n",
	};
	bool in_file, kept;
	int r;

	r = attempt(question, N_PAGES, false, "", &trial);
	if (r < 0)
		return r;
	in_file = trial.after.size > 2 * DS_PAGE_SIZE;
	kept = trial.left == SAME_COPY;
	spec->keeps_copies = !in_file || (kept && trial.later == SAME_COPY);
	if (!kept)
		snprintf(spec->text[DS_SPEC_COPIES], DS_SPEC_TEXT, "%s",
			 in_file ? "lost" : "go with their pages");
	else if (!spec->keeps_copies)
		snprintf(spec->text[DS_SPEC_COPIES], DS_SPEC_TEXT,
			 "the next store leaves what is pinned");
	return 0;
}

/* Adds to @ret what a call that must not wait does where @what is held. */
static void say_held(const struct trial *trial, const char *what, char *ret)
{
	size_t n = strlen(ret);

	snprintf(ret + n, DS_SPEC_TEXT - n, "%s%s: %s", n ? "; " : "", what,
		 !trial->returned    ? "waits"
		 : trial->result < 0 ? result_text(trial)
				     : "goes on");
}

/* Of a call with RWF_NOWAIT: what it does where it would have to wait. */
static int find_held(const struct question *question, struct ds_spec *spec)
{
	static const struct {
		enum ds_lock_class class;
		const char *helper; /* has it at some time */
	} locks[] = {
		{DS_LOCK_INODE, "task other\nwrite A 0+4K\n"},
		{DS_LOCK_EXTENTS,
		 "task other\nbefore map A 24K+4K\ntouch A 24K+4K\n"},
		{DS_LOCK_JOURNAL, "task other\nfsync A\n"},
	};
	char *text = spec->text[DS_SPEC_NOWAIT];
	struct trial lent = {.broken = DS_RULE_NONE};
	unsigned int i;
	int r = 0;

	for (i = 0; i < sizeof(locks) / sizeof(locks[0]) && r == 0; i++) {
		struct trial trial = {
			.broken = DS_RULE_NONE,
			.stops = true,
			.stops_with = locks[i].class,
		};

		r = attempt(question, N_PAGES, false, locks[i].helper, &trial);
		if (r == 0 && trial.stopped)
			say_held(&trial, lock_name(locks[i].class), text);
	}
	if (r == 0)
		r = attempt(question, N_PAGES, false, client, &lent);
	if (r == 0)
		say_held(&lent, "layout", text);
	return r;
}

/*
 * What there is beside pins of the file's pages: layouts, private copies, and
 * locks that are not waited for.
 */
static int find_beside(const struct question *question, struct ds_spec *spec)
{
	int r;

	spec->keeps_copies = true;
	if (question->op->nobody_maps)
		return 0;
	r = find_leases(question, spec);
	if (r == 0)
		r = find_copies(question, spec);
	if (r == 0 && strstr(question->op->calls, "nowait") &&
	    strcmp(spec->text[DS_SPEC_RETURNS], "EOPNOTSUPP") != 0)
		r = find_held(question, spec);
	return r;
}

/* Of an operation that fails where others wait: what a pin does to it. */
static int find_refusal(const struct question *question, struct ds_spec *spec)
{
	unsigned int page = ds_tasks_first(spec->refuses);
	struct trial alone = {.broken = DS_RULE_NONE};
	struct trial unmapped = {.broken = DS_RULE_NONE};
	int r;

	r = attempt(question, page, question->op->nobody_maps, "", &alone);
	if (r == 0)
		r = attempt(question, page, true, "", &unmapped);
	if (r == 0)
		r = find_citation(question, page, spec->text[DS_SPEC_CITES]);
	if (r < 0)
		return r;
	snprintf(spec->text[DS_SPEC_BREAKS], DS_SPEC_TEXT, "UNMAP, no wait");
	say_pages(spec->refuses & ~(UINT32_C(1) << HOLE_PAGE),
		  spec->text[DS_SPEC_WAITS_FOR]);
	spec->waits_unmapped = is_refused(&unmapped);
	snprintf(spec->text[DS_SPEC_UNMAPPED], DS_SPEC_TEXT, "%s",
		 spec->waits_unmapped ? "refused" : "not seen");
	say_locks(&alone.looks_with, spec->text[DS_SPEC_LOOKS_WITH]);
	snprintf(spec->text[DS_SPEC_SLEEPS], DS_SPEC_TEXT,
		 "never: fails at the first busy page");
	say_left(&alone, spec->text[DS_SPEC_SIGNAL]);
	return 0;
}

/* What it takes to end the wait for a pin on @page. */
static int find_end(const struct question *question, unsigned int page,
		    struct ds_spec *spec)
{
	/* Used again while it is waited for, by a load or a store. */
	static const char *const uses[2] = {"load", "touch"};
	struct trial bio = {.broken = DS_RULE_NONE, .started = true};
	char calls[64], other[160];
	unsigned int store;
	int r = 0;

	for (store = 0; store < 2 && r == 0; store++) {
		struct trial trial = {.broken = DS_RULE_NONE};

		snprintf(calls, sizeof(calls),
			 "before pin A %uK+4K\n%s A %uK+4K\nunpin\n", 4 * page,
			 uses[store], 4 * page);
		write_other(page, calls, other);
		r = attempt(question, N_PAGES, false, other, &trial);
		spec->ends_refaulted[store] = trial.ended;
	}
	snprintf(calls, sizeof(calls), "direct-read A %uK+4K\n", 4 * page);
	write_other(page, calls, other);
	if (r == 0)
		r = attempt(question, N_PAGES, false, other, &bio);
	if (r < 0)
		return r;
	spec->ends_with_bio = bio.ended;
	snprintf(spec->text[DS_SPEC_REFAULT], DS_SPEC_TEXT, "%s",
		 spec->ends_refaulted[0] && spec->ends_refaulted[1]
			 ? "changes nothing"
		 : spec->ends_refaulted[1]
			 ? "to load the page: then the unpin wakes nobody"
			 : "of the page: then the unpin wakes nobody");
	snprintf(spec->text[DS_SPEC_BIO], DS_SPEC_TEXT, "%s",
		 bio.ended ? "ends the wait" : "lets go and wakes nobody");
	return 0;
}

int ds_spec_find(const struct ds_spec_op *op,
		 const struct ds_fs_profile *profile, struct ds_region *region,
		 struct ds_spec *ret_spec, char *ret_why, size_t why_size)
{
	struct question question = {op, profile, region, ret_why, why_size};
	struct trial first;
	unsigned int page;
	uint32_t pages = 0;
	int r;

	memset(ret_spec, 0, sizeof(*ret_spec));
	r = find_order(&question, ret_spec);
	if (r == 0)
		r = find_range(&question, ret_spec, &first, &pages);
	if (r < 0)
		return r;
	r = find_beside(&question, ret_spec);
	if (r == 0 && !pages && ret_spec->refuses)
		return find_refusal(&question, ret_spec);
	if (!pages || r < 0) {
		snprintf(ret_spec->text[DS_SPEC_BREAKS], DS_SPEC_TEXT, "%s",
			 ret_spec->recalls ? "WRITE" : "none");
		if (ret_spec->recalls && r == 0)
			r = find_citation(&question, N_PAGES,
					  ret_spec->text[DS_SPEC_CITES]);
		return r;
	}
	say_wait(&first, ret_spec);
	page = ds_tasks_first(pages);
	r = find_citation(&question, page, ret_spec->text[DS_SPEC_CITES]);
	if (r == 0)
		r = find_wait(&question, page, ret_spec);
	if (r == 0 && !op->nobody_maps)
		r = find_company(&question, page, ret_spec);
	if (r == 0 && !op->nobody_maps)
		r = find_end(&question, page, ret_spec);
	return r;
}
