// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/stores.h"

#include <string.h>

/* Where @pfn is in the table, or would be. */
static unsigned int find(const struct ds_stores *stores, struct ds_pfn pfn)
{
	unsigned int i = 0;

	while (i < stores->n && stores->all[i].pfn.pfn < pfn.pfn)
		i++;
	return i;
}

void ds_stores_add(struct ds_stores *stores, uint32_t inode,
		   struct ds_pgidx page, struct ds_pfn pfn)
{
	unsigned int i = find(stores, pfn);

	if (i < stores->n && stores->all[i].pfn.pfn == pfn.pfn)
		return;
	if (stores->n == DS_STORES_MAX) {
		stores->too_many = true;
		return;
	}
	memmove(&stores->all[i + 1], &stores->all[i],
		(stores->n - i) * sizeof(stores->all[0]));
	stores->n++;
	stores->all[i].pfn = pfn;
	stores->all[i].page = page;
	stores->all[i].inode = inode;
	stores->all[i].owed = 0;
}

void ds_stores_drop(struct ds_stores *stores, struct ds_pfn pfn, uint64_t n)
{
	unsigned int i = find(stores, pfn), j = i;

	while (j < stores->n && stores->all[j].pfn.pfn - pfn.pfn < n)
		j++;
	memmove(&stores->all[i], &stores->all[j],
		(stores->n - j) * sizeof(stores->all[0]));
	stores->n -= j - i;
	memset(&stores->all[stores->n], 0, (j - i) * sizeof(stores->all[0]));
}

void ds_stores_owe(struct ds_stores *stores, unsigned int task, uint32_t inode)
{
	unsigned int i;

	for (i = 0; i < stores->n; i++)
		if (stores->all[i].inode == inode)
			stores->all[i].owed |= UINT32_C(1) << task;
}

bool ds_stores_settle(struct ds_stores *stores, unsigned int task,
		      struct ds_pgidx *ret_page)
{
	bool owed = false;
	unsigned int i;

	for (i = stores->n; i-- > 0;) {
		if (!(stores->all[i].owed >> task & 1))
			continue;
		owed = true;
		*ret_page = stores->all[i].page;
		stores->all[i].owed &= ~(UINT32_C(1) << task);
	}
	return owed && !stores->too_many;
}

void ds_stores_digest(const struct ds_stores *stores, struct ds_digest *digest)
{
	unsigned int i;

	ds_digest_add(digest, (uint64_t)stores->n << 1 | stores->too_many);
	for (i = 0; i < stores->n; i++) {
		ds_digest_add(digest, stores->all[i].pfn.pfn);
		ds_digest_add(digest, stores->all[i].page.pgidx);
		ds_digest_add(digest, (uint64_t)stores->all[i].inode << 32 |
					      stores->all[i].owed);
	}
}
