/*-------------------------------------------------------------------------
 *
 * rows.h
 *		Reading and writing the rows of an attachment's own tables.
 *
 * All of it runs with the rights of the attachment's owner, and means what a
 * statement of its own would: each call sees what this transaction has done
 * so far, and in READ COMMITTED what others have committed until then; it
 * raises the errors that the statement would.
 *
 * A table that is as attach() made it is read and written through its access
 * methods.  One that its owner has partitioned, distributed, given triggers,
 * row policies, checks or other types is left to prepared statements.
 *
 * A row is the key of a ticket or a refund, and then the table's columns in
 * the order of table.c; a primary key is the first so many of them.  Beside a
 * refund's key, the ticket's comes last.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ROWS_H
#define SVP_ROWS_H

#include "storage/itemptr.h"

#include "attachment.h"
#include "row.h"

/* The tables of tickets, or those that a refund needs, can be used; else says why not. */
extern bool svp_rows_prepare(SvpAttachment *attachment, const char **problem);
extern bool svp_rows_prepare_refund(SvpAttachment *attachment, const char **problem);

/* False for a row of a log whose number is taken. */
extern bool svp_rows_insert(SvpAttachment *attachment, SvpTableId id,
							const Datum *values, const bool *nulls);

/*
 * Insert unless the primary key is taken; false if it is.  Waits for a
 * transaction that is about to take it.  After false, what that transaction
 * did is seen by the next call in READ COMMITTED; under a snapshot that is
 * older than the row, this raises serialization_failure instead.
 *
 * Costs about half as much again as svp_rows_insert(): use that where a lock
 * on the CRM's row already keeps others away.
 */
extern bool svp_rows_insert_new(SvpAttachment *attachment, SvpTableId id,
								const Datum *values, const bool *nulls);

/*
 * The same where a lock on the CRM's row keeps others away as a rule: it costs
 * a third less, but of three who are about to take one key, and of which the
 * first fails, the other two may wait for each other.
 */
extern bool svp_rows_insert_own(SvpAttachment *attachment, SvpTableId id,
								const Datum *values, const bool *nulls);

/*
 * Write all columns of the row with the same primary key; false if there is
 * none.  It is looked for at "place" first, unless that is NULL.
 */
extern bool svp_rows_update(SvpAttachment *attachment, SvpTableId id, ItemPointer place,
							const Datum *values, const bool *nulls);

/* The key is the whole primary key; false if there is no such row. */
extern bool svp_rows_delete(SvpAttachment *attachment, SvpTableId id, const Datum *key);

/*
 * Lock a row FOR NO KEY UPDATE until the end of the transaction; false if
 * there is none.  It waits for whoever holds it; then the next call sees in
 * READ COMMITTED what that one committed.  Under an older snapshot it raises
 * serialization_failure if the row itself was changed since.  What else the
 * holder wrote is then not seen: an insert that collides says so.
 */
extern bool svp_rows_lock(SvpAttachment *attachment, SvpTableId id, const Datum *key);

/*
 * Hand out the rows whose primary key begins with a prefix, in the order of
 * that key or against it, until the consumer returns false.  The values are
 * good for that call only; it allocates in the memory context of the scan's
 * caller.  The place is NULL where there is none to come back to.
 */
typedef bool (*SvpRowConsumer) (void *arg, ItemPointer place, const Datum *values,
								const bool *nulls);

extern void svp_rows_scan(SvpAttachment *attachment, SvpTableId id, int nprefix,
						  const Datum *prefix, bool backward,
						  SvpRowConsumer consume, void *arg);

/*
 * The direct way to a table, which stays open for as long as the current span;
 * NULL if there is none.
 */
struct SvpDirect;
extern struct SvpDirect *svp_rows_direct(SvpAttachment *attachment, SvpTableId id);

/* Let go of what is kept for the tables of an attachment that is freed. */
extern void svp_rows_forget(SvpAttachment *attachment);

#endif							/* SVP_ROWS_H */
