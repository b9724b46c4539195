/*-------------------------------------------------------------------------
 *
 * row.h
 *		The values of one row of an attachment's own tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ROW_H
#define SVP_ROW_H

/* A refund's decision has two keys. */
#define SVP_MAX_COLUMNS (2 * INDEX_MAX_KEYS + 40)

/* The values of a row, in order, as they are filled in. */
typedef struct SvpRow
{
	int			n;
	Datum		values[SVP_MAX_COLUMNS];
	bool		nulls[SVP_MAX_COLUMNS];
	char	   *room;			/* for texts */
	Size		room_left;
} SvpRow;

static inline void
svp_row_begin(SvpRow *row)
{
	row->n = 0;
	row->room_left = 0;
}

static inline void
svp_row_add_optional(SvpRow *row, bool is_set, Datum value)
{
	Assert(row->n < SVP_MAX_COLUMNS);
	row->values[row->n] = is_set ? value : (Datum) 0;
	row->nulls[row->n++] = !is_set;
}

static inline void
svp_row_add(SvpRow *row, Datum value)
{
	svp_row_add_optional(row, true, value);
}

extern void svp_row_add_text(SvpRow *row, const char *text);
extern void svp_row_add_key(SvpRow *row, int nkey, const Datum *key);

/* The nulls as SPI takes them. */
extern char *svp_null_flags(int n, const bool *nulls);

/* One of the values that were read, into the current memory context. */
extern const char *svp_value_text(const Datum *values, const bool *nulls, int i);
extern void svp_value_texts(const Datum *values, const bool *nulls, int n, const char **texts);
extern int	svp_value_word(const Datum *values, const bool *nulls, int i,
						   const char *const *names, int nnames, int otherwise);

static inline int64
svp_value_time(const Datum *values, const bool *nulls, int i, bool *is_set)
{
	if (is_set != NULL)
		*is_set = !nulls[i];
	return nulls[i] ? 0 : DatumGetInt64(values[i]);
}

static inline int32
svp_value_int(const Datum *values, const bool *nulls, int i)
{
	return nulls[i] ? 0 : DatumGetInt32(values[i]);
}

#endif							/* SVP_ROW_H */
