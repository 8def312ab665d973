/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * void ds_switch(void **save, void *target)
 *
 * Saves what the System V ABI makes the callee keep, except the floating-point
 * control words: no task changes them.
 */
	.text
	.globl	ds_switch
	.hidden	ds_switch
	.type	ds_switch, @function
ds_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	/* A return would be predicted to where this stack was called from. */
	popq	%rcx
	jmpq	*%rcx
	.size	ds_switch, . - ds_switch

/* Where a new stack starts: its function is in %r12, the argument in %r13. */
	.globl	ds_switch_start
	.hidden	ds_switch_start
	.type	ds_switch_start, @function
ds_switch_start:
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	callq	*%r12
	ud2
	.size	ds_switch_start, . - ds_switch_start

	.section .note.GNU-stack, "", @progbits
