// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/dies.h"
#include "core/event.h"

struct t_observer {
	struct ds_events *events;
	char *log;
	char name;
	unsigned int n_locked;
};

static void note(void *arg, const struct ds_event *event)
{
	struct t_observer *observer = arg;
	char line[] = {observer->name, (char)('0' + event->value), '\0'};

	strcat(observer->log, line);
	observer->n_locked += atomic_load(&observer->events->lock.held);
}

static void observers_see_events_in_the_order_of_the_table(void **state)
{
	struct ds_events events = {0};
	char log[32] = "";
	struct t_observer a = {&events, log, 'a', 0};
	struct t_observer b = {&events, log, 'b', 0};
	struct ds_event event = {.kind = DS_EV_TOLD};

	(void)state;
	ds_events_send(&events, &event);
	ds_events_observe(&events, note, &b);
	ds_events_send(&events, &event);
	ds_events_observe(&events, note, &a);
	event.value = 1;
	ds_events_send(&events, &event);
	event.value = 2;
	ds_events_send(&events, &event);
	assert_string_equal(log, "b0b1a1b2a2");
}

static void only_parallel_tasks_need_the_lock(void **state)
{
	struct ds_events events = {0};
	char log[32] = "";
	struct t_observer a = {&events, log, 'a', 0};
	struct ds_event event = {.kind = DS_EV_TOLD};

	(void)state;
	ds_events_observe(&events, note, &a);
	ds_events_send(&events, &event);
	assert_int_equal(a.n_locked, 0);
	events.parallel = true;
	ds_events_send(&events, &event);
	ds_events_send(&events, &event);
	assert_int_equal(a.n_locked, 2);
	assert_int_equal(atomic_load(&events.lock.held), 0);
}

static void fill_the_table(void *arg)
{
	struct ds_events *events = arg;

	while (events->n_observers < DS_OBSERVERS_MAX)
		ds_events_observe(events, note, NULL);
}

static void overfill_the_table(void *arg)
{
	fill_the_table(arg);
	ds_events_observe(arg, note, NULL);
}

static void the_table_has_its_limit(void **state)
{
	struct ds_events events = {0};

	(void)state;
	assert_int_equal(t_child(fill_the_table, &events), 0);
	assert_true(t_aborts(overfill_the_table, &events));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			observers_see_events_in_the_order_of_the_table),
		cmocka_unit_test(only_parallel_tasks_need_the_lock),
		cmocka_unit_test(the_table_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
