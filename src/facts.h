/*-------------------------------------------------------------------------
 *
 * facts.h
 *		The mapping of a CRM's row onto facts named in our words.
 *
 * A mapping is read once from its jsonb; a reader binds it to one relation,
 * whose columns it reads directly where a fact is a plain column and by a
 * saved plan where it is an expression.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_FACTS_H
#define SVP_FACTS_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"

#include "words.h"

typedef enum SvpFactKind
{
	SVP_FACT_TEXT,
	SVP_FACT_TIME,				/* instant, in microseconds */
	SVP_FACT_NUMBER,			/* exact, in millionths */
	SVP_FACT_BOOLEAN			/* 1 or 0 */
} SvpFactKind;

/* How a time fact's value is to be understood. */
typedef enum SvpTimeReading
{
	SVP_READ_AS_TYPED,			/* timestamptz */
	SVP_READ_TIMESTAMP,			/* local time of a zone */
	SVP_READ_DATE,				/* the start of that date in a zone */
	SVP_READ_EPOCH,				/* seconds since 1970 */
	SVP_READ_EPOCH_MS			/* milliseconds since 1970 */
} SvpTimeReading;

/* Facts that are asked for by what they are, after the conditions of a scenario. */
typedef enum SvpFactName
{
	SVP_NAME_OPENED_AT = SVP_NDIMENSIONS,
	SVP_NAME_CHANGED_AT,
	SVP_NAME_RESOLVED_AT,
	SVP_NAME_CLOSED_AT,
	SVP_NAME_FIRST_RESPONSE_AT,
	SVP_NAME_STATE,
	SVP_NAME_AGENT,
	SVP_NAME_CUSTOMER,
	SVP_NAME_TICKET,
	SVP_NAME_REQUESTED_AT,
	SVP_NAME_AMOUNT,
	SVP_NAME_CURRENCY,
	SVP_NAME_PAID_CURRENCY,
	SVP_NAME_APPROVED_BY,
	SVP_NAME_ORDER_ID,
	SVP_NAME_LINE_ID,
	SVP_NAME_SENT_AT,
	SVP_NAME_AUTHOR,
	SVP_NAME_PUBLIC
} SvpFactName;

#define SVP_NFACT_NAMES (SVP_NAME_PUBLIC + 1)

typedef struct SvpFactMapping
{
	char	   *name;
	SvpFactKind kind;
	char	   *sql;			/* expression over the alias */
	SvpTimeReading reading;
	char	   *zone;			/* for timestamp and date */
	int			nunset;
	char	  **unset;			/* values that mean "not set" */
} SvpFactMapping;

typedef struct SvpMapping
{
	const char *alias;			/* "ticket", "refund", "message", "child" or "change" */
	const char *table;			/* its name, quoted; NULL until attached */
	int			nkey;
	char	  **key;			/* column names of the CRM's table … */
	char	  **data_key;		/* … and of ours */
	int			nfacts;
	SvpFactMapping *facts;
	int			places[SVP_NFACT_NAMES];	/* of those facts, from 1; 0 = not mapped */
	char	   *only_where;		/* row filter, or NULL */
} SvpMapping;

typedef struct SvpFactValue
{
	bool		set;
	const char *problem;		/* why a value could not be read, or NULL */
	const char *text;			/* text facts; of other kinds only with a problem */
	Oid			type;			/* of a text whose column's type is passed by value, that … */
	Datum		value;			/* … and the value; else 0 */
	int64		number;			/* of other kinds than text */
} SvpFactValue;

/* The facts of one row, in the order of its mapping. */
typedef struct SvpFacts
{
	const char *problem;		/* why the expressions failed, or NULL */
	bool		included;		/* the row filter lets it through */
	Datum	   *key;			/* NULL when a part of it is null */
	SvpFactValue *values;
} SvpFacts;

typedef struct SvpRowReader SvpRowReader;

extern SvpMapping *svp_mapping_parse(const char *alias, char **key, int nkey,
									 Jsonb *facts, const char *only_where);
extern int	svp_mapping_find(const SvpMapping *mapping, const char *fact);

/* To be called when all facts are there. */
extern void svp_mapping_place(SvpMapping *mapping);
extern const char *svp_fact_name(SvpFactName fact);

/*
 * The position of a fact in the mapping, or -1.
 */
static inline int
svp_mapping_at(const SvpMapping *mapping, SvpFactName fact)
{
	return mapping->places[fact] - 1;
}

extern SvpRowReader *svp_reader_make(const SvpMapping *mapping, Relation relation,
									 MemoryContext context);

/* For rows of a query whose columns are the facts, read under svp_settings_enter(). */
extern SvpRowReader *svp_reader_over(const SvpMapping *mapping, TupleDesc descriptor,
									 MemoryContext context);
extern void svp_reader_free(SvpRowReader *reader);
extern bool svp_reader_is_for(const SvpRowReader *reader, const SvpMapping *mapping,
							  Relation relation);
extern bool svp_reader_computes(const SvpRowReader *reader);
extern bool svp_reader_fits(SvpRowReader *reader, Relation relation);
extern bool svp_reader_untouched(const SvpRowReader *reader, HeapTuple before, HeapTuple after);
extern bool svp_reader_same(const SvpRowReader *reader, HeapTuple before, HeapTuple after);
extern const char *svp_reader_key_problem(const SvpRowReader *reader, const Oid *types);
extern int32 svp_reader_key_typmod(const SvpRowReader *reader, int part);
extern Datum *svp_reader_key(const SvpRowReader *reader, HeapTuple tuple);
extern Oid	svp_reader_fact_type(const SvpRowReader *reader, int fact);
extern char *svp_reader_key_text(SvpRowReader *reader, const Datum *key);
extern void svp_reader_read(SvpRowReader *reader, HeapTuple tuple, SvpFacts *facts);

/* Read one value as the fact says, e.g. from jsonb given to refund_check(). */
extern void svp_fact_from_text(const SvpFactMapping *fact, const char *value,
							   SvpFactValue *result);

/*
 * Bytes of a key.  An entry of an index has up to a third of a page, where
 * beside it there may be a metric's name, or another key: that would fail the
 * CRM's statement.
 */
#define SVP_LONGEST_KEY 1024

/*
 * For AFTER triggers, of the row that they were called with: as it is by now,
 * for a trigger that came before may have changed it again.  NULL if it is
 * gone.  Calls for what became of it came earlier; but one that found nothing
 * changed that counts has left it to this one.
 */
extern HeapTuple svp_row_latest(Relation relation, HeapTuple tuple);

#endif							/* SVP_FACTS_H */
