/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * void ds_switch(void **save, void *target)
 *
 * Saves what the procedure call standard makes the callee keep: x19 to x30 and
 * the low halves of v8 to v15.
 */
	.text
	.globl	ds_switch
	.hidden	ds_switch
	.type	ds_switch, %function
ds_switch:
	sub	sp, sp, #160
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #160
	ret
	.size	ds_switch, . - ds_switch

/* Where a new stack starts: its function is in x19, the argument in x20. */
	.globl	ds_switch_start
	.hidden	ds_switch_start
	.type	ds_switch_start, %function
ds_switch_start:
	mov	x29, xzr
	mov	x0, x20
	blr	x19
	brk	#0
	.size	ds_switch_start, . - ds_switch_start

	.section .note.GNU-stack, "", %progbits
