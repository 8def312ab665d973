/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_CHECK_FIXTURE_H
#define TESTS_UNIT_CHECK_FIXTURE_H

/*
 * File A of 4 written pages, mapped and touched, and pins of its pages: what
 * most properties need to be broken.
 */
#include "../../support/world.h"

#define T_K INT64_C(4096)

struct t_scene {
	struct t_world t;
	struct ds_file *file;
	uint64_t addr;
	struct t_job pin;
};

static inline void t_touch_all(struct t_scene *s)
{
	uint64_t i;

	memset(&s->pin, 0, sizeof(s->pin));
	s->file = t_file(&s->t, "A", 4);
	s->addr = t_map(&s->t, s->file, 0, 4);
	for (i = 0; i < 4; i++)
		t_store(&s->t, s->addr + i * T_PAGE, 1);
}

static inline void t_set_up(struct t_scene *s, const char *fs)
{
	t_open(&s->t, fs);
	t_touch_all(s);
}

/* On a kernel that differs from @fs: what the test has changed in @profile. */
static inline void t_set_up_with(struct t_scene *s,
				 const struct ds_fs_profile *profile,
				 uint64_t n_pages)
{
	const struct ds_world_options options = {
		.profile = profile,
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
		.shadow = true,
		.checked = true,
	};

	t_open_with(&s->t, &options, n_pages);
	t_touch_all(s);
}

static inline void t_pin_page(struct t_scene *s, uint64_t page)
{
	s->pin.addr = s->addr + page * T_PAGE;
	s->pin.len = T_K;
	t_pin(&s->t, &s->pin);
}

/* Runs one call to its end, whatever happens to pins. */
static inline void t_call(struct t_scene *s, int mode, int64_t offset,
			  int64_t len)
{
	struct t_job job = {
		.file = s->file, .mode = mode, .offset = offset, .len = len};

	t_task(&s->t, "call", mode < 0 ? t_do_truncate : t_do_fallocate, &job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, 0);
}

/* The same under a schedule that lets the call wait and the pin go then. */
static inline void t_call_and_unpin(struct t_scene *s, int mode, int64_t offset,
				    int64_t len)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job job = {
		.file = s->file, .mode = mode, .offset = offset, .len = len};

	t_task(&s->t, "call", mode < 0 ? t_do_truncate : t_do_fallocate, &job);
	t_task(&s->t, "holder", t_do_dma_and_unpin, &s->pin);
	assert_int_equal(t_run(&s->t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(job.result, 0);
}

/* Frees the block of one page without waiting for anybody. */
static inline struct t_job t_rudely(struct t_scene *s, uint64_t page)
{
	return (struct t_job){
		.t = &s->t,
		.file = s->file,
		.offset = (int64_t)(page * T_PAGE),
		.len = T_K,
	};
}

static inline void t_remove_rudely(struct t_scene *s, uint64_t page)
{
	struct t_job job = t_rudely(s, page);

	t_task(&s->t, "rude", t_do_remove_rudely, &job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
}

static inline uint32_t t_bit(enum ds_property_id id)
{
	return UINT32_C(1) << id;
}

/* It broke, and says so. */
static inline void t_assert_says(const struct t_scene *s,
				 enum ds_property_id id, const char *text)
{
	const struct ds_finding *finding = &s->t.world->checks->findings[id];

	assert_true(finding->found);
	if (!strstr(finding->text, text))
		print_error("not in: %s\n", finding->text);
	assert_non_null(strstr(finding->text, text));
}

#endif
