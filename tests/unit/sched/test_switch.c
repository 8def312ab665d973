// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/prng.h"
#include "sched/sanitizer.h"
#include "sched/switch.h"

#define STACK_SIZE ((size_t)64 * 1024)
#define N_STACKS   5

struct t_stack {
	struct t_stacks *all;
	unsigned char *mem;
	void *sp;
	struct ds_san_stack san;
	unsigned int id;
	uintptr_t frame;
	unsigned int n_wrong;
	bool done;
};

struct t_stacks {
	struct t_stack main;
	struct t_stack stacks[N_STACKS];
	struct t_stack *here;
	char log[256];
	unsigned int n_log;
	struct ds_prng prng;
};

static void go_to(struct t_stacks *all, struct t_stack *target)
{
	struct t_stack *source = all->here;

	all->here = target;
	ds_san_leave(&source->san, &target->san);
	ds_switch(&source->sp, target->sp);
	ds_san_enter(&source->san);
}

static void prepare(struct t_stacks *all, unsigned int i, void (*fn)(void *arg))
{
	struct t_stack *stack = &all->stacks[i];

	stack->all = all;
	stack->id = i;
	stack->sp = ds_switch_init(stack->mem, STACK_SIZE, fn, stack);
}

static int set_up(void **state)
{
	struct t_stacks *all = calloc(1, sizeof(*all));
	unsigned int i;

	if (!all)
		return -1;
	ds_san_thread(&all->main.san);
	all->here = &all->main;
	for (i = 0; i < N_STACKS; i++) {
		all->stacks[i].mem = malloc(STACK_SIZE);
		ds_san_create(&all->stacks[i].san, all->stacks[i].mem,
			      STACK_SIZE);
	}
	*state = all;
	return 0;
}

static int tear_down(void **state)
{
	struct t_stacks *all = *state;
	unsigned int i;

	for (i = 0; i < N_STACKS; i++) {
		ds_san_destroy(&all->stacks[i].san);
		free(all->stacks[i].mem);
	}
	free(all);
	return 0;
}

static void say(struct t_stack *stack, char what)
{
	struct t_stacks *all = stack->all;

	all->log[all->n_log++] = (char)('0' + stack->id);
	all->log[all->n_log++] = what;
}

static void say_twice(void *arg)
{
	struct t_stack *stack = arg;

	ds_san_enter(&stack->san);
	say(stack, 'a');
	go_to(stack->all, &stack->all->main);
	say(stack, 'b');
	for (;;)
		go_to(stack->all, &stack->all->main);
}

static void a_stack_goes_on_where_it_was_left(void **state)
{
	struct t_stacks *all = *state;

	prepare(all, 0, say_twice);
	prepare(all, 1, say_twice);
	go_to(all, &all->stacks[0]);
	go_to(all, &all->stacks[1]);
	go_to(all, &all->stacks[1]);
	go_to(all, &all->stacks[0]);
	assert_string_equal(all->log, "0a1a1b0b");
}

static void a_stack_can_be_started_again_from_its_top(void **state)
{
	struct t_stacks *all = *state;

	prepare(all, 0, say_twice);
	go_to(all, &all->stacks[0]);
	ds_san_reset(&all->stacks[0].san);
	prepare(all, 0, say_twice);
	go_to(all, &all->stacks[0]);
	go_to(all, &all->stacks[0]);
	assert_string_equal(all->log, "0a0a0b");
}

static void note_address(void *arg)
{
	struct t_stack *stack = arg;
	/* A vector store would fault on a stack that is not aligned. */
	_Alignas(16) volatile char local[16] = {0};

	ds_san_enter(&stack->san);
	local[0] = 1;
	stack->frame = (uintptr_t)__builtin_frame_address(0);
	stack->n_wrong = (uintptr_t)local % 16 != 0;
	for (;;)
		go_to(stack->all, &stack->all->main);
}

static void its_function_runs_on_the_stack_aligned(void **state)
{
	struct t_stacks *all = *state;
	uintptr_t low = (uintptr_t)all->stacks[2].mem;

	prepare(all, 2, note_address);
	go_to(all, &all->stacks[2]);
	assert_in_range(all->stacks[2].frame, low, low + STACK_SIZE);
	assert_int_equal(all->stacks[2].n_wrong, 0);
}

static struct t_stack *other(struct t_stack *stack)
{
	uint64_t next = ds_prng_below(&stack->all->prng, N_STACKS - 1) + 1;

	return &stack->all->stacks[(stack->id + next) % N_STACKS];
}

/*
 * Many values that live across switches: more than there are registers that a
 * callee keeps, integer and floating point.
 */
static void keep_values(struct t_stack *stack, uint64_t seed, int depth)
{
	struct t_stacks *all = stack->all;
	struct ds_prng prng = {seed};
	uint64_t a = ds_prng_next(&prng), b = ds_prng_next(&prng);
	uint64_t c = ds_prng_next(&prng), d = ds_prng_next(&prng);
	uint64_t e = ds_prng_next(&prng), f = ds_prng_next(&prng);
	double x = (double)a / 3, y = (double)b / 3, z = (double)c / 3;

	if (depth)
		keep_values(stack, seed + 1, depth - 1);
	go_to(all, other(stack));
	prng.state = seed;
	stack->n_wrong += a != ds_prng_next(&prng);
	stack->n_wrong += b != ds_prng_next(&prng);
	stack->n_wrong += c != ds_prng_next(&prng);
	stack->n_wrong += d != ds_prng_next(&prng);
	stack->n_wrong += e != ds_prng_next(&prng);
	stack->n_wrong += f != ds_prng_next(&prng);
	stack->n_wrong +=
		x * 3 > (double)a * 1.001 || y * 3 > (double)b * 1.001;
	stack->n_wrong += z * 3 < (double)c * 0.999;
}

static void churn(void *arg)
{
	struct t_stack *stack = arg;
	uint64_t round;

	ds_san_enter(&stack->san);
	for (round = 0; round < 2000; round++)
		keep_values(stack, round * 1000 + stack->id, (int)round % 7);
	stack->done = true;
	for (;;)
		go_to(stack->all, &stack->all->main);
}

static void values_survive_switches(void **state)
{
	struct t_stacks *all = *state;
	unsigned int i;

	for (i = 0; i < N_STACKS; i++)
		prepare(all, i, churn);
	/* Who is done comes back here. */
	for (i = 0; i < N_STACKS; i++)
		while (!all->stacks[i].done)
			go_to(all, &all->stacks[i]);
	for (i = 0; i < N_STACKS; i++)
		assert_int_equal(all->stacks[i].n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_stack_goes_on_where_it_was_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_stack_can_be_started_again_from_its_top, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			its_function_runs_on_the_stack_aligned, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(values_survive_switches, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
