/*-------------------------------------------------------------------------
 *
 * refusal_worker.c
 *		The background worker that records refused refunds.
 *
 * It is started by the first refusal in a database and leaves soon after the
 * last, so that it keeps nobody from dropping the database for long.  A batch
 * is one transaction, and leaves the queue in the moment in which that is
 * committed: a worker that dies before or after loses and repeats nothing.
 *
 * One that dies starts its own successor, since only it knows whether there is
 * work left.  What cannot be recorded is written to the server log.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "attempt.h"
#include "attachment.h"
#include "refund_refusal.h"
#include "refusal_queue.h"
#include "refusal_worker.h"
#include "settings.h"
#include "worker.h"

#define TYPE "service_policy attempts"
#define BATCH_SIZE 100

/* DROP DATABASE waits five seconds for others to leave. */
#define LINGER_MS 1000

/* So many workers may fail with a record. */
#define PATIENCE 3

static Oid	serving = InvalidOid;	/* the database, as long as there is to be a worker */
static bool connected = false;
static SvpRefusal *batch[BATCH_SIZE];
static int	nbatch = 0;

static void
log_given_up(dlist_head *given_up, const char *why)
{
	dlist_iter	iter;

	/* Reporting may be interrupted, and the records are in nobody else's hands. */
	HOLD_INTERRUPTS();
	dlist_foreach(iter, given_up)
		svp_refusal_log(dlist_container(SvpRefusal, node, iter.cur)->record, why);
	svp_refusal_discard(given_up);
	RESUME_INTERRUPTS();
}

void
svp_refusal_worker_start(Oid database)
{
	dlist_head	given_up;

	if (svp_worker_start("svp_refusal_worker_main", TYPE, database, 0) != NULL)
		return;
	svp_refusal_give_up(database, &given_up);
	log_given_up(&given_up, "there is no room for a background worker, see max_worker_processes");
}

/* Of the postmaster.  After a crash shared memory is not to be trusted. */
static void
server_ends(int code, Datum arg)
{
	dlist_head	given_up;

	if (code != 0)
		return;
	svp_refusal_give_up(InvalidOid, &given_up);
	log_given_up(&given_up, "the server was shut down");
}

void
svp_refusal_worker_init(void)
{
	svp_refusal_queue_init(server_ends);
}

/* The worker */

static void
worker_died(int code, Datum arg)
{
	dlist_head	given_up;

	if (!OidIsValid(serving))
		return;
	if (svp_refusal_fail(serving, connected ? PATIENCE : 0, &given_up))
		svp_refusal_worker_start(serving);
	log_given_up(&given_up, "the background workers that were to write it failed");
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT && nbatch > 0)
	{
		svp_refusal_done(batch, nbatch);
		nbatch = 0;
	}
}

typedef struct Insertion
{
	const char *schema;
	SPIPlanPtr	plan;			/* NULL until it is needed */
	const char *record;
} Insertion;

static SPIPlanPtr
prepare(const char *schema)
{
	Oid			type = TEXTOID;
	char	   *table = quote_qualified_identifier(schema, "refund_attempt");
	char	   *sequence = quote_qualified_identifier(schema, "refund_attempt_id_seq");
	SPIPlanPtr	plan = SPI_prepare(psprintf("INSERT INTO %s SELECT attempt.* FROM jsonb_populate_record("
											"NULL::%s, $1::jsonb || jsonb_build_object('attempt_id', nextval(%s))) AS attempt",
											table, table, quote_literal_cstr(sequence)), 1, &type);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

static void
insert_one(void *arg)
{
	Insertion  *insertion = arg;
	Datum		record = CStringGetTextDatum(insertion->record);

	if (insertion->plan == NULL)
		insertion->plan = prepare(insertion->schema);
	if (SPI_execute_plan(insertion->plan, &record, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not record a refused refund");
}

/*
 * With the owner's rights and no more: triggers of his on the table run too,
 * and may leave nothing to be run when we are superuser again.
 */
static void
insert_batch(void)
{
	Insertion	insertion = {psprintf("%s_data", batch[0]->attachment), NULL, NULL};
	SvpCaller	caller;
	int			level;

	if (!svp_schema_enter(insertion.schema, SECURITY_RESTRICTED_OPERATION, &caller))
	{
		for (int i = 0; i < nbatch; i++)
			svp_refusal_log(batch[i]->record, "the attachment's schema is gone");
		return;
	}
	level = svp_settings_enter();
	for (int i = 0; i < nbatch; i++)
	{
		ErrorData  *error;

		insertion.record = batch[i]->record;
		error = svp_attempt(insert_one, &insertion);
		if (error != NULL)
			svp_refusal_log(batch[i]->record, error->message);
	}
	svp_settings_leave(level);
	svp_attachment_leave(&caller);
}

void
svp_refusal_worker_main(Datum arg)
{
	Oid			database = DatumGetObjectId(arg);

	if (!svp_refusal_serve(database))
		return;
	serving = database;
	before_shmem_exit(worker_died, (Datum) 0);
	svp_worker_connect(database);
	connected = true;
	RegisterXactCallback(transaction_ended, NULL);
	do
	{
		while ((nbatch = svp_refusal_batch(database, batch, BATCH_SIZE)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			svp_worker_begin("recording refused refunds");
			insert_batch();
			svp_worker_end();
		}
	} while (!svp_worker_wait(LINGER_MS) || !svp_refusal_leave(database));
	serving = InvalidOid;
}
