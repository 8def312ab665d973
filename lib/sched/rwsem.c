// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/rwsem.h"

#include "sched/sched.h"

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
	return (struct ds_access){object_of(sem), DS_ADD, &sem->contended};
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

static enum ds_lock_mode forget_held(struct ds_task *task, struct ds_rwsem *sem)
{
	enum ds_lock_mode mode;
	unsigned int i = task->n_held;

	while (i > 0 && task->held[i - 1].lock != sem)
		i--;
	/* Unlocking what one does not hold is a programmer error. */
	ds_assert(i > 0);
	mode = task->held[i - 1].mode;
	for (; i < task->n_held; i++)
		task->held[i - 1] = task->held[i];
	task->n_held--;
	return mode;
}

static void update_contended(struct ds_rwsem *sem)
{
	sem->contended = sem->head || sem->writer;
}

/* Under the spin lock: whether @task need not queue for @sem. */
static bool is_free_for(struct ds_task *task, const struct ds_rwsem *sem,
			enum ds_lock_mode mode)
{
	if (sem->writer)
		return false;
	if (sem->head)
		return mode == DS_SHARED &&
		       !ds_keeps(task, DS_RULE_READER_QUEUES);
	return mode == DS_SHARED || sem->readers == 0 ||
	       !ds_keeps(task, DS_RULE_WRITER_QUEUES);
}

/* Under the spin lock. Return: the lock was free for @mode and is taken. */
static bool take_or_queue(struct ds_task *task, struct ds_rwsem *sem,
			  enum ds_lock_mode mode)
{
	struct ds_waiter *waiter = &task->waiter;

	if (is_free_for(task, sem, mode)) {
		if (mode == DS_SHARED)
			sem->readers++;
		else
			sem->writer = task;
		update_contended(sem);
		return true;
	}
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
	update_contended(sem);
	return false;
}

void ds_rwsem_lock(struct ds_task *task, struct ds_rwsem *sem,
		   enum ds_lock_mode mode)
{
	uint64_t before = ds_task_enter(task);
	bool taken;

	ds_yield(task,
		 mode == DS_SHARED ? DS_AT_LOCK_SHARED : DS_AT_LOCK_EXCLUSIVE,
		 access_of(sem, mode));
	ds_touch(task, object_of(sem), mode == DS_SHARED ? DS_ADD : DS_WRITE);
	check_order(task, sem);
	ds_spin_lock(&sem->spin);
	taken = take_or_queue(task, sem, mode);
	ds_spin_unlock(&sem->spin);
	if (taken) {
		note_held(task, sem, mode);
		ds_tell_detail(task, "lock %s %s", sem->name,
			       mode == DS_SHARED ? "shared" : "exclusive");
	} else {
		ds_tell(task, "wait for %s", sem->name);
		ds_task_sleep(task, DS_AT_LOCK_GRANTED, object_of(sem), false);
		ds_assert(!task->waiter.queued);
		ds_task_forget_wake(task);
		note_held(task, sem, mode);
		ds_tell(task, "get %s %s", sem->name,
			mode == DS_SHARED ? "shared" : "exclusive");
	}
	/* Whether it had to wait for it no longer counts. */
	ds_task_done(task, before, sem->id);
}

static void grant(struct ds_rwsem *sem, struct ds_waiter *waiter)
{
	if (waiter->mode == DS_SHARED)
		sem->readers++;
	else
		sem->writer = waiter->task;
	waiter->queued = false;
	ds_task_wake(waiter->task);
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
	struct ds_waiter *head = sem->head;

	if (!head || sem->writer || !ds_keeps(task, DS_RULE_UNLOCK_HANDS_OVER))
		return;
	if (head->mode == DS_SHARED) {
		grant_readers(sem, task->sched->pull_readers);
	} else if (sem->readers == 0 ||
		   !ds_keeps(task, DS_RULE_WRITER_GETS_ALL)) {
		sem->head = head->next;
		grant(sem, head);
	}
}

void ds_rwsem_unlock(struct ds_task *task, struct ds_rwsem *sem)
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
	ds_spin_lock(&sem->spin);
	if (mode == DS_EXCLUSIVE) {
		ds_assert(sem->writer == task);
		sem->writer = NULL;
	} else {
		ds_assert(sem->readers > 0);
		sem->readers--;
	}
	hand_over(task, sem);
	update_contended(sem);
	ds_spin_unlock(&sem->spin);
	ds_tell_detail(task, "unlock %s", sem->name);
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

/* How much it is contended follows from the rest. */
void ds_rwsem_digest(const struct ds_rwsem *sem, struct ds_digest *digest)
{
	const struct ds_waiter *waiter;

	ds_digest_add(digest, (uint64_t)(uint32_t)sem->readers << 32 |
				      (sem->writer ? sem->writer->id + 1 : 0));
	for (waiter = sem->head; waiter; waiter = waiter->next)
		ds_digest_add(digest, UINT64_C(1) << 63 |
					      (uint64_t)waiter->mode << 32 |
					      waiter->task->id);
}
