/*-------------------------------------------------------------------------
 *
 * attempt.c
 *		Run something that may fail without failing the statement.
 *
 * Recording must never break what the CRM does, so whatever runs other
 * people's expressions runs in a subtransaction.  One that writes nothing
 * takes no transaction id and costs about a microsecond.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "attempt.h"

/* How long to wait for a lock while holding others that somebody may want. */
#define PATIENCE "20ms"

/*
 * An error that the caller must see: a statement that is cancelled, or did not
 * get a lock in time, or has to be tried again as a whole.
 */
static bool
must_propagate(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_QUERY_CANCELED ||
		sqlerrcode == ERRCODE_ASSERT_FAILURE ||
		sqlerrcode == ERRCODE_OUT_OF_MEMORY ||
		sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_T_R_SERIALIZATION_FAILURE);
}

ErrorData *
svp_attempt_whatever(void (*work) (void *arg), void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		work(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();

	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}

/*
 * Only now, since nobody further out would end our subtransaction.
 */
static ErrorData *
propagate(ErrorData *error)
{
	if (error != NULL && must_propagate(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

ErrorData *
svp_attempt(void (*work) (void *arg), void *arg)
{
	return propagate(svp_attempt_whatever(work, arg));
}

typedef struct Errand
{
	void		(*work) (void *arg);
	void	   *arg;
} Errand;

static void
do_impatiently(void *arg)
{
	Errand	   *errand = arg;
	int			level = NewGUCNestLevel();

	(void) set_config_option("lock_timeout", PATIENCE, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	errand->work(errand->arg);
	AtEOXact_GUC(false, level);
}

/*
 * The same for work that waits for no lock for long: that ends it with
 * ERRCODE_LOCK_NOT_AVAILABLE, which is returned.
 */
ErrorData *
svp_attempt_impatiently(void (*work) (void *arg), void *arg)
{
	Errand		errand = {work, arg};
	ErrorData  *error = svp_attempt_whatever(do_impatiently, &errand);

	return error != NULL && error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ?
		error : propagate(error);
}
