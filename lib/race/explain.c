// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/fixes.h"
#include "race/text.h"
#include "race/timeline.h"
#include "race/walk.h"

#define MAX_LOOKS 64

/* What a step of the operation read of the references of a block. */
struct look {
	uint64_t step;
	struct ds_pfn pfn;
	int count;
};

struct explanation {
	struct ds_world *world;
	enum ds_property_id property;
	struct ds_text out;
	uint64_t step;    /* the decisive one, or the one that broke */
	unsigned int op;  /* the task that changed the file */
	const char *call; /* the call it was in, NULL: in none */
	const char *calls[DS_TASKS_MAX];
	bool changed;  /* @op is known from what it changed */
	bool unmapped; /* @op found the file not mapped */
	unsigned int n_looks;
	struct look looks[MAX_LOOKS];
};

static const char *task_name(const struct explanation *explanation,
			     unsigned int task)
{
	return ds_checks_task_name(explanation->world->checks, task);
}

/* Which call each task is in; forgets what was seen by the one before. */
static void follow_calls(struct explanation *explanation,
			 const struct ds_event *event)
{
	if (event->task >= DS_TASKS_MAX)
		return;
	if (event->kind == DS_EV_CALL_ENTERED) {
		explanation->calls[event->task] = event->text;
		if (event->task == explanation->op) {
			explanation->n_looks = 0;
			explanation->unmapped = false;
		}
	}
	if (event->kind == DS_EV_CALL_LEFT)
		explanation->calls[event->task] = NULL;
}

/* --------------------- First run: who is the operation ---------------------
 */

static void find_operation(void *arg, const struct ds_event *event)
{
	struct explanation *explanation = arg;
	const struct ds_sched *sched = explanation->world->sched;
	bool takes = event->kind == DS_EV_BLOCKS_FREED ||
		     (event->kind == DS_EV_EXTENTS_CHANGED &&
		      event->change != DS_CHANGE_ADDED &&
		      event->change != DS_CHANGE_WRITTEN);

	const struct ds_finding *finding =
		&explanation->world->checks->findings[explanation->property];

	if (finding->found && sched->n_steps > finding->step)
		return;
	follow_calls(explanation, event);
	if (!takes || event->task >= sched->n_tasks)
		return;
	explanation->changed = true;
	explanation->op = event->task;
	explanation->call = explanation->calls[event->task];
}

static int first_run(struct explanation *explanation,
		     const struct ds_schedule *schedule,
		     struct ds_finding *finding)
{
	struct ds_world *world = explanation->world;
	size_t diverged;
	int r;

	ds_events_observe(&world->events, find_operation, explanation);
	r = ds_replay_run(world, schedule, &diverged);
	ds_events_unobserve(&world->events, find_operation, explanation);
	if (r < 0)
		return r;
	*finding = world->checks->findings[explanation->property];
	return finding->found ? 0 : -EPROTO;
}

/* ------------------- Second run: what it saw, who held what ----------------
 */

static const struct ds_inode *rmap_of(const struct ds_world *world, ds_obj obj)
{
	const struct ds_inode *inode = world->super->inodes;

	while (inode && ds_rmap_object(&inode->mapping.rmap) != obj)
		inode = inode->next;
	return inode;
}

/*
 * The step that @task is about to take, if it asks whether a page is busy or
 * whether anybody maps the file. Others read a count too, but ask for nothing.
 */
static void note_looks(struct explanation *explanation,
		       const struct ds_task *task, uint64_t step)
{
	const struct ds_world *world = explanation->world;
	bool asks = task->at == DS_AT_BUSY_TEST || task->at == DS_AT_WAIT_TEST;
	unsigned int i;

	for (i = 0; i < task->n_accesses; i++) {
		const struct ds_access *access = &task->accesses[i];
		const struct ds_inode *inode = rmap_of(world, access->obj);
		struct ds_pfn pfn = {access->obj & 0xffffffff};

		if (task->at == DS_AT_MAPPED_TEST && inode)
			explanation->unmapped = !inode->mapping.rmap.vmas;
		if (!asks || access->obj >> 56 != DS_OBJ_REFS ||
		    explanation->n_looks == MAX_LOOKS)
			continue;
		explanation->looks[explanation->n_looks++] = (struct look){
			.step = step,
			.pfn = pfn,
			.count = world->frames->idle +
				 ds_frame_extra(
					 ds_frame_view(world->frames, pfn)),
		};
	}
}

/* @who: empty where the line above says it. */
static void write_item(struct explanation *explanation, const char *who,
		       const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "  %-10s %s", who, text);
	ds_text_wrap(&explanation->out, DS_TIMELINE_WIDTH, "               ",
		     line);
}

static void write_pins(struct explanation *explanation, unsigned int task)
{
	const struct ds_world *world = explanation->world;
	const struct ds_holder *holder;
	char text[200];

	for (holder = world->frames->holders; holder; holder = holder->next) {
		const struct ds_inode *inode =
			ds_super_inode(world->super, holder->inode);

		if (holder->task != task)
			continue;
		snprintf(text, sizeof(text),
			 "pins page %llu of %s: block %llu, count %d",
			 (unsigned long long)holder->page.pgidx,
			 inode ? inode->name : "a file",
			 (unsigned long long)holder->pfn.pfn,
			 world->frames->idle +
				 ds_frame_extra(ds_frame_view(world->frames,
							      holder->pfn)));
		write_item(explanation, task < DS_TASKS_MAX ? "" : "setup",
			   text);
	}
}

static void write_locks(struct explanation *explanation,
			const struct ds_task *task)
{
	char text[400] = "holds";
	size_t n = strlen(text);
	unsigned int i;

	for (i = 0; i < task->n_held && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s %s",
				      i ? "," : "", task->held[i].lock->name,
				      task->held[i].mode == DS_EXCLUSIVE
					      ? "exclusive"
					      : "shared");
	if (task->n_held)
		write_item(explanation, "", text);
}

static void write_task(struct explanation *explanation,
		       const struct ds_task *task)
{
	const char *call = explanation->calls[task->id];
	char text[200];

	if (task->state == DS_TASK_DONE)
		snprintf(text, sizeof(text), "has returned");
	else
		snprintf(text, sizeof(text), "%s %s%s%s",
			 task->state == DS_TASK_ASLEEP ? "sleeps at"
						       : "stands before",
			 ds_point_name(task->at), call ? ", in " : "",
			 call ? call : "");
	write_item(explanation, task->name, text);
	write_locks(explanation, task);
	write_pins(explanation, task->id);
}

static void look_at_step(void *arg, const struct ds_world *world, uint64_t step,
			 unsigned int task)
{
	struct explanation *explanation = arg;
	unsigned int i;

	if (step > explanation->step)
		return;
	if (step < explanation->step) {
		if (task == explanation->op)
			note_looks(explanation, world->sched->tasks[task],
				   step);
		return;
	}
	ds_text_add(&explanation->out, "before step %llu\n",
		    (unsigned long long)step);
	for (i = 0; i < world->sched->n_tasks; i++)
		write_task(explanation, world->sched->tasks[i]);
	write_pins(explanation, DS_TASKS_MAX);
}

static void see_calls(void *arg, const struct ds_event *event)
{
	struct explanation *explanation = arg;

	/* Only what led to the step counts. */
	if (explanation->world->sched->n_steps < explanation->step)
		follow_calls(explanation, event);
}

static bool has_looked_at(const struct explanation *explanation,
			  struct ds_pfn pfn)
{
	unsigned int i;

	for (i = 0; i < explanation->n_looks; i++)
		if (explanation->looks[i].pfn.pfn == pfn.pfn)
			return true;
	return false;
}

/* What of the pins there was the operation never asked about. */
struct missed {
	unsigned int n;
	struct ds_holder holders[MAX_LOOKS];
};

static void note_missed(const struct explanation *explanation,
			const struct ds_world *world, struct missed *missed)
{
	const struct ds_holder *holder;

	for (holder = world->frames->holders; holder; holder = holder->next)
		if (holder->task != explanation->op && missed->n < MAX_LOOKS &&
		    !has_looked_at(explanation, holder->pfn))
			missed->holders[missed->n++] = *holder;
}

struct second_run {
	struct explanation *explanation;
	struct missed missed;
};

static void look_second(void *arg, const struct ds_world *world, uint64_t step,
			unsigned int task)
{
	struct second_run *run = arg;

	look_at_step(run->explanation, world, step, task);
	if (step == run->explanation->step)
		note_missed(run->explanation, world, &run->missed);
}

static void write_looks(struct explanation *explanation,
			const struct missed *missed)
{
	unsigned int i;

	ds_text_add(&explanation->out, "what %s had looked at%s%s\n",
		    task_name(explanation, explanation->op),
		    explanation->call ? ", in " : "",
		    explanation->call ? explanation->call : "");
	for (i = 0; i < explanation->n_looks; i++)
		ds_text_add(&explanation->out,
			    "  step %-5llu block %llu: count %d\n",
			    (unsigned long long)explanation->looks[i].step,
			    (unsigned long long)explanation->looks[i].pfn.pfn,
			    explanation->looks[i].count);
	if (explanation->unmapped)
		ds_text_add(&explanation->out,
			    "  whether anybody maps the file: "
			    "nobody did, so no page counted\n");
	for (i = 0; i < missed->n; i++)
		ds_text_add(&explanation->out,
			    "  never      block %llu, which %s "
			    "has pinned\n",
			    (unsigned long long)missed->holders[i].pfn.pfn,
			    task_name(explanation, missed->holders[i].task));
	if (!explanation->n_looks && !explanation->unmapped && !missed->n)
		ds_text_add(&explanation->out, "  no page's references\n");
}

static int second_run(struct explanation *explanation,
		      const struct ds_schedule *schedule)
{
	struct second_run run = {.explanation = explanation};
	struct ds_world *world = explanation->world;
	size_t diverged;
	int r;

	memset(explanation->calls, 0, sizeof(explanation->calls));
	ds_events_observe(&world->events, see_calls, explanation);
	r = ds_walk_run(world, schedule, look_second, &run, &diverged);
	ds_events_unobserve(&world->events, see_calls, explanation);
	if (r == 0 && explanation->changed)
		write_looks(explanation, &run.missed);
	return r;
}

/* ---------------------------------- Text -----------------------------------
 */

static void write_rule(struct explanation *explanation,
		       const struct ds_finding *finding)
{
	const struct ds_property *rule = ds_property(explanation->property);
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", rule->name, rule->sentence);
	ds_text_wrap(&explanation->out, DS_TIMELINE_WIDTH, "  ", text);
	snprintf(text, sizeof(text), "broken at step %llu (%s): %s",
		 (unsigned long long)finding->step,
		 task_name(explanation, finding->task), finding->text);
	ds_text_wrap(&explanation->out, DS_TIMELINE_WIDTH, "  ", text);
}

static void write_fix(struct explanation *explanation)
{
	const struct ds_fix *fix =
		ds_fix_find(explanation->world->super->profile->name,
			    explanation->property, explanation->call,
			    explanation->unmapped);

	if (fix && explanation->changed)
		ds_text_add(&explanation->out, "fixed by %s (%s)\n  %s\n",
			    fix->commit, fix->since, fix->title);
}

int ds_explain(struct ds_world *world, const struct ds_schedule *schedule,
	       enum ds_property_id property,
	       const struct ds_inevitable *inevitable, char **ret_text)
{
	struct explanation explanation = {
		.world = world,
		.property = property,
		.op = DS_TASKS_MAX,
	};
	struct ds_finding finding;
	int r;

	r = first_run(&explanation, schedule, &finding);
	if (r < 0)
		return r;
	explanation.step = inevitable->decided && inevitable->from
				   ? inevitable->from
				   : finding.step;
	write_rule(&explanation, &finding);
	r = second_run(&explanation, schedule);
	if (r == 0)
		write_fix(&explanation);
	*ret_text = ds_text_take(&explanation.out);
	if (r == 0 && !*ret_text)
		r = -ENOMEM;
	if (r < 0) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return r;
}
