// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ostream>

#include <relacy/relacy.hpp>

#include "perf/search_relacy.h"

namespace
{

template <int n_tasks, int n_times>
struct counting : rl::test_suite<counting<n_tasks, n_times>, n_tasks> {
	rl::mutex lock;
	rl::var<int> count;

	void before()
	{
		count(RL_INFO) = 0;
	}

	void thread(unsigned int)
	{
		for (int i = 0; i < n_times; i++) {
			lock.lock(RL_INFO);
			count(RL_INFO)++;
			lock.unlock(RL_INFO);
		}
	}
};

/* Every size is a type of its own. */
template <int n_tasks, int n_times> uint64_t search()
{
	std::ostream nowhere(nullptr);
	rl::test_params params;

	params.search_type = rl::fair_full_search_scheduler_type;
	params.output_stream = &nowhere;
	params.progress_stream = &nowhere;
	if (!rl::simulate<counting<n_tasks, n_times>>(params))
		return 0;
	return params.stop_iteration;
}

} // namespace

uint64_t perf_relacy_w1(unsigned int n_tasks, unsigned int n_times)
{
	if (n_tasks == 2 && n_times == 3)
		return search<2, 3>();
	if (n_tasks == 3 && n_times == 2)
		return search<3, 2>();
	return 0;
}
