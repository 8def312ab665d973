// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/rwsem.h"

#include "sched/sched.h"

/* What ds_rwsem.word is made of. */
#define OWNED  1u /* by a writer */
#define QUEUED 2u /* somebody queues, or has just been let in */
#define READER 4u /* each of them, or one that is about to queue */

void ds_rwsem_init(struct ds_rwsem *sem, uint32_t id, enum ds_lock_class class,
		   const char *name)
{
	*sem = (struct ds_rwsem){.id = id, .class = class, .name = name};
}

static ds_obj object_of(const struct ds_rwsem *sem)
{
	return ds_object(DS_OBJ_RWSEM, sem->id, 0);
}

/* Shared acquisition and release commute until somebody queues. */
static struct ds_access access_of(const struct ds_rwsem *sem,
				  enum ds_lock_mode mode)
{
	if (mode == DS_EXCLUSIVE)
		return ds_writes(object_of(sem));
	return (struct ds_access){object_of(sem), DS_ADD, &sem->word};
}

/* Locks of two inodes nest in the order of their ids. */
static bool comes_before(const struct ds_rwsem *held,
			 const struct ds_rwsem *sem)
{
	if (held->class != sem->class)
		return held->class < sem->class;
	return (sem->class == DS_LOCK_INODE || sem->class == DS_LOCK_FAULT) &&
	       held->id < sem->id;
}

static bool is_in_order(const struct ds_task *task, const struct ds_rwsem *sem)
{
	unsigned int i;

	for (i = 0; i < task->n_held; i++)
		if (!comes_before(task->held[i].lock, sem))
			return false;
	return true;
}

static void check_order(struct ds_task *task, const struct ds_rwsem *sem)
{
	unsigned int i;

	for (i = 0; i < task->n_held; i++) {
		struct ds_event event = {.kind = DS_EV_LOCK_ORDER};

		ds_assert(task->held[i].lock != sem);
		if (comes_before(task->held[i].lock, sem))
			continue;
		event.text = sem->name;
		ds_task_send(task, &event);
	}
}

static void note_held(struct ds_task *task, struct ds_rwsem *sem,
		      enum ds_lock_mode mode)
{
	ds_assert(task->n_held < DS_HELD_MAX);
	task->held[task->n_held++] = (struct ds_held){sem, mode};
}

static void forget_held(struct ds_task *task, const struct ds_rwsem *sem)
{
	unsigned int i = task->n_held;

	while (i > 0 && task->held[i - 1].lock != sem)
		i--;
	/* Unlocking what one does not hold is a programmer error. */
	ds_assert(i > 0);
	for (; i < task->n_held; i++)
		task->held[i - 1] = task->held[i];
	task->n_held--;
}

/* Under the spin lock: whether @task need not queue for what @word tells. */
static bool is_free_for(struct ds_task *task, unsigned int word,
			enum ds_lock_mode mode)
{
	if (word & OWNED)
		return false;
	if (word & QUEUED)
		return mode == DS_SHARED &&
		       !ds_keeps(task, DS_RULE_READER_QUEUES);
	return mode == DS_SHARED || word < READER ||
	       !ds_keeps(task, DS_RULE_WRITER_QUEUES);
}

/* Takes a lock that nobody has to queue for. Fails with a reader counted. */
static inline bool take_at_once(struct ds_rwsem *sem, enum ds_lock_mode mode)
{
	unsigned int nobody = 0;

	if (mode == DS_SHARED)
		return !(atomic_fetch_add_explicit(&sem->word, READER,
						   memory_order_acquire) &
			 (OWNED | QUEUED));
	return atomic_compare_exchange_strong_explicit(&sem->word, &nobody,
						       OWNED,
						       memory_order_acquire,
						       memory_order_relaxed);
}

/*
 * Under the spin lock: takes the lock all the same, or says that somebody
 * queues and takes the reader back. Return: what @sem->word is now.
 */
static unsigned int take_or_mark(struct ds_task *task, struct ds_rwsem *sem,
				 enum ds_lock_mode mode, bool *ret_taken)
{
	unsigned int old = atomic_load(&sem->word), word;

	do {
		*ret_taken = is_free_for(task, old, mode);
		if (mode == DS_EXCLUSIVE)
			word = old | (*ret_taken ? OWNED : QUEUED);
		else
			word = *ret_taken ? old : (old - READER) | QUEUED;
	} while (!atomic_compare_exchange_weak(&sem->word, &old, word));
	return word;
}

static void grant(struct ds_rwsem *sem, struct ds_waiter *waiter)
{
	struct ds_task *task = waiter->task;

	/* It has the lock before it wakes up. */
	atomic_fetch_add(&sem->word,
			 waiter->mode == DS_SHARED ? READER : OWNED);
	if (waiter->mode == DS_EXCLUSIVE)
		sem->writer = task;
	waiter->queued = false;
	ds_task_wake(task);
}

/* Grants every queued reader (@all), or those before the first writer. */
static void grant_readers(struct ds_rwsem *sem, bool all)
{
	struct ds_waiter **link = &sem->head;

	sem->tail = NULL;
	while (*link) {
		struct ds_waiter *waiter = *link;

		if (waiter->mode == DS_SHARED) {
			*link = waiter->next;
			grant(sem, waiter);
			continue;
		}
		if (!all)
			break;
		sem->tail = waiter;
		link = &waiter->next;
	}
	while (*link) {
		sem->tail = *link;
		link = &(*link)->next;
	}
}

/* Under the spin lock. */
static void hand_over(struct ds_task *task, struct ds_rwsem *sem)
{
	unsigned int word = atomic_load(&sem->word);
	struct ds_waiter *head = sem->head;

	if (!head || (word & OWNED) ||
	    !ds_keeps(task, DS_RULE_UNLOCK_HANDS_OVER))
		return;
	if (head->mode == DS_SHARED) {
		grant_readers(sem, task->sched->pull_readers);
	} else if (word < READER || !ds_keeps(task, DS_RULE_WRITER_GETS_ALL)) {
		sem->head = head->next;
		grant(sem, head);
	}
	if (!sem->head)
		atomic_fetch_and(&sem->word, ~QUEUED);
}

/* Under the spin lock. Return: the lock was free for @mode and is taken. */
static bool take_or_queue(struct ds_task *task, struct ds_rwsem *sem,
			  enum ds_lock_mode mode)
{
	struct ds_waiter *waiter = &task->waiter;
	unsigned int word;
	bool taken;

	word = take_or_mark(task, sem, mode, &taken);
	if (taken)
		return true;
	/* Who queues for something else must leave there first. */
	ds_assert(!waiter->queued);
	ds_task_forget_wake(task);
	*waiter = (struct ds_waiter){
		.task = task,
		.key = object_of(sem),
		.mode = mode,
		.queued = true,
	};
	if (sem->head)
		sem->tail->next = waiter;
	else
		sem->head = waiter;
	sem->tail = waiter;
	/* The count of a reader that has to queue may have stood in the way of
	 * the writer at the head, and nobody is left to let that one in. */
	if (!(word & ~QUEUED))
		hand_over(task, sem);
	return false;
}

static void wait_for_grant(struct ds_task *task, struct ds_rwsem *sem)
{
	ds_tell(task, "wait for %s", sem->name);
	ds_task_sleep(task, DS_AT_LOCK_GRANTED, object_of(sem), false);
	ds_assert(!task->waiter.queued);
	ds_task_forget_wake(task);
}

/*
 * Not at once, and noted. Return: whether it need not queue all the same.
 */
static ds_noinline bool acquire_late(struct ds_task *task, struct ds_rwsem *sem,
				     enum ds_lock_mode mode)
{
	bool taken;

	ds_spin_lock(&sem->spin);
	taken = take_or_queue(task, sem, mode);
	ds_spin_unlock(&sem->spin);
	if (!taken)
		wait_for_grant(task, sem);
	else if (mode == DS_EXCLUSIVE)
		sem->writer = task;
	note_held(task, sem, mode);
	return taken;
}

static inline bool acquire_at_once(struct ds_task *task, struct ds_rwsem *sem,
				   enum ds_lock_mode mode)
{
	if (ds_unlikely(!take_at_once(sem, mode)))
		return false;
	if (mode == DS_EXCLUSIVE)
		sem->writer = task;
	note_held(task, sem, mode);
	return true;
}

/* The same where somebody may have to be told. */
static ds_noinline void acquire_loudly(struct ds_task *task,
				       struct ds_rwsem *sem,
				       enum ds_lock_mode mode)
{
	const char *how = mode == DS_SHARED ? "shared" : "exclusive";

	check_order(task, sem);
	if (acquire_at_once(task, sem, mode) || acquire_late(task, sem, mode))
		ds_tell_detail(task, "lock %s %s", sem->name, how);
	else
		ds_tell(task, "get %s %s", sem->name, how);
}

/* Every function that it may call comes last: it keeps nothing meanwhile. */
static inline void acquire(struct ds_task *task, struct ds_rwsem *sem,
			   enum ds_lock_mode mode)
{
	if (ds_unlikely(!is_in_order(task, sem) || ds_is_telling(task)))
		acquire_loudly(task, sem, mode);
	else if (ds_unlikely(!acquire_at_once(task, sem, mode)))
		acquire_late(task, sem, mode);
}

static ds_noinline void lock_in_steps(struct ds_task *task,
				      struct ds_rwsem *sem,
				      enum ds_lock_mode mode)
{
	uint64_t before = ds_task_enter(task);

	ds_yield(task,
		 mode == DS_SHARED ? DS_AT_LOCK_SHARED : DS_AT_LOCK_EXCLUSIVE,
		 access_of(sem, mode));
	ds_touch(task, object_of(sem), mode == DS_SHARED ? DS_ADD : DS_WRITE);
	acquire(task, sem, mode);
	/* Whether it had to wait for it no longer counts. */
	ds_task_done(task, before, sem->id);
}

void ds_rwsem_lock(struct ds_task *task, struct ds_rwsem *sem,
		   enum ds_lock_mode mode)
{
	if (ds_unlikely(task->controlled))
		lock_in_steps(task, sem, mode);
	else
		acquire(task, sem, mode);
}

static ds_noinline void release_to_queue(struct ds_task *task,
					 struct ds_rwsem *sem)
{
	ds_spin_lock(&sem->spin);
	hand_over(task, sem);
	ds_spin_unlock(&sem->spin);
}

static inline void release(struct ds_task *task, struct ds_rwsem *sem,
			   enum ds_lock_mode mode)
{
	unsigned int mine = mode == DS_SHARED ? READER : OWNED;
	unsigned int old;

	if (mode == DS_EXCLUSIVE) {
		ds_assert(sem->writer == task);
		sem->writer = NULL;
	}
	old = atomic_fetch_sub_explicit(&sem->word, mine, memory_order_acq_rel);
	ds_assert(old >= mine);
	if (ds_unlikely(old & QUEUED))
		release_to_queue(task, sem);
}

static ds_noinline void unlock_in_steps(struct ds_task *task,
					struct ds_rwsem *sem)
{
	enum ds_lock_mode mode = ds_rwsem_holds(task, sem, DS_EXCLUSIVE)
					 ? DS_EXCLUSIVE
					 : DS_SHARED;

	if (mode == DS_EXCLUSIVE)
		ds_yield(task, DS_AT_UNLOCK, access_of(sem, mode),
			 ds_reads(sem->charged[0]), ds_reads(sem->charged[1]),
			 ds_reads(sem->charged[2]));
	else
		ds_yield(task, DS_AT_UNLOCK, access_of(sem, mode));
	ds_touch(task, object_of(sem), mode == DS_SHARED ? DS_ADD : DS_WRITE);
	forget_held(task, sem);
	release(task, sem, mode);
	ds_tell_detail(task, "unlock %s", sem->name);
}

bool ds_rwsem_trylock(struct ds_task *task, struct ds_rwsem *sem,
		      enum ds_lock_mode mode)
{
	unsigned int old, word;
	bool taken;

	ds_yield(task,
		 mode == DS_SHARED ? DS_AT_LOCK_SHARED : DS_AT_LOCK_EXCLUSIVE,
		 access_of(sem, mode));
	ds_spin_lock(&sem->spin);
	old = atomic_load(&sem->word);
	do {
		taken = is_free_for(task, old, mode);
		word = old + (mode == DS_SHARED ? READER : OWNED);
	} while (taken &&
		 !atomic_compare_exchange_weak(&sem->word, &old, word));
	ds_spin_unlock(&sem->spin);
	ds_task_saw(task, taken);
	if (!taken) {
		ds_tell(task, "do not wait for %s", sem->name);
		return false;
	}
	if (mode == DS_EXCLUSIVE)
		sem->writer = task;
	note_held(task, sem, mode);
	return true;
}

void ds_rwsem_unlock(struct ds_task *task, struct ds_rwsem *sem)
{
	unsigned int n = task->n_held;

	/* Most are given back last taken first. */
	if (ds_likely(n && task->held[n - 1].lock == sem && !task->controlled &&
		      !ds_is_telling(task))) {
		task->n_held--;
		release(task, sem, task->held[n - 1].mode);
	} else {
		unlock_in_steps(task, sem);
	}
}

bool ds_rwsem_holds(const struct ds_task *task, const struct ds_rwsem *sem,
		    enum ds_lock_mode mode)
{
	unsigned int i;

	for (i = 0; i < task->n_held; i++)
		if (task->held[i].lock == sem)
			return task->held[i].mode == mode;
	return false;
}

bool ds_rwsem_is_exclusive(const struct ds_rwsem *sem)
{
	return sem->writer != NULL;
}

unsigned int ds_rwsem_n_readers(const struct ds_rwsem *sem)
{
	return atomic_load(&sem->word) / READER;
}

void ds_rwsem_digest(const struct ds_rwsem *sem, struct ds_digest *digest)
{
	const struct ds_waiter *waiter;

	ds_digest_add(digest, (uint64_t)ds_rwsem_n_readers(sem) << 32 |
				      (sem->writer ? sem->writer->id + 1 : 0));
	for (waiter = sem->head; waiter; waiter = waiter->next)
		ds_digest_add(digest, UINT64_C(1) << 63 |
					      (uint64_t)waiter->mode << 32 |
					      waiter->task->id);
}
