/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations in a session file: attributes of /subject and /trial, named as in the table of
 * annotation.h, numbers as numbers with their unit in a second attribute, so that whoever opens
 * the file in ten years needs no table of ours. Writing brings the attributes to what is given,
 * whatever was there before: the same code describes a new file and amends an old one.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "h5_annotations.h"
#include "layout.h"

static int drop(hid_t group, const char *name, struct pl_error *err)
{
	htri_t there = H5Aexists(group, name);

	if (there < 0 || (there > 0 && H5Adelete(group, name) < 0))
		return pl_h5_error(err, "cannot remove the attribute %s", name);
	return 0;
}

/* The code and the mass have members of their own in the meta, and are always in the file. */
static bool apart(const struct pl_annotation_key *k)
{
	return strcmp(k->name, "subject") == 0 || strcmp(k->name, "body_mass_kg") == 0;
}

static int write_value(hid_t group, const struct pl_annotation_key *k, const char *units,
		       const struct pl_annotations *a, const char *value, struct pl_error *err)
{
	if (k->type == PL_ANNOTATION_BOOL)
		return pl_h5_attr_u8(group, k->name, strcmp(value, "true") == 0, err);
	if (k->type != PL_ANNOTATION_NUMBER)
		return pl_h5_attr_text(group, k->name, value, err);
	if (pl_h5_attr_f64(group, k->name, pl_annotations_number(a, k->name), err))
		return -1;
	return *k->unit ? pl_h5_attr_text(group, units, k->unit, err) : 0;
}

static int write_key(hid_t group, const struct pl_annotation_key *k, const struct pl_annotations *a,
		     struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX], units[80];

	snprintf(units, sizeof(units), "%s_units", k->name);
	if (drop(group, k->name, err) || drop(group, units, err))
		return -1;
	return pl_annotations_get(a, k->name, value) ? write_value(group, k, units, a, value, err)
						     : 0;
}

static int write_group(hid_t file, const char *path, enum pl_annotation_group which,
		       const struct pl_annotations *a, struct pl_error *err)
{
	hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
	const struct pl_annotation_key *k;
	size_t keys;
	int result = 0;

	if (group < 0)
		return pl_h5_error(err, "cannot open %s", path);
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys && result == 0; i++)
		if (k[i].group == which && !apart(&k[i]))
			result = write_key(group, &k[i], a, err);
	return H5Gclose(group) < 0 && result == 0 ? pl_h5_error(err, "cannot close %s", path)
						  : result;
}

int pl_h5_annotations_write(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	return write_group(file, PL_H5_SUBJECT, PL_ANNOTATION_SUBJECT, &m->annotations, err) ||
			       write_group(file, PL_H5_TRIAL, PL_ANNOTATION_TRIAL, &m->annotations,
					   err)
		       ? -1
		       : 0;
}

int pl_h5_person_write(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	hid_t group;
	int result;

	if (drop(file, "subject", err) || pl_h5_attr_text(file, "subject", m->subject, err))
		return -1;
	group = H5Gopen2(file, PL_H5_SUBJECT, H5P_DEFAULT);
	if (group < 0)
		return pl_h5_error(err, "cannot open " PL_H5_SUBJECT);
	result = drop(group, "code", err) || pl_h5_attr_text(group, "code", m->subject, err) ||
		 drop(group, "body_mass_kg", err) ||
		 pl_h5_attr_f64(group, "body_mass_kg", m->body_mass_kg, err);
	return H5Gclose(group) < 0 || result ? -1 : 0;
}

/* ---- back ---- */

static int read_value(hid_t group, const struct pl_annotation_key *k, struct pl_annotations *a,
		      struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	uint8_t yes = 0;
	double number;

	switch (k->type) {
	case PL_ANNOTATION_NUMBER:
		if (pl_h5_read_number(group, k->name, H5T_NATIVE_DOUBLE, &number))
			return -1;
		return pl_annotations_set_number(a, k->name, number, err);
	case PL_ANNOTATION_BOOL:
		if (pl_h5_read_number(group, k->name, H5T_NATIVE_UINT8, &yes))
			return -1;
		return pl_annotations_set(a, k->name, yes ? "true" : "false", err);
	default:
		if (pl_h5_read_text(group, k->name, value, sizeof(value)))
			return -1;
		return pl_annotations_set(a, k->name, value, err);
	}
}

static int read_group(hid_t file, const char *path, enum pl_annotation_group which,
		      struct pl_annotations *a, struct pl_error *err)
{
	const struct pl_annotation_key *k;
	size_t keys;
	hid_t group;
	int result = 0;

	if (!pl_h5_has(file, path))
		return 0; /* files of before there were annotations have both; others say so */
	group = H5Gopen2(file, path, H5P_DEFAULT);
	if (group < 0)
		return pl_h5_damaged(err, "cannot open %s", path);
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys && result == 0; i++) {
		struct pl_error why = {0};

		if (k[i].group != which || apart(&k[i]) || H5Aexists(group, k[i].name) <= 0)
			continue;
		if (read_value(group, &k[i], a, &why))
			result = pl_error_set(err, PL_ECORRUPT, 0, "%s: %s", path,
					      *why.message ? why.message : k[i].name);
	}
	H5Gclose(group);
	return result;
}

int pl_h5_annotations_read(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	return read_group(file, PL_H5_SUBJECT, PL_ANNOTATION_SUBJECT, &m->annotations, err) ||
			       read_group(file, PL_H5_TRIAL, PL_ANNOTATION_TRIAL, &m->annotations,
					  err)
		       ? -1
		       : 0;
}
