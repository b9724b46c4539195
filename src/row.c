/*-------------------------------------------------------------------------
 *
 * row.c
 *		The values of one row of an attachment's own tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "compat.h"
#include "row.h"

/* Rows have many texts, most of them words: room for so much is allocated at once. */
#define TEXT_ROOM 256

/*
 * A text as short ones are stored.
 */
static Datum
make_text(SvpRow *row, const char *text)
{
	Size		size = VARHDRSZ_SHORT + strlen(text);
	char	   *result;

	if (size > VARATT_SHORT_MAX)
		return CStringGetTextDatum(text);
	if (size > row->room_left)
	{
		row->room = palloc(TEXT_ROOM);
		row->room_left = TEXT_ROOM;
	}
	result = row->room;
	row->room += size;
	row->room_left -= size;
	SET_VARSIZE_SHORT(result, size);
	memcpy(VARDATA_SHORT(result), text, size - VARHDRSZ_SHORT);
	return PointerGetDatum(result);
}

void
svp_row_add_text(SvpRow *row, const char *text)
{
	svp_row_add_optional(row, text != NULL, text == NULL ? (Datum) 0 : make_text(row, text));
}

void
svp_row_add_key(SvpRow *row, int nkey, const Datum *key)
{
	for (int i = 0; i < nkey; i++)
		svp_row_add(row, key[i]);
}

char *
svp_null_flags(int n, const bool *nulls)
{
	char	   *flags = palloc(n);

	for (int i = 0; i < n; i++)
		flags[i] = nulls[i] ? 'n' : ' ';
	return flags;
}

const char *
svp_value_text(const Datum *values, const bool *nulls, int i)
{
	return nulls[i] ? NULL : TextDatumGetCString(values[i]);
}

/*
 * Several that follow each other, NULL where there is none.
 */
void
svp_value_texts(const Datum *values, const bool *nulls, int n, const char **texts)
{
	Size		size = 0;
	char	   *room;

	for (int i = 0; i < n; i++)
	{
		texts[i] = nulls[i] ? NULL : (const char *) DatumGetTextPP(values[i]);
		size += nulls[i] ? 0 : VARSIZE_ANY_EXHDR(texts[i]) + 1;
	}
	room = size > 0 ? palloc(size) : NULL;
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		size = VARSIZE_ANY_EXHDR(texts[i]);
		memcpy(room, VARDATA_ANY(texts[i]), size);
		room[size] = '\0';
		texts[i] = room;
		room += size + 1;
	}
}

/*
 * A word of ours.  The tables have an owner, who may write into them what is
 * none; that must not be taken for an index.
 */
int
svp_value_word(const Datum *values, const bool *nulls, int i,
			   const char *const *names, int nnames, int otherwise)
{
	const text *word = nulls[i] ? NULL : DatumGetTextPP(values[i]);

	for (int name = 0; word != NULL && name < nnames; name++)
	{
		if (strncmp(names[name], VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word)) == 0 &&
			names[name][VARSIZE_ANY_EXHDR(word)] == '\0')
			return name;
	}
	return otherwise;
}
