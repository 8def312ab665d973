// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dma/client.h"

#include <errno.h>

#include "../../support/world.h"

/* File A of a block, a hole and a block, and a client. */
struct t_client {
	struct t_world t;
	struct ds_file *file;
	struct ds_inode *inode;
	struct ds_client client;
	unsigned char bytes[2 * T_PAGE];
};

static void set_up(struct t_client *c)
{
	memset(c, 0, sizeof(*c));
	t_open(&c->t, "xfs-4.19");
	c->t.super->leased = true;
	c->file = t_file(&c->t, "A", 3);
	c->inode = c->file->inode;
	t_fallocate(&c->t, c->file, T_PUNCH, T_PAGE, T_PAGE);
	ds_client_init(&c->client, 0, "client");
}

static int get(struct t_client *c, uint64_t page, bool write)
{
	return ds_client_get(c->t.setup, &c->client, c->inode, page * T_PAGE,
			     T_PAGE, write);
}

static int64_t write_page(struct t_client *c, uint64_t page)
{
	memset(c->bytes, 0x2a, sizeof(c->bytes));
	return ds_client_write(c->t.setup, &c->client, page * T_PAGE, c->bytes,
			       T_PAGE);
}

static int64_t read_page(struct t_client *c, uint64_t page)
{
	return ds_client_read(c->t.setup, &c->client, page * T_PAGE, c->bytes,
			      T_PAGE);
}

static void without_a_layout_nothing_can_be_done(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(read_page(&c, 0), -ENODATA);
	assert_int_equal(write_page(&c, 0), -ENODATA);
	assert_int_equal(ds_client_commit(c.t.setup, &c.client, 0, 1),
			 -ENODATA);
	assert_int_equal(ds_client_return(c.t.setup, &c.client), -ENODATA);
	assert_int_equal(get(&c, 0, false), 0);
	assert_int_equal(get(&c, 0, false), -EEXIST);
	assert_int_equal(ds_client_return(c.t.setup, &c.client), 0);
	assert_null(c.inode->leases);
	assert_int_equal(read_page(&c, 0), -ENODATA);
	assert_int_equal(get(&c, 0, false), 0);
	t_close(&c.t);
}

static void it_reads_and_writes_the_blocks_themselves(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 0, true), 0);
	assert_int_equal(write_page(&c, 0), T_PAGE);
	assert_int_equal(t_byte(&c.t, c.file, 0), 0x2a);
	assert_int_equal(ds_client_return(c.t.setup, &c.client), 0);
	t_fill(&c.t, c.file, 2, 9);
	assert_int_equal(get(&c, 2, false), 0);
	assert_int_equal(read_page(&c, 2), T_PAGE);
	assert_int_equal(c.bytes[5], 9);
	assert_null(c.inode->mapping.rmap.vmas);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

static void a_layout_allows_what_it_is_for(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 0, false), 0);
	assert_int_equal(write_page(&c, 0), -EINVAL);
	/* Its run ends with the first page. */
	assert_int_equal(read_page(&c, 1), -EINVAL);
	ds_client_return(c.t.setup, &c.client);
	assert_int_equal(get(&c, 1, false), 0);
	memset(c.bytes, 1, T_PAGE);
	assert_int_equal(read_page(&c, 1), T_PAGE);
	assert_int_equal(c.bytes[0], 0);
	t_close(&c.t);
}

static void what_it_commits_it_may_read(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 1, true), 0);
	assert_int_equal(write_page(&c, 1), T_PAGE);
	assert_int_equal(t_byte(&c.t, c.file, T_PAGE), 0);
	assert_int_equal(ds_client_commit(c.t.setup, &c.client, T_PAGE, T_PAGE),
			 0);
	assert_int_equal(t_byte(&c.t, c.file, T_PAGE), 0x2a);
	memset(c.bytes, 1, T_PAGE);
	assert_int_equal(read_page(&c, 1), T_PAGE);
	assert_int_equal(c.bytes[0], 0x2a);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

static void a_recall_asks_only_who_has_a_layout(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	c.client.lease.inode = c.inode;
	assert_int_equal(ds_lease_add(c.t.setup, &c.client.lease), 0);
	assert_int_equal(ds_leases_break(c.t.setup, c.inode, false),
			 -EWOULDBLOCK);
	assert_false(c.client.lease.asked);
	ds_lease_remove(c.t.setup, &c.client.lease);
	assert_int_equal(get(&c, 0, false), 0);
	assert_int_equal(ds_leases_break(c.t.setup, c.inode, false),
			 -EWOULDBLOCK);
	assert_true(c.client.lease.asked);
	assert_true(c.client.lease.break_time == 0);
	t_close(&c.t);
}

static void who_is_fenced_reaches_nothing(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 0, true), 0);
	c.client.lease.fenced = true;
	assert_int_equal(write_page(&c, 0), -EIO);
	assert_int_equal(read_page(&c, 0), -EIO);
	assert_int_equal(t_byte(&c.t, c.file, 0), t_pattern(0));
	assert_int_equal(c.client.lease.n_io, 0);
	t_close(&c.t);
}

static void a_fence_drops_the_lease_and_leaves_the_layout(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(ds_client_fence(c.t.setup, &c.client), -ENODATA);
	assert_int_equal(get(&c, 0, true), 0);
	assert_int_equal(ds_client_fence(c.t.setup, &c.client), 0);
	assert_null(c.inode->leases);
	assert_true(c.client.lease.layout.valid);
	assert_int_equal(write_page(&c, 0), -EIO);
	t_close(&c.t);
}

/* A client that knows too much: what the property is there for. */
static void a_stale_layout_is_seen_when_it_is_used(void **state)
{
	struct t_client c;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 0, true), 0);
	/* The lease goes, as by expiry; the client is not told. */
	ds_lease_remove(c.t.setup, &c.client.lease);
	assert_null(c.inode->leases);
	t_fallocate(&c.t, c.file, T_PUNCH, 0, T_PAGE);
	t_assert_holds(&c.t);
	assert_int_equal(write_page(&c, 0), T_PAGE);
	assert_true(t_broke(&c.t, DS_LAYOUT_HOLDER_COHERENT));
	t_close(&c.t);
}

static void each_thing_it_has_is_in_the_digest(void **state)
{
	struct ds_digest digests[11];
	struct t_client c;
	struct ds_lease *lease = &c.client.lease;
	unsigned int i, j;

	(void)state;
	set_up(&c);
	assert_int_equal(get(&c, 0, true), 0);
	for (i = 0; i < T_N(digests); i++) {
		lease->n_io += i == 1;
		lease->draining |= i == 2;
		lease->fenced |= i == 3;
		lease->listed &= i != 4;
		lease->layout.run.page.pgidx += i == 5;
		lease->layout.run.n_pages += i == 6;
		lease->layout.run.pfn.pfn += i == 7;
		lease->layout.write &= i != 8;
		lease->user += i == 9;
		lease->layout.valid &= i != 10;
		digests[i] = (struct ds_digest){1, 1};
		ds_client_digest(&c.client, &digests[i]);
		for (j = 0; j < i; j++)
			assert_false(ds_digest_equal(digests[i], digests[j]));
	}
	t_close(&c.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_layout_nothing_can_be_done),
		cmocka_unit_test(it_reads_and_writes_the_blocks_themselves),
		cmocka_unit_test(a_layout_allows_what_it_is_for),
		cmocka_unit_test(what_it_commits_it_may_read),
		cmocka_unit_test(a_recall_asks_only_who_has_a_layout),
		cmocka_unit_test(who_is_fenced_reaches_nothing),
		cmocka_unit_test(a_fence_drops_the_lease_and_leaves_the_layout),
		cmocka_unit_test(a_stale_layout_is_seen_when_it_is_used),
		cmocka_unit_test(each_thing_it_has_is_in_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
