// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/waitq.h"

#include <errno.h>
#include <limits.h>

static unsigned int bucket_of(ds_obj key)
{
	return (unsigned int)(ds_mix64(key) % DS_WAITQ_BUCKETS);
}

static void count(struct ds_waitq_table *table, unsigned int i, unsigned int n)
{
	atomic_fetch_add(&table->n, n);
	atomic_fetch_add(&table->buckets[i].n, n);
}

static void append(struct ds_waiter **link, struct ds_waiter *waiter)
{
	while (*link)
		link = &(*link)->next;
	*link = waiter;
}

void ds_wait_join(struct ds_task *task, struct ds_waitq_table *table,
		  ds_obj key, bool exclusive)
{
	unsigned int i = bucket_of(key);

	ds_assert(!task->waiter.queued);
	ds_touch(task, ds_wait_object(key), DS_WRITE);
	ds_spin_lock(&table->buckets[i].spin);
	ds_task_forget_wake(task);
	task->waiter = (struct ds_waiter){
		.task = task,
		.key = key,
		.exclusive = exclusive,
		.queued = true,
	};
	append(&table->buckets[i].head, &task->waiter);
	/* Before what is waited for is tested: ds_wake_changed(). */
	count(table, i, 1);
	ds_spin_unlock(&table->buckets[i].spin);
}

bool ds_wait_has_waiters(struct ds_task *task, struct ds_waitq_table *table,
			 ds_obj key)
{
	unsigned int i = bucket_of(key);
	struct ds_waiter *waiter;

	ds_touch(task, ds_wait_object(key), DS_READ);
	/* Nobody joins meanwhile. */
	if (!atomic_load(&table->buckets[i].n)) {
		ds_task_saw(task, false);
		return false;
	}
	ds_spin_lock(&table->buckets[i].spin);
	waiter = table->buckets[i].head;
	while (waiter && waiter->key != key)
		waiter = waiter->next;
	ds_spin_unlock(&table->buckets[i].spin);
	ds_task_saw(task, waiter != NULL);
	return waiter != NULL;
}

int ds_wait_queue(struct ds_task *task, struct ds_waitq_table *table,
		  ds_obj key, bool exclusive, bool interruptible)
{
	ds_yield(task, DS_AT_WAIT_QUEUE, ds_writes(ds_wait_object(key)),
		 ds_reads(ds_task_object(task)));
	if (interruptible && ds_task_signal_pending(task))
		return -EINTR;
	ds_wait_join(task, table, key, exclusive);
	return 0;
}

void ds_wait_sleep(struct ds_task *task, ds_obj key, bool interruptible)
{
	if (!ds_keeps(task, DS_RULE_EARLY_WAKE_COUNTS)) {
		ds_yield(task, DS_AT_WAIT_QUEUE,
			 ds_writes(ds_wait_object(key)));
		ds_task_forget_wake(task);
	}
	ds_tell(task, "sleep");
	ds_task_sleep(task, DS_AT_WAIT_SLEEP, ds_wait_object(key),
		      interruptible);
	ds_tell(task, "wake up");
}

bool ds_wait_sleep_for(struct ds_task *task, ds_obj key, bool interruptible,
		       uint64_t ticks)
{
	bool over;

	ds_tell(task, "sleep");
	over = ds_task_sleep_for(task, DS_AT_WAIT_SLEEP, ds_wait_object(key),
				 interruptible, ticks);
	ds_tell(task, over ? "time out" : "wake up");
	ds_task_saw(task, over);
	return over;
}

void ds_wait_leave(struct ds_task *task, struct ds_waitq_table *table)
{
	ds_yield(task, DS_AT_WAIT_LEAVE,
		 ds_writes(ds_wait_object(task->waiter.key)));
	ds_wait_quit(task, table);
}

void ds_wait_quit(struct ds_task *task, struct ds_waitq_table *table)
{
	ds_obj key = task->waiter.key;
	unsigned int i = bucket_of(key);
	struct ds_waiter **link;

	ds_touch(task, ds_wait_object(key), DS_WRITE);
	ds_spin_lock(&table->buckets[i].spin);
	/* A wake-up that came all the same is of no use any more. */
	ds_task_forget_wake(task);
	if (task->waiter.queued) {
		link = &table->buckets[i].head;
		while (*link != &task->waiter)
			link = &(*link)->next;
		*link = task->waiter.next;
		count(table, i, UINT_MAX);
		task->waiter.queued = false;
	}
	ds_spin_unlock(&table->buckets[i].spin);
}

void ds_wake(struct ds_task *task, struct ds_waitq_table *table, ds_obj key,
	     bool all)
{
	unsigned int i = bucket_of(key);
	struct ds_waiter **link;
	bool one = !ds_keeps(task, DS_RULE_WAKE_ALL_SHARED);
	bool exclusive_woken = false;

	ds_yield(task, DS_AT_WAKE, ds_writes(ds_wait_object(key)));
	ds_touch(task, ds_wait_object(key), DS_WRITE);
	ds_spin_lock(&table->buckets[i].spin);
	link = &table->buckets[i].head;
	while (*link) {
		struct ds_waiter *waiter = *link;

		if (waiter->key != key ||
		    ((waiter->exclusive || one) && exclusive_woken && !all)) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		count(table, i, UINT_MAX);
		waiter->queued = false;
		exclusive_woken |= waiter->exclusive || one;
		ds_tell(task, "wake %s", waiter->task->name);
		ds_task_wake(waiter->task);
	}
	ds_spin_unlock(&table->buckets[i].spin);
}

void ds_wake_changed(struct ds_task *task, struct ds_waitq_table *table,
		     ds_obj key, bool all)
{
	/*
	 * Of two tasks one of which changes the condition and looks here, while
	 * the other adds itself here and tests the condition, one sees what the
	 * other did. A step of ds_wake() stands for the look.
	 */
	if (task->controlled ||
	    (ds_wait_has_any(table) &&
	     atomic_load(&table->buckets[bucket_of(key)].n)))
		ds_wake(task, table, key, all);
}

/*
 * A waiter with its place among those of the same key: that others share the
 * bucket means nothing.
 */
static struct ds_digest place_of(const struct ds_waiter *head,
				 const struct ds_waiter *waiter)
{
	struct ds_digest place = {0, 0};
	uint64_t n = 0;

	for (; head != waiter; head = head->next)
		n += head->key == waiter->key;
	ds_digest_add(&place, waiter->key);
	ds_digest_add(&place,
		      n << 32 | waiter->task->id << 1 | waiter->exclusive);
	return place;
}

void ds_waitq_digest(const struct ds_waitq_table *table,
		     struct ds_digest *digest)
{
	struct ds_digest sum = {0, 0};
	unsigned int i;

	for (i = 0; i < DS_WAITQ_BUCKETS; i++) {
		const struct ds_waiter *head = table->buckets[i].head, *waiter;

		for (waiter = head; waiter; waiter = waiter->next)
			ds_digest_join(&sum, place_of(head, waiter));
	}
	ds_digest_add_all(digest, sum);
}
