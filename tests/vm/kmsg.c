// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kmsg.h"

#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int open_kmsg(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int once =
		open("/sys/kernel/debug/clear_warn_once", O_WRONLY | O_CLOEXEC);

	if (kmsg < 0)
		die("/dev/kmsg");
	if (once < 0 || write(once, "1", 1) != 1)
		die("/sys/kernel/debug/clear_warn_once");
	close(once);
	lseek(kmsg, 0, SEEK_END);
	return kmsg;
}

bool was_warned(int kmsg)
{
	char record[8192];
	bool found = false;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = '\0';
		if (strstr(record, "WARNING:"))
			found = true;
	}
	return found;
}
