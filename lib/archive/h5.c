/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over HDF5. Its error stack is turned into one sentence at the place of the
 * failure, because it is gone after the next call; and since the library's own clean-up at exit
 * has left files that nothing could open after a failed write, it is told not to run.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <plantar/frame.h>

#include "h5.h"

void pl_h5_init(void)
{
	H5dont_atexit();
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t innermost(unsigned n, const H5E_error2_t *error, void *user)
{
	const char **text = user;

	if (n == 0)
		*text = error->desc;
	return 0;
}

/*
 * What of HDF5's message is for people. Where the operating system refused something, its words
 * stand in the middle of a long line: "..., error message = 'No space left on device', ...".
 */
static enum pl_code explain(char *out, size_t cap)
{
	static const char key[] = "error message = '";
	const char *text = NULL, *inner;

	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &text);
	if (!text || !*text)
		text = "no reason given";
	inner = strstr(text, key);
	if (inner)
		text = inner + sizeof(key) - 1;
	snprintf(out, cap, "%.*s", (int)(inner ? strcspn(text, "'") : strlen(text)), text);
	return strstr(out, strerror(ENOSPC)) || strstr(out, strerror(EDQUOT)) ? PL_ENOSPC : PL_EIO;
}

int pl_h5_error(struct pl_error *err, const char *fmt, ...)
{
	char what[300], why[160];
	enum pl_code code = explain(why, sizeof(why));
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return pl_error_set(err, code, code == PL_ENOSPC ? ENOSPC : 0, "%s: HDF5: %s%s", what, why,
			    code == PL_ENOSPC ? "; make room and try again" : "");
}

hid_t pl_h5_text_type(size_t size)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	H5Tset_size(type, size);
	H5Tset_cset(type, H5T_CSET_UTF8);
	H5Tset_strpad(type, H5T_STR_NULLTERM);
	return type;
}

hid_t pl_h5_cell_type(int dtype, hid_t *memory)
{
	hid_t file = H5T_STD_U16LE, native = H5T_NATIVE_UINT16;

	switch ((enum pl_dtype)dtype) {
	case PL_U8:
		file = H5T_STD_U8LE, native = H5T_NATIVE_UINT8;
		break;
	case PL_U16:
		break;
	case PL_I16:
		file = H5T_STD_I16LE, native = H5T_NATIVE_INT16;
		break;
	case PL_I32:
		file = H5T_STD_I32LE, native = H5T_NATIVE_INT32;
		break;
	case PL_U32:
		file = H5T_STD_U32LE, native = H5T_NATIVE_UINT32;
		break;
	case PL_F32:
		file = H5T_IEEE_F32LE, native = H5T_NATIVE_FLOAT;
		break;
	case PL_F64:
		file = H5T_IEEE_F64LE, native = H5T_NATIVE_DOUBLE;
		break;
	}
	if (memory)
		*memory = native;
	return file;
}

static int attribute(hid_t at, const char *name, hid_t file_type, hid_t type, hid_t space,
		     const void *value, struct pl_error *err)
{
	hid_t a = H5Acreate2(at, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);

	if (a < 0 || H5Awrite(a, type, value) < 0 || H5Aclose(a) < 0)
		return pl_h5_error(err, "cannot write the attribute %s", name);
	return 0;
}

static int scalar(hid_t at, const char *name, hid_t file_type, hid_t type, const void *value,
		  struct pl_error *err)
{
	hid_t space = H5Screate(H5S_SCALAR);
	int result = attribute(at, name, file_type, type, space, value, err);

	H5Sclose(space);
	return result;
}

int pl_h5_attr_text(hid_t at, const char *name, const char *value, struct pl_error *err)
{
	hid_t type = pl_h5_text_type(H5T_VARIABLE);
	int result = scalar(at, name, type, type, &value, err);

	H5Tclose(type);
	return result;
}

int pl_h5_attr_texts(hid_t at, const char *name, const char *const *values, unsigned n,
		     struct pl_error *err)
{
	hid_t type = pl_h5_text_type(H5T_VARIABLE);
	hid_t space = H5Screate_simple(1, &(hsize_t){n}, NULL);
	int result = attribute(at, name, type, type, space, values, err);

	H5Sclose(space);
	H5Tclose(type);
	return result;
}

int pl_h5_attr_f64(hid_t at, const char *name, double value, struct pl_error *err)
{
	return scalar(at, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, err);
}

int pl_h5_attr_i64(hid_t at, const char *name, int64_t value, struct pl_error *err)
{
	return scalar(at, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, err);
}

int pl_h5_attr_u32(hid_t at, const char *name, uint32_t value, struct pl_error *err)
{
	return scalar(at, name, H5T_STD_U32LE, H5T_NATIVE_UINT32, &value, err);
}

int pl_h5_attr_u8(hid_t at, const char *name, uint8_t value, struct pl_error *err)
{
	return scalar(at, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, &value, err);
}

/* Left-over open objects must be an error, not a file that stays open behind our back. */
static hid_t access_list(void)
{
	hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);

	H5Pset_libver_bounds(fapl, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18);
	H5Pset_fclose_degree(fapl, H5F_CLOSE_SEMI);
	return fapl;
}

hid_t pl_h5_create(const char *path, struct pl_error *err)
{
	hid_t fapl = access_list();
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, fapl);

	if (file < 0)
		pl_h5_error(err, "cannot create %s", path);
	else
		chmod(path, 0640); /* a person's data, whatever the umask */
	H5Pclose(fapl);
	return file;
}

hid_t pl_h5_open(const char *path, unsigned flags, struct pl_error *err)
{
	hid_t fapl = access_list();
	hid_t file = H5Fopen(path, flags, fapl);

	if (file < 0)
		pl_h5_error(err, "cannot open %s", path);
	H5Pclose(fapl);
	return file;
}

hid_t pl_h5_group(hid_t at, const char *name, const char *nx_class, struct pl_error *err)
{
	hid_t group = H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

	if (group < 0) {
		pl_h5_error(err, "cannot create the group %s", name);
		return -1;
	}
	if (nx_class && pl_h5_attr_text(group, "NX_class", nx_class, err) != 0)
		return -1;
	return group;
}

int pl_h5_array(hid_t at, const char *name, hid_t type, unsigned rank, const hsize_t *size,
		const void *data, struct pl_error *err)
{
	hid_t space = rank ? H5Screate_simple((int)rank, size, NULL) : H5Screate(H5S_SCALAR);
	hid_t dset = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	hid_t native = H5Tget_class(type) == H5T_STRING ? H5Tcopy(type)
							: H5Tget_native_type(type, H5T_DIR_ASCEND);

	if (dset < 0 || H5Dwrite(dset, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0 ||
	    H5Dclose(dset) < 0)
		return pl_h5_error(err, "cannot write %s", name);
	H5Tclose(native);
	H5Sclose(space);
	return 0;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Octave reads ASCII only and gives up on a whole file at a UTF-8 data set, so that is what a text
 * is called where it makes no difference. */
int pl_h5_text(hid_t at, const char *name, const char *value, struct pl_error *err)
{
	hid_t type = pl_h5_text_type(strlen(value) + 1);
	int result;

	if (is_ascii(value))
		H5Tset_cset(type, H5T_CSET_ASCII);
	result = pl_h5_array(at, name, type, 0, NULL, value, err);
	H5Tclose(type);
	return result;
}

static int copy_text(hid_t a, hid_t type, char *buf, size_t cap)
{
	size_t size = H5Tget_size(type);
	char *text = NULL;
	hid_t memory;
	int result = -1;

	if (H5Tis_variable_str(type) > 0) {
		memory = pl_h5_text_type(H5T_VARIABLE);
		H5Tset_cset(memory, H5Tget_cset(type)); /* HDF5 does not take ASCII for UTF-8 */
		if (H5Aread(a, memory, &text) >= 0 && text) {
			snprintf(buf, cap, "%s", text);
			H5free_memory(text);
			result = 0;
		}
	} else {
		memory = pl_h5_text_type(size + 1);
		H5Tset_cset(memory, H5Tget_cset(type));
		text = calloc(1, size + 1);
		if (text && H5Aread(a, memory, text) >= 0) {
			snprintf(buf, cap, "%s", text);
			result = 0;
		}
		free(text);
	}
	H5Tclose(memory);
	return result;
}

int pl_h5_read_text(hid_t at, const char *attribute_name, char *buf, size_t cap)
{
	hid_t a = H5Aopen(at, attribute_name, H5P_DEFAULT), type, space;
	int result = -1;

	buf[0] = '\0';
	if (a < 0)
		return -1;
	type = H5Aget_type(a);
	space = H5Aget_space(a);
	if (H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1)
		result = copy_text(a, type, buf, cap);
	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(a);
	return result;
}

int pl_h5_read_number(hid_t at, const char *attribute_name, hid_t memory_type, void *value)
{
	hid_t a = H5Aopen(at, attribute_name, H5P_DEFAULT), space;
	int result = -1;

	if (a < 0)
		return -1;
	space = H5Aget_space(a);
	if (H5Sget_simple_extent_npoints(space) == 1 && H5Aread(a, memory_type, value) >= 0)
		result = 0;
	H5Sclose(space);
	H5Aclose(a);
	return result;
}
