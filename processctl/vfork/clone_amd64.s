#include "go_asm.h"
#include "textflag.h"

#define SYS_CLONE3 435
#define SYS_EXIT_GROUP 231
#define LAST_ERROR $0xfffffffffffff001 // -4095

// func clone(args *cloneArgs, size uintptr, p *plan) (pid, errno uintptr)
TEXT ·clone(SB), NOSPLIT, $0-40
	MOVQ	args+0(FP), DI
	MOVQ	size+8(FP), SI
	MOVQ	p+16(FP), BX
	MOVQ	plan_n(BX), R13
	MOVQ	$SYS_CLONE3, AX
	SYSCALL // the kernel changes AX, CX and R11
	CMPQ	AX, $0
	JEQ	child
	CMPQ	AX, LAST_ERROR
	JCC	failed
	MOVQ	AX, pid+24(FP)
	MOVQ	$0, errno+32(FP)
	RET

failed:
	NEGQ	AX
	MOVQ	$0, pid+24(FP)
	MOVQ	AX, errno+32(FP)
	RET

child:
	LEAQ	plan_steps(BX), R12

next:
	CMPQ	R13, $0
	JEQ	exit
	MOVQ	step_trap(R12), AX
	MOVQ	step_a(R12), DI
	MOVQ	step_b(R12), SI
	MOVQ	step_c(R12), DX
	MOVQ	step_d(R12), R10
	SYSCALL
	CMPQ	AX, LAST_ERROR
	JCC	wrong
	ADDQ	$step__size, R12
	DECQ	R13
	JMP	next

wrong:
	NEGQ	AX
	MOVQ	AX, plan_failed(BX)
	MOVQ	R13, plan_left(BX)

exit:
	MOVQ	$127, DI
	MOVQ	$SYS_EXIT_GROUP, AX
	SYSCALL
	JMP	exit
