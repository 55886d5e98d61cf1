// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The Ampstand authors
/*
 * Makes the calls that a driver can make on hwspinlocks, for tables of calls
 * (rpmsg-calls): a line written to "call" in debugfs' folder hwspinlock-calls
 * is one, its words separated by commas. An error is that of the call, and
 * "answer" has what it found.
 *
 *  request [ID]    devm [ID]       one that is free, or that one: its number
 *  free ID         devm-free ID
 *  number ID                       what Linux says that its number is
 *  find INDEX      find-name NAME  of the device tree's node: its number
 *  bust ID OWNER
 *  try ID MODE                     has it, and lets it go at once
 *  twice ID MODE                   has it, and tries to have it again
 *  lock ID MODE MS                 the same within so many milliseconds
 *  unlock ID MODE                  what "lock" keeps: in modes without a spin
 *                                  lock the caller may sleep meanwhile
 *  bad-try [ID]  bad-unlock [ID]   without a lock, or without a place for flags
 *  count ID ROUNDS ADDRESS         with it adds 1 to a word, so often
 *
 * EPROTO: interrupts or preemption are not as the mode promises. A request
 * that gets none is ENOENT. What this kernel has no function for (any one, a
 * number, bust) is EOPNOTSUPP; "any" is 1 where it has the first two.
 */
#include <linux/debugfs.h>
#include <linux/hwspinlock.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>

#define LINE_MAX 64
#define LOCKS_MAX 256
#define PATIENCE_MS 1000

struct mode {
	const char *name;
	int mode;
	bool spins; /* holds a spin lock of this side, too */
	bool irqs_off;
	bool from_irqs_off; /* the caller has disabled interrupts before */
};

static const struct mode modes[] = {
	{ "plain", 0, .spins = true },
	{ "irq", HWLOCK_IRQ, .spins = true, .irqs_off = true },
	{ "irqsave", HWLOCK_IRQSTATE, .spins = true, .irqs_off = true },
	{ "irqsave-off", HWLOCK_IRQSTATE, .spins = true, .irqs_off = true,
	  .from_irqs_off = true },
	{ "raw", HWLOCK_RAW },
	{ "atomic", HWLOCK_IN_ATOMIC },
};

struct call {
	const char *text; /* of the first argument; NULL if there is none */
	unsigned int id;
	const struct mode *mode;
	unsigned int count;
	unsigned long address;
	void __iomem *word;
};

static struct device *client;
/*
 * Those that were ever requested: what a driver does with one that it has
 * freed is its own mistake, and has an error, too. Calls may be made at once:
 * they are the caller's to keep apart.
 */
static struct hwspinlock *locks[LOCKS_MAX];
static long answer;

static int keep(struct hwspinlock *lock, int number)
{
	if (!lock)
		return -ENOENT;
	if (number < 0 || number >= LOCKS_MAX)
		return -ERANGE;
	locks[number] = lock;
	answer = number;
	return 0;
}

#ifdef HWSPIN_LOCK_ANY
static u32 has_any = 1;

static int keep_any(struct hwspinlock *lock)
{
	return keep(lock, lock ? hwspin_lock_get_id(lock) : 0);
}

static int request_any(void)
{
	return keep_any(hwspin_lock_request());
}

static int devm_any(void)
{
	return keep_any(devm_hwspin_lock_request(client));
}

static int number_of(struct hwspinlock *lock)
{
	return hwspin_lock_get_id(lock);
}
#else
static u32 has_any;

static int request_any(void)
{
	return -EOPNOTSUPP;
}

static int devm_any(void)
{
	return -EOPNOTSUPP;
}

static int number_of(struct hwspinlock *lock)
{
	return -EOPNOTSUPP;
}
#endif

static int call_request(const struct call *call)
{
	if (!call->text)
		return request_any();
	return keep(hwspin_lock_request_specific(call->id), call->id);
}

static int call_devm(const struct call *call)
{
	if (!call->text)
		return devm_any();
	return keep(devm_hwspin_lock_request_specific(client, call->id),
		    call->id);
}

static int call_free(const struct call *call)
{
	return hwspin_lock_free(locks[call->id]);
}

static int call_devm_free(const struct call *call)
{
	return devm_hwspin_lock_free(client, locks[call->id]);
}

static int found(int number)
{
	answer = number;
	return min(number, 0);
}

static int call_number(const struct call *call)
{
	return found(number_of(locks[call->id]));
}

static int call_find(const struct call *call)
{
	return found(of_hwspin_lock_get_id(client->of_node, call->id));
}

static int call_find_name(const struct call *call)
{
	return found(of_hwspin_lock_get_id_byname(client->of_node, call->text));
}

static int call_bust(const struct call *call)
{
#ifdef HWSPIN_LOCK_BUST
	return hwspin_lock_bust(locks[call->id], call->count);
#else
	return -EOPNOTSUPP;
#endif
}

/* Take it, or try to, and look at what became of the context. */
static int take(const struct call *call, int ms, unsigned long *flags)
{
	struct hwspinlock *lock = locks[call->id];
	bool irqs_off = irqs_disabled(), off;
	int preempted = preempt_count();
	int err;

	if (ms < 0)
		err = __hwspin_trylock(lock, call->mode->mode, flags);
	else
		err = __hwspin_lock_timeout(lock, ms, call->mode->mode, flags);
	if (!err && call->mode->spins) {
		irqs_off |= call->mode->irqs_off;
		preempted += PREEMPT_LOCK_OFFSET;
	} else if (call->mode->mode == HWLOCK_IRQ) {
		/* who does not save them wants them enabled again */
		irqs_off = false;
	}
	off = irqs_disabled();
	if (off != irqs_off || preempt_count() != preempted)
		err = -EPROTO;
	return err;
}

/*
 * Take it, do something, let it go unless it can be kept; in between nothing
 * may sleep.
 */
static int hold(const struct call *call, int ms, bool kept,
		int (*meanwhile)(const struct call *call))
{
	unsigned long flags, before;
	int err, preempted = preempt_count();
	bool off;

	local_save_flags(before);
	if (call->mode->from_irqs_off)
		local_irq_disable();
	err = take(call, ms, &flags);
	if (!err) {
		if (meanwhile)
			err = meanwhile(call);
		if (call->mode->spins || !kept)
			__hwspin_unlock(locks[call->id], call->mode->mode,
					&flags);
	}
	off = irqs_disabled();
	if (off != call->mode->from_irqs_off || preempt_count() != preempted)
		err = -EPROTO;
	local_irq_restore(before);
	return err;
}

static int again(const struct call *call)
{
	unsigned long flags;

	return take(call, -1, &flags);
}

static int call_try(const struct call *call)
{
	return hold(call, -1, false, NULL);
}

static int call_twice(const struct call *call)
{
	return hold(call, -1, false, again);
}

static int call_lock(const struct call *call)
{
	return hold(call, call->count, true, NULL);
}

static int call_unlock(const struct call *call)
{
	if (call->mode->spins)
		return -EINVAL;
	__hwspin_unlock(locks[call->id], call->mode->mode, NULL);
	return 0;
}

/* Not atomic: what the other side adds in between would be lost. */
static int add(const struct call *call)
{
	writel_relaxed(readl_relaxed(call->word) + 1, call->word);
	return 0;
}

static int call_count(const struct call *call)
{
	struct call one = *call;
	int err = 0;

	one.word = ioremap(call->address, sizeof(u32));
	if (!one.word)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < call->count; i++) {
		err = hold(&one, PATIENCE_MS, false, add);
		cond_resched();
	}
	iounmap(one.word);
	return err;
}

/* What a driver must not do; Linux warns. */
static int call_bad_try(const struct call *call)
{
	unsigned long flags;

	if (!call->text)
		return __hwspin_trylock(NULL, HWLOCK_IRQSTATE, &flags);
	return __hwspin_trylock(locks[call->id], HWLOCK_IRQSTATE, NULL);
}

static int call_bad_unlock(const struct call *call)
{
	unsigned long flags;

	if (!call->text)
		__hwspin_unlock(NULL, HWLOCK_IRQSTATE, &flags);
	else
		__hwspin_unlock(locks[call->id], HWLOCK_IRQSTATE, NULL);
	return 0;
}

static const struct {
	const char *name;
	int (*make)(const struct call *call);
	bool on_lock; /* on one that was requested */
} calls[] = {
	{ "request", call_request },
	{ "devm", call_devm },
	{ "free", call_free },
	{ "devm-free", call_devm_free },
	{ "number", call_number },
	{ "find", call_find },
	{ "find-name", call_find_name },
	{ "bust", call_bust, .on_lock = true },
	{ "try", call_try, .on_lock = true },
	{ "twice", call_twice, .on_lock = true },
	{ "lock", call_lock, .on_lock = true },
	{ "unlock", call_unlock, .on_lock = true },
	{ "bad-try", call_bad_try },
	{ "bad-unlock", call_bad_unlock },
	{ "count", call_count, .on_lock = true },
};

/* NAME[,ID|TEXT][,MODE][,COUNT[,ADDRESS]] */
static int parse(char *line, char **name, struct call *call)
{
	char *mode;

	line = strim(line);
	*name = strsep(&line, ",");
	call->text = strsep(&line, ",");
	if (call->text && kstrtouint(call->text, 0, &call->id))
		call->id = LOCKS_MAX - 1;
	if (call->id >= LOCKS_MAX)
		return -ERANGE;
	call->mode = &modes[0];
	mode = line;
	for (int i = 0; mode && i < ARRAY_SIZE(modes); i++) {
		size_t len = strlen(modes[i].name);

		if (!strncmp(mode, modes[i].name, len) &&
		    (!mode[len] || mode[len] == ',')) {
			call->mode = &modes[i];
			strsep(&line, ",");
			break;
		}
	}
	if (line && sscanf(line, "%u,%lx", &call->count, &call->address) < 1)
		return -EINVAL;
	return 0;
}

static ssize_t call_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	struct call call = {};
	char line[LINE_MAX] = "", *name;
	int err = -ENOTTY;

	if (size >= sizeof(line))
		return -E2BIG;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	if (parse(line, &name, &call))
		return -EDOM;
	for (int i = 0; i < ARRAY_SIZE(calls); i++) {
		if (strcmp(calls[i].name, name))
			continue;
		if (calls[i].on_lock && !locks[call.id])
			err = -EDOM;
		else
			err = calls[i].make(&call);
	}
	return err ?: size;
}

static const struct file_operations call_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = call_write,
};

static int answer_get(void *data, u64 *value)
{
	*value = answer;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(answer_ops, answer_get, NULL, "%lld\n");

static void forget(void *folder)
{
	debugfs_remove(folder);
	memset(locks, 0, sizeof(locks));
}

static int hwspinlock_calls_probe(struct platform_device *pdev)
{
	struct dentry *folder = debugfs_create_dir("hwspinlock-calls", NULL);

	client = &pdev->dev;
	debugfs_create_file("call", 0200, folder, NULL, &call_ops);
	debugfs_create_u32("any", 0400, folder, &has_any);
	debugfs_create_file_unsafe("answer", 0400, folder, NULL, &answer_ops);
	return devm_add_action_or_reset(&pdev->dev, forget, folder);
}

static const struct of_device_id hwspinlock_calls_ids[] = {
	{ .compatible = "ampstand,hwspinlock-calls" }, {}
};
MODULE_DEVICE_TABLE(of, hwspinlock_calls_ids);

static struct platform_driver hwspinlock_calls_driver = {
	.probe = hwspinlock_calls_probe,
	.driver = {
		.name = "hwspinlock-calls",
		.of_match_table = hwspinlock_calls_ids,
	},
};
module_platform_driver(hwspinlock_calls_driver);

MODULE_DESCRIPTION("Calls on hwspinlocks, for tests");
MODULE_LICENSE("GPL");
