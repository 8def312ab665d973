/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_PIN_H
#define DAXSIM_PIN_H

/*
 * Pins: what a device does with pages of a DAX file that are the buffer of
 * somebody else's direct I/O.
 */
#include <daxsim/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Pages pinned by one call. */
struct daxsim_pin;

#define DAXSIM_PIN_WRITE    1u /* FOLL_WRITE: the device will write them */
#define DAXSIM_PIN_LONGTERM 2u /* FOLL_LONGTERM: refused on file-system DAX */
#define DAXSIM_PIN_GET      4u /* FOLL_GET: one reference of each page */
#define DAXSIM_PIN_COUNTED  8u /* FOLL_PIN: 1024, none of the zero page */

/**
 * daxsim_pin_user_pages() - take references on mapped pages
 *
 * Pins the pages under [addr, addr + len), 1 to 258048 bytes, page by page in
 * ascending order, faulting them in. Whoever holds a pin and then makes a call
 * that waits for it waits for ever; another task or thread may release it.
 *
 * Of DAXSIM_PIN_GET and DAXSIM_PIN_COUNTED one at most; without, the pages are
 * pinned as by direct I/O of the kernel modelled. A file system's pages are not
 * pinned with DAXSIM_PIN_LONGTERM: kernels to v5.10 pin them, look, and drop
 * the pins again, so that others may meet these; later ones look first. With
 * daxsim_options.longterm_allowed they are pinned like any other.
 *
 * Models: get_user_pages_fast(), get_user_pages_longterm(), v4.19;
 * pin_user_pages_fast(), v6.15. Differs: FOLL_PIN came with v5.6, but is served
 * by every profile.
 * Return: bytes pinned, fewer if some page could not be faulted in; if none,
 * -EFAULT; -EINVAL for a bad length or flags; -EOPNOTSUPP for
 * DAXSIM_PIN_LONGTERM.
 */
ssize_t daxsim_pin_user_pages(struct daxsim *sim, uint64_t addr, size_t len,
			      unsigned int flags, struct daxsim_pin **ret_pin);

/*
 * The device moves the first @len bytes to or from the pinned pages, in one
 * step a page, whoever their blocks belong to by now.
 *
 * Return: @len; -EINVAL if it is more than is pinned, or for pages that were
 * pinned for the other direction.
 */
ssize_t daxsim_pin_write(struct daxsim_pin *pin, const void *bytes, size_t len);
ssize_t daxsim_pin_read(struct daxsim_pin *pin, void *bytes, size_t len);

/*
 * Releases the pages in ascending order; a page that became idle wakes who
 * waits for it. @pin is gone.
 *
 * Models: put_page() of a device page, put_devmap_managed_page().
 */
void daxsim_unpin_user_pages(struct daxsim_pin *pin);

/*
 * The same as the last part of direct I/O does it, where the pin stands for the
 * first. It differs on v6.1.192, which wakes nobody here.
 *
 * Models: __bio_release_pages().
 */
void daxsim_end_direct(struct daxsim_pin *pin);

/*
 * An O_DIRECT read of some other file, which holds @bytes, into the buffer
 * [addr, addr + len): pins, moves the bytes page by page, releases.
 *
 * Models: bio_iov_iter_get_pages(), bio_release_pages(), v4.19. Return: bytes
 * read, fewer if some page could not be pinned; -EFAULT if none; -EINVAL for a
 * bad length, as above.
 */
ssize_t daxsim_direct_read(struct daxsim *sim, uint64_t addr, const void *bytes,
			   size_t len);

/* An O_DIRECT write of some other file from that buffer. */
ssize_t daxsim_direct_write(struct daxsim *sim, uint64_t addr, void *ret_bytes,
			    size_t len);

#ifdef __cplusplus
}
#endif

#endif
