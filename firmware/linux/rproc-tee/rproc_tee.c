// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The Ampstand authors
/*
 * A remoteproc whose images a trusted application of OP-TEE authenticates,
 * loads, starts and stops. Linux has no more to do with the remote than to
 * share memory with it and to kick it: mailboxes, vrings, resource table.
 *
 * What the application takes is in OP-TEE: ta/remoteproc. The device tree's
 * node is that of the kernel's own driver for the remote with another
 * "compatible"; what would start the remote (resets, registers) is left alone.
 *
 * An image stays in the care of the application from "load" to "release",
 * which also clears the remote's memory:
 *
 *   start of the remote   load, table, start
 *   stop                  stop, release
 *   recovery              stop, load, table, start
 */
#include <linux/dma-mapping.h>
#include <linux/firmware.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mailbox_client.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/remoteproc.h>
#include <linux/slab.h>
#include <linux/tee_drv.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "remoteproc_internal.h"

/* What the trusted application knows the remote by. */
#define REMOTE_ID 0
#define PARAMS 4
#define BUFFER "vdev0buffer"

static const uuid_t application =
	UUID_INIT(0x80a4c275, 0x0a47, 0x4905, 0x82, 0x85, 0x14, 0x86, 0xa9,
		  0x77, 0x1a, 0x08);

enum command {
	LOAD = 1,
	START = 2,
	STOP = 3,
	TABLE = 4,
	COREDUMP = 5,
	RELEASE = 6,
};

static const char *const names[] = {
	[LOAD] = "load",   [START] = "start",	    [STOP] = "stop",
	[TABLE] = "table", [COREDUMP] = "coredump", [RELEASE] = "release",
};

/* Results of the application, and what Linux's callers are told. */
#define TEE_BAD_PARAMETERS 0xffff0006

static const struct {
	u32 result;
	int error;
} errors[] = {
	{ TEE_BAD_PARAMETERS, -EINVAL },
	{ 0xffff0007, -EBUSY },	     /* the state does not allow it */
	{ 0xffff0009, -EOPNOTSUPP }, /* not implemented */
	{ 0xffff000a, -EOPNOTSUPP }, /* not supported */
	{ 0xffff000c, -ENOMEM },
	{ 0xffff000d, -EBUSY },	       /* somebody else has a session */
	{ 0xffff000f, -EKEYREJECTED }, /* a segment is not what was signed */
	{ 0xffff3072, -EKEYREJECTED }, /* the signature is not right */
};

enum { VQ0, VQ1, SHUTDOWN, MAILBOXES };

struct rproc_tee;

struct mailbox {
	struct rproc_tee *owner;
	int vring;
	struct mbox_client client;
	struct mbox_chan *channel;
	struct work_struct work;
};

struct rproc_tee {
	struct rproc *rproc;
	struct device *dev;
	struct tee_context *context;
	u32 session;
	struct workqueue_struct *queue;
	struct mailbox mailboxes[MAILBOXES];
	/* The image is in the remote's memory, whether it runs or not. */
	bool loaded;
	/* Its resource table there; NULL if it has none. */
	void __iomem *table;
	size_t table_size;
};

/* ---- the trusted application -------------------------------------------- */

static int error_of(u32 result)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].result == result)
			return errors[i].error;
	return -EIO;
}

/*
 * Let the application carry out a command. Returns 0, or an error with what
 * the application has said in *result (0 if it was not reached).
 */
static int ask(struct rproc_tee *tee, enum command command,
	       struct tee_param *params, u32 *result)
{
	struct tee_ioctl_invoke_arg arg = {
		.func = command,
		.session = tee->session,
		.num_params = PARAMS,
	};
	int ret;

	params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	params[0].u.value.a = REMOTE_ID;
	ret = tee_client_invoke_func(tee->context, &arg, params);
	*result = ret < 0 ? 0 : arg.ret;
	if (ret < 0)
		return ret;
	return arg.ret ? error_of(arg.ret) : 0;
}

static int order(struct rproc_tee *tee, enum command command,
		 struct tee_param *params)
{
	u32 result;
	int ret = ask(tee, command, params, &result);

	if (ret)
		dev_err(&tee->rproc->dev, "secure world refuses %s: %#x\n",
			names[command], result);
	return ret;
}

static void drop_table(struct rproc_tee *tee)
{
	if (tee->table)
		iounmap(tee->table);
	tee->table = NULL;
	tee->table_size = 0;
}

/* Find the resource table of the image that is loaded. */
static int find_table(struct rproc_tee *tee)
{
	struct tee_param params[PARAMS] = {};
	phys_addr_t at;
	int ret;

	params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	params[2].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	ret = order(tee, TABLE, params);
	if (ret)
		return ret;
	at = params[1].u.value.a;
	tee->table_size = params[2].u.value.a;
	if (!at || !tee->table_size) {
		tee->table_size = 0;
		return 0;
	}
	tee->table = ioremap_wc(at, tee->table_size);
	return tee->table ? 0 : -ENOMEM;
}

/* Have the whole image authenticated and put into the remote's memory. */
static int load_image(struct rproc_tee *tee, const struct firmware *fw)
{
	struct tee_param params[PARAMS] = {};
	struct tee_shm *shared;
	void *at;
	int ret;

	shared = tee_shm_alloc_kernel_buf(tee->context, fw->size);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	at = tee_shm_get_va(shared, 0);
	ret = PTR_ERR_OR_ZERO(at);
	if (!ret) {
		memcpy(at, fw->data, fw->size);
		params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
		params[1].u.memref.shm = shared;
		params[1].u.memref.size = fw->size;
		ret = order(tee, LOAD, params);
	}
	tee_shm_free(shared);
	if (ret)
		return ret;
	tee->loaded = true;
	return find_table(tee);
}

/* ---- operations of a remoteproc ----------------------------------------- */

static int map_region(struct rproc *rproc, struct rproc_mem_entry *region)
{
	region->va = (__force void *)ioremap_wc(region->dma, region->len);
	return region->va ? 0 : -ENOMEM;
}

static int unmap_region(struct rproc *rproc, struct rproc_mem_entry *region)
{
	if (region->va) /* else it was refused before it was mapped */
		iounmap((__force void __iomem *)region->va);
	return 0;
}

/* Translate an address by the "dma-ranges" of the bus that the remote is on. */
static int remote_address(struct device *dev, phys_addr_t at, u32 *found)
{
	struct device_node *bus = of_get_parent(dev->of_node);
	struct of_range_parser parser;
	struct of_range range;
	int ret = -EINVAL;

	if (!of_pci_dma_range_parser_init(&parser, bus)) {
		for_each_of_range(&parser, &range) {
			if (at - range.cpu_addr < range.size) {
				*found = range.bus_addr + (at - range.cpu_addr);
				ret = 0;
			}
		}
	}
	of_node_put(bus);
	return ret;
}

static int add_region(struct rproc *rproc, struct device_node *node, int index)
{
	struct device *dev = rproc->dev.parent;
	struct reserved_mem *memory = of_reserved_mem_lookup(node);
	struct rproc_mem_entry *region;
	u32 at;

	if (!memory || remote_address(dev, memory->base, &at)) {
		dev_err(&rproc->dev, "%pOFn is no memory of the remote\n",
			node);
		return -EINVAL;
	}
	if (of_node_name_eq(node, BUFFER))
		region = rproc_of_resm_mem_entry_init(dev, index, memory->size,
						      memory->base, BUFFER);
	else
		region = rproc_mem_entry_init(dev, NULL, memory->base,
					      memory->size, at, map_region,
					      unmap_region, "%pOFn", node);
	if (!region)
		return -ENOMEM;
	rproc_add_carveout(rproc, region);
	return 0;
}

static int rproc_tee_prepare(struct rproc *rproc)
{
	struct device_node *own = rproc->dev.parent->of_node, *node;
	int ret = 0;

	for (int i = 0; !ret; i++) {
		node = of_parse_phandle(own, "memory-region", i);
		if (!node)
			break;
		ret = add_region(rproc, node, i);
		of_node_put(node);
	}
	return ret;
}

static int rproc_tee_unprepare(struct rproc *rproc)
{
	struct rproc_tee *tee = rproc->priv;
	struct tee_param params[PARAMS] = {};

	drop_table(tee);
	tee->loaded = false;
	return order(tee, RELEASE, params);
}

/*
 * Only the loaded image says where its resource table is, so this loads it.
 * After an error the core of remoteproc calls "unprepare", but leaves what
 * "prepare" has added: it would be added again by each start.
 */
static int rproc_tee_parse_fw(struct rproc *rproc, const struct firmware *fw)
{
	struct rproc_tee *tee = rproc->priv;
	int ret = load_image(tee, fw);

	if (ret) {
		rproc_resource_cleanup(rproc);
		return ret;
	}
	if (!tee->table) {
		dev_warn(&rproc->dev,
			 "no resource table found for this firmware\n");
		return 0;
	}
	rproc->cached_table = kmalloc(tee->table_size, GFP_KERNEL);
	if (!rproc->cached_table) {
		rproc_resource_cleanup(rproc);
		return -ENOMEM;
	}
	memcpy_fromio(rproc->cached_table, tee->table, tee->table_size);
	rproc->table_ptr = rproc->cached_table;
	rproc->table_sz = tee->table_size;
	return 0;
}

/* At a recovery it has to be loaded again; it must have the same resources. */
static int rproc_tee_load(struct rproc *rproc, const struct firmware *fw)
{
	struct rproc_tee *tee = rproc->priv;
	int ret = tee->loaded ? 0 : load_image(tee, fw);

	if (!ret && rproc->cached_table && tee->table_size != rproc->table_sz) {
		dev_err(&rproc->dev, "image has another resource table now\n");
		ret = -EINVAL;
	}
	return ret;
}

static struct resource_table *
rproc_tee_find_loaded_rsc_table(struct rproc *rproc, const struct firmware *fw)
{
	struct rproc_tee *tee = rproc->priv;

	return (__force struct resource_table *)tee->table;
}

static int rproc_tee_start(struct rproc *rproc)
{
	struct tee_param params[PARAMS] = {};

	return order(rproc->priv, START, params);
}

static int rproc_tee_stop(struct rproc *rproc)
{
	struct rproc_tee *tee = rproc->priv;
	struct tee_param params[PARAMS] = {};
	int ret;

	if (rproc->state != RPROC_CRASHED && rproc->state != RPROC_OFFLINE &&
	    mbox_send_message(tee->mailboxes[SHUTDOWN].channel, "stop") < 0)
		dev_warn(&rproc->dev, "remote does not acknowledge its stop\n");
	ret = order(tee, STOP, params);
	if (ret)
		return ret;
	drop_table(tee);
	tee->loaded = false;
	return 0;
}

static void rproc_tee_kick(struct rproc *rproc, int vring)
{
	struct rproc_tee *tee = rproc->priv;
	int ret;

	if (WARN_ON(vring != VQ0 && vring != VQ1))
		return;
	ret = mbox_send_message(tee->mailboxes[vring].channel, "kick");
	if (ret < 0)
		dev_err(&rproc->dev, "kick of vring %d failed: %d\n", vring,
			ret);
}

/* Memory of the remote is the secure world's to dump. */
static void rproc_tee_coredump(struct rproc *rproc)
{
	struct tee_param params[PARAMS] = {};
	u32 result;

	if (rproc->dump_conf == RPROC_COREDUMP_DISABLED)
		return;
	params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT;
	ask(rproc->priv, COREDUMP, params, &result);
	dev_warn(&rproc->dev, "no core dump: secure world says %#x\n", result);
}

static const struct rproc_ops operations = {
	.prepare = rproc_tee_prepare,
	.unprepare = rproc_tee_unprepare,
	.parse_fw = rproc_tee_parse_fw,
	.load = rproc_tee_load,
	.find_loaded_rsc_table = rproc_tee_find_loaded_rsc_table,
	.start = rproc_tee_start,
	.stop = rproc_tee_stop,
	.kick = rproc_tee_kick,
	.coredump = rproc_tee_coredump,
};

/* ---- mailboxes and the watchdog ----------------------------------------- */

static void take_kick(struct work_struct *work)
{
	struct mailbox *mailbox = container_of(work, struct mailbox, work);
	struct rproc *rproc = mailbox->owner->rproc;

	mutex_lock(&rproc->lock);
	if (rproc->state == RPROC_RUNNING)
		rproc_vq_interrupt(rproc, mailbox->vring);
	mutex_unlock(&rproc->lock);
}

static void kicked(struct mbox_client *client, void *message)
{
	struct mailbox *mailbox = container_of(client, struct mailbox, client);

	queue_work(mailbox->owner->queue, &mailbox->work);
}

static void free_mailboxes(void *data)
{
	struct rproc_tee *tee = data;

	for (int i = 0; i < MAILBOXES; i++)
		if (!IS_ERR_OR_NULL(tee->mailboxes[i].channel))
			mbox_free_channel(tee->mailboxes[i].channel);
	destroy_workqueue(tee->queue);
}

static int get_mailboxes(struct rproc_tee *tee)
{
	static const char *const mailboxes[MAILBOXES] = {
		[VQ0] = "vq0",
		[VQ1] = "vq1",
		[SHUTDOWN] = "shutdown",
	};
	int ret;

	tee->queue = alloc_ordered_workqueue("%s", 0, dev_name(tee->dev));
	if (!tee->queue)
		return -ENOMEM;
	ret = devm_add_action_or_reset(tee->dev, free_mailboxes, tee);
	for (int i = 0; !ret && i < MAILBOXES; i++) {
		struct mailbox *one = &tee->mailboxes[i];

		one->owner = tee;
		one->vring = i;
		one->client.dev = tee->dev;
		INIT_WORK(&one->work, take_kick);
		if (i == SHUTDOWN) {
			one->client.tx_block = true;
			one->client.tx_tout = 500;
		} else {
			one->client.rx_callback = kicked;
		}
		one->channel =
			mbox_request_channel_byname(&one->client, mailboxes[i]);
		ret = PTR_ERR_OR_ZERO(one->channel);
	}
	return ret;
}

static irqreturn_t watchdog_expired(int irq, void *data)
{
	struct rproc_tee *tee = data;

	rproc_report_crash(tee->rproc, RPROC_WATCHDOG);
	return IRQ_HANDLED;
}

static int get_watchdog(struct rproc_tee *tee)
{
	int irq = platform_get_irq_optional(to_platform_device(tee->dev), 0);

	if (irq == -ENXIO)
		return 0;
	if (irq < 0)
		return irq;
	return devm_request_irq(tee->dev, irq, watchdog_expired, 0,
				dev_name(tee->dev), tee);
}

/* ---- the session -------------------------------------------------------- */

static int is_optee(struct tee_ioctl_version_data *version, const void *data)
{
	return version->impl_id == TEE_IMPL_ID_OPTEE;
}

static void close_context(void *context)
{
	tee_client_close_context(context);
}

static void close_session(void *data)
{
	struct rproc_tee *tee = data;

	tee_client_close_session(tee->context, tee->session);
}

static int open_session(struct rproc_tee *tee)
{
	struct tee_ioctl_open_session_arg arg = {
		.clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL,
		.num_params = PARAMS,
	};
	struct tee_param params[PARAMS] = {};
	int ret;

	tee->context = tee_client_open_context(NULL, is_optee, NULL, NULL);
	if (IS_ERR(tee->context))
		return PTR_ERR(tee->context) == -ENOENT ? -EPROBE_DEFER
							: PTR_ERR(tee->context);
	ret = devm_add_action_or_reset(tee->dev, close_context, tee->context);
	if (ret)
		return ret;
	export_uuid(arg.uuid, &application);
	params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	params[0].u.value.a = REMOTE_ID;
	ret = tee_client_open_session(tee->context, &arg, params);
	if (ret < 0 || arg.ret)
		return dev_err_probe(tee->dev,
				     ret < 0 ? ret : error_of(arg.ret),
				     "secure world gives no session: %#x\n",
				     ret < 0 ? 0 : arg.ret);
	tee->session = arg.session;
	return devm_add_action_or_reset(tee->dev, close_session, tee);
}

/*
 * Clear what others have left loaded. Of what they have left running nothing
 * is known, so it cannot be attached to.
 */
static int take_over(struct rproc_tee *tee)
{
	struct tee_param params[PARAMS] = {};
	u32 result;
	int ret = ask(tee, RELEASE, params, &result);

	if (!ret || result == TEE_BAD_PARAMETERS) /* never loaded before */
		return 0;
	return dev_err_probe(tee->dev, ret,
			     "remote runs already, started by somebody else\n");
}

static int rproc_tee_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct rproc_tee *tee;
	struct rproc *rproc;
	int ret;

	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	rproc = devm_rproc_alloc(dev, dev->of_node->name, &operations, NULL,
				 sizeof(*tee));
	if (!rproc)
		return -ENOMEM;
	rproc->auto_boot = false;
	rproc->has_iommu = false;
	tee = rproc->priv;
	tee->rproc = rproc;
	tee->dev = dev;
	ret = open_session(tee);
	if (!ret)
		ret = take_over(tee);
	if (!ret)
		ret = get_mailboxes(tee);
	if (!ret)
		ret = get_watchdog(tee);
	if (!ret)
		ret = devm_rproc_add(dev, rproc);
	return ret;
}

static const struct of_device_id matches[] = {
	{ .compatible = "ampstand,stm32mp1-m4-tee" },
	{},
};
MODULE_DEVICE_TABLE(of, matches);

static struct platform_driver rproc_tee_driver = {
	.probe = rproc_tee_probe,
	.driver = {
		.name = "rproc-tee",
		.of_match_table = matches,
	},
};
module_platform_driver(rproc_tee_driver);

MODULE_DESCRIPTION("Remote processor that a trusted application starts");
MODULE_LICENSE("GPL");
