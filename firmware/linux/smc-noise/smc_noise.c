// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The Ampstand authors
/*
 * A normal world that does not know what it does: secure monitor calls with
 * random numbers and arguments, while it is loaded, for "milliseconds".
 *
 * The numbers lie around those of PSCI, of OP-TEE and of the platform, or
 * anywhere. What ends the system or a core by right is left out. Addresses
 * are those of a page of its own, of the secure world, or of no memory: where
 * Linux's memory is, the secure world may write for whoever asks, and sessions
 * are none of Linux's, which could stop the remote by them.
 *
 * "seed" makes the same calls again, as far as their answers are the same.
 *
 * With "references" there is no noise: so many calls name the page that they
 * come in as memory to share, with "attribute" in the upper half of the
 * attribute. No bit of that has a meaning; OP-TEE 4.10 keeps a reference for
 * ever if one is set, so noise leaves it 0.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/arm-smccc.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>

static unsigned int seed = 1;
module_param(seed, uint, 0444);
static unsigned int milliseconds = 1000;
module_param(milliseconds, uint, 0444);
static ulong secure_base = 0xde000000;
module_param(secure_base, ulong, 0444);
static unsigned int references;
module_param(references, uint, 0444);
static unsigned int attribute;
module_param(attribute, uint, 0444);

#define WORDS (PAGE_SIZE / sizeof(u32))
/* Linux's memory, which nothing but the page is named in. */
#define MEMORY_BASE 0xc0000000U
#define MEMORY_SIZE 0x20000000U
#define ELSEWHERE 0x40000000U

/* SMC calling convention of OP-TEE: core/arch/arm/include/sm/optee_smc.h */
#define RETURN_FROM_RPC 0x32000003U
#define CALL_WITH_ARG 0x32000004U
#define IS_RPC(value) (((value)&0xffff0000) == 0xffff0000 && ~(value))
#define RPC_ALLOC 0
/* struct optee_msg_arg, in words; sessions below are those of Linux. */
#define COMMAND 0
#define SESSION 2
#define PARAMS 7
#define FIRST 8
#define PARAM 8
#define INVOKE_COMMAND 1
#define REGISTERED_MEMORY_INPUT 5
#define OTHERS 0x1000
#define MOST_RPCS 100

static const u32 blocks[] = {
	0x84000000, /* PSCI */
	0x32000000, /* OP-TEE, may be interrupted */
	0xb2000000, /* OP-TEE, may not */
	0xbf00ff00, /* who it is */
	0x82001000, /* the platform's services */
	0x82002000, /* its SCMI */
};

/* CPU_SUSPEND, CPU_OFF, CPU_ON of a core that is on, SYSTEM_OFF, ... */
static const u32 ends[] = {
	0x84000001, 0x84000002, 0x84000003, 0x84000008, 0x84000009,
	0x8400000c, 0x8400000d, 0x8400000e, 0x84000012,
};

static struct rnd_state state;
static u32 *page;
static u32 calls, rpcs;

static u32 below(u32 limit)
{
	return prandom_u32_state(&state) % limit;
}

static u32 anything(void)
{
	u32 value = prandom_u32_state(&state);

	switch (below(6)) {
	case 0:
		return virt_to_phys(page);
	case 1:
		return secure_base + below(0x2000000);
	case 2:
	case 3:
		return value % 16;
	default:
		if (value - MEMORY_BASE < MEMORY_SIZE)
			value ^= ELSEWHERE;
		return value;
	}
}

static u32 number(void)
{
	u32 found;
	bool good;

	do {
		found = blocks[below(ARRAY_SIZE(blocks))] + below(32);
		if (!below(8))
			found = prandom_u32_state(&state);
		else if (!below(4))
			found = CALL_WITH_ARG;
		good = true;
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if ((found & ~0x40000000) == ends[i])
				good = false;
	} while (!good);
	return found;
}

/*
 * The page, as what a call may take for its arguments: mostly zeros, as an
 * argument that is not understood at its first field tries nothing else.
 */
static void scribble(void)
{
	memset(page, 0, PAGE_SIZE);
	for (u32 i = below(64); i; i--)
		page[below(below(2) ? 16 : WORDS)] = anything();
	page[COMMAND] = below(10);
	page[PARAMS] = below(8);
	for (u32 i = 0; i < page[PARAMS]; i++) {
		page[FIRST + i * PARAM] = below(12);
		page[FIRST + i * PARAM + 1] = 0;
	}
	if (page[SESSION] < OTHERS)
		page[SESSION] += OTHERS;
}

/* What a call asks for it does not get, but has to be told so. */
static void answer(struct arm_smccc_res *res)
{
	calls++;
	for (int i = 0; IS_RPC(res->a0) && i < MOST_RPCS; i++) {
		bool alloc = (res->a0 & 0xffff) == RPC_ALLOC;

		rpcs++;
		arm_smccc_smc(RETURN_FROM_RPC, alloc ? 0 : res->a1,
			      alloc ? 0 : res->a2, res->a3, 0, 0, 0, 0, res);
	}
}

static void make_call(void)
{
	u32 in_page = below(2);
	struct arm_smccc_res res;

	scribble();
	arm_smccc_smc(number(), in_page ? 0 : anything(),
		      in_page ? virt_to_phys(page) : anything(), anything(),
		      anything(), anything(), anything(), 0, &res);
	answer(&res);
}

/* While a call is made, its page is registered with the number 0. */
static void name_page(void)
{
	struct arm_smccc_res res;

	memset(page, 0, PAGE_SIZE);
	page[COMMAND] = INVOKE_COMMAND;
	page[SESSION] = OTHERS;
	page[PARAMS] = 1;
	page[FIRST] = REGISTERED_MEMORY_INPUT;
	page[FIRST + 1] = attribute;
	arm_smccc_smc(CALL_WITH_ARG, 0, virt_to_phys(page), 0, 0, 0, 0, 0,
		      &res);
	answer(&res);
}

static int __init smc_noise_init(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(milliseconds);

	page = (u32 *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	prandom_seed_state(&state, seed);
	if (references) {
		while (calls < references)
			name_page();
		return 0;
	}
	while (time_before(jiffies, end) && !fatal_signal_pending(current)) {
		make_call();
		cond_resched();
	}
	pr_info("%u calls, %u requests\n", calls, rpcs);
	return 0;
}

/* The page may be known to the secure world, and stays. */
static void __exit smc_noise_exit(void)
{
}

module_init(smc_noise_init);
module_exit(smc_noise_exit);

MODULE_DESCRIPTION("Random secure monitor calls");
MODULE_LICENSE("GPL");
