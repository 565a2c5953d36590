/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that cell types and causes of loss have outside this program. They are part of the
 * wire format and of the archive, and so are written once, here.
 */
#include <plantar/frame.h>

#include <string.h>

static const struct {
	const char *name;
	size_t bytes;
} dtypes[] = {
	[PL_U8] = {.name = "|u1", .bytes = 1},	[PL_U16] = {.name = "<u2", .bytes = 2},
	[PL_I16] = {.name = "<i2", .bytes = 2}, [PL_I32] = {.name = "<i4", .bytes = 4},
	[PL_U32] = {.name = "<u4", .bytes = 4}, [PL_F32] = {.name = "<f4", .bytes = 4},
	[PL_F64] = {.name = "<f8", .bytes = 8},
};

#define DTYPES (sizeof(dtypes) / sizeof(dtypes[0]))

static const char *const loss_names[PL_LOSS_CAUSES] = {
	[PL_LOSS_DEVICE] = "device",
	[PL_LOSS_CORRUPT] = "corrupt",
	[PL_LOSS_OVERRUN] = "overrun",
	[PL_LOSS_POOL] = "pool",
};

size_t pl_dtype_size(enum pl_dtype dtype)
{
	return (unsigned)dtype < DTYPES ? dtypes[dtype].bytes : 0;
}

const char *pl_dtype_name(enum pl_dtype dtype)
{
	return (unsigned)dtype < DTYPES ? dtypes[dtype].name : "unknown";
}

int pl_dtype_parse(const char *name)
{
	for (size_t i = 0; name && i < DTYPES; i++)
		if (!strcmp(dtypes[i].name, name))
			return (int)i;
	return -1;
}

const char *pl_loss_name(enum pl_loss cause)
{
	return (unsigned)cause < PL_LOSS_CAUSES ? loss_names[cause] : "unknown";
}
