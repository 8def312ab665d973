// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/event.h"

#include "core/assert.h"

void ds_events_observe(struct ds_events *events, ds_observer_fn fn, void *arg)
{
	ds_assert(events->n_observers < DS_OBSERVERS_MAX);
	events->observers[events->n_observers].fn = fn;
	events->observers[events->n_observers].arg = arg;
	events->n_observers++;
}

void ds_events_unobserve(struct ds_events *events, ds_observer_fn fn, void *arg)
{
	unsigned int i = 0;

	while (i < events->n_observers && (events->observers[i].fn != fn ||
					   events->observers[i].arg != arg))
		i++;
	ds_assert(i < events->n_observers);
	events->n_observers--;
	for (; i < events->n_observers; i++)
		events->observers[i] = events->observers[i + 1];
}

void ds_events_send(struct ds_events *events, const struct ds_event *event)
{
	unsigned int i;

	if (!events->n_observers)
		return;
	if (events->parallel)
		ds_spin_lock(&events->lock);
	for (i = 0; i < events->n_observers; i++)
		events->observers[i].fn(events->observers[i].arg, event);
	if (events->parallel)
		ds_spin_unlock(&events->lock);
}
