/*-------------------------------------------------------------------------
 *
 * table.h
 *		One of an attachment's own tables, as rows.c and its two ways see it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TABLE_H
#define SVP_TABLE_H

#include "lib/ilist.h"
#include "storage/lockdefs.h"
#include "utils/resowner.h"

#include "rows.h"

typedef struct SvpColumn
{
	const char *name;
	Oid			type;
} SvpColumn;

/* Whose key the columns of a table begin with. */
typedef enum SvpTableKey
{
	SVP_KEY_OF_TICKET,
	SVP_KEY_OF_REFUND,
	SVP_KEY_OF_ITS_OWN			/* among the columns of its shape */
} SvpTableKey;

/* What a table has besides the key. */
typedef struct SvpTableShape
{
	SvpTableKey key;
	const char *name;
	int			ncolumns;
	const SvpColumn *columns;
	int			nprimary;		/* so many of them complete the primary key */
	bool		is_log;			/* rows are only inserted, and read by ticket */
} SvpTableShape;

/* Statements over a table; scans by length of the prefix beyond the key. */
#define SVP_SCAN_DEPTHS 5

typedef enum SvpStatement
{
	SVP_STATEMENT_INSERT,
	SVP_STATEMENT_INSERT_NEW,
	SVP_STATEMENT_UPDATE,
	SVP_STATEMENT_DELETE,
	SVP_STATEMENT_LOCK,
	SVP_STATEMENT_FORWARD,
	SVP_STATEMENT_BACKWARD = SVP_STATEMENT_FORWARD + SVP_SCAN_DEPTHS
} SvpStatement;

#define SVP_NSTATEMENTS (SVP_STATEMENT_BACKWARD + SVP_SCAN_DEPTHS)

typedef struct SvpDirect SvpDirect;
typedef struct SvpSpan SvpSpan;

typedef struct SvpTable
{
	SvpAttachment *attachment;
	const SvpTableShape *shape;
	int			nkey;			/* columns of the key */
	char	  **key_names;
	int			nticket;		/* columns of a ticket's key at the end of a row … */
	char	  **ticket_names;	/* … that begins with another */
	Oid			relid;
	bool		valid;			/* reset when the relation may have changed */
	dlist_node	link;			/* in the list of all tables */

	/* one of two ways */
	SvpDirect  *direct;			/* NULL: by statements */
	bool		busy;			/* "direct" is being used … */
	SubTransactionId busy_in;	/* … in this subtransaction */
	SvpSpan    *span;			/* for which "direct" stays open, or NULL */
	SPIPlanPtr	plans[SVP_NSTATEMENTS];
	bool		has_statements; /* all those that are needed are prepared */
} SvpTable;

#define SVP_TABLE_WIDTH(table) ((table)->nkey + (table)->shape->ncolumns + (table)->nticket)
#define SVP_TABLE_PRIMARY(table) ((table)->nkey + (table)->shape->nprimary)

/* table.c */
extern const char *svp_table_column(const SvpTable *table, int i);
extern Oid	svp_table_column_type(const SvpTable *table, int i);
extern SvpTable *svp_table_get(SvpAttachment *attachment, SvpTableId id);
extern bool svp_table_is_bound(const SvpTable *table);
extern bool svp_table_is_open(const SvpTable *table);
extern void svp_table_bind(SvpTable *table, LOCKMODE lock);

/* span.c */
extern void svp_span_watch(void);
extern SvpSpan *svp_span_current(void);
extern dlist_head svp_tables;

/* statement.c */
extern void svp_statements_make(SvpTable *table);
extern bool svp_statements_are_good(const SvpTable *table);
extern bool svp_statement_run(SvpTable *table, SvpStatement which, const Datum *values,
							  const bool *nulls);
extern void svp_statement_scan(SvpTable *table, int nprefix, const Datum *prefix, bool backward,
							   SvpRowConsumer consume, void *arg);

#endif							/* SVP_TABLE_H */
