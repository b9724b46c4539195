/*-------------------------------------------------------------------------
 *
 * policy_check.c
 *		The SQL functions that read a document which is given to them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "config.h"
#include "policy_document.h"
#include "result_set.h"

PG_FUNCTION_INFO_V1(svp_document_problems);
PG_FUNCTION_INFO_V1(svp_validate_policy);
PG_FUNCTION_INFO_V1(svp_text_in_language);

/*
 * The calendars that there are, as a check of documents sees them.
 */
typedef struct Calendars
{
	MemoryContext context;
	int			n;
	const char **name;
	bool	   *has_hours;
} Calendars;

static void
consume_calendars(void *arg)
{
	Calendars  *calendars = arg;
	MemoryContext old = MemoryContextSwitchTo(calendars->context);

	calendars->n = SPI_processed;
	calendars->name = palloc(Max(SPI_processed, 1) * sizeof(char *));
	calendars->has_hours = palloc(Max(SPI_processed, 1) * sizeof(bool));
	for (int i = 0; i < calendars->n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		bool		isnull;

		calendars->name[i] = SPI_getvalue(row, columns, 1);
		calendars->has_hours[i] = DatumGetBool(SPI_getbinval(row, columns, 2, &isnull));
	}
	MemoryContextSwitchTo(old);
}

static const char *
calendar_problem(const char *calendar, void *arg)
{
	Calendars  *calendars = arg;
	int			index = svp_word_index(calendars->name, calendars->n, calendar);

	if (index < 0)
		return "does not exist; insert it into service_policy.calendar first";
	if (!calendars->has_hours[index])
		return "has no opening hours; insert them into service_policy.calendar_hours";
	return NULL;
}

/* Answer with a set of (path, problem). */
static Datum
return_problems(FunctionCallInfo fcinfo, List *problems)
{
	SvpResultSet set;
	ListCell   *cell;

	svp_result_begin(fcinfo, &set);
	foreach(cell, problems)
	{
		SvpProblem *problem = lfirst(cell);
		Datum		values[] = {
			CStringGetTextDatum(problem->path), CStringGetTextDatum(problem->problem)
		};
		bool		nulls[] = {false, false};

		svp_result_add(&set, values, nulls);
	}
	return (Datum) 0;
}

/*
 * service_policy._document_problems(document jsonb) → setof (path, problem):
 * what is wrong with a document by itself.
 */
Datum
svp_document_problems(PG_FUNCTION_ARGS)
{
	List	   *problems;

	(void) svp_policy_parse(PG_GETARG_JSONB_P(0), NULL, NULL, &problems);
	return return_problems(fcinfo, problems);
}

/*
 * service_policy.validate_policy(document jsonb) → setof (path, problem): what
 * is wrong with a document here, where its calendars must exist.
 */
Datum
svp_validate_policy(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	Calendars	calendars = {CurrentMemoryContext};
	List	   *problems;

	(void) svp_config_read(SVP_CONFIG_CALENDAR,
						   "SELECT name,"
						   "       EXISTS (SELECT FROM service_policy.calendar_hours h"
						   "                WHERE h.calendar = c.name)"
						   "    OR EXISTS (SELECT FROM service_policy.calendar_date d"
						   "                WHERE d.calendar = c.name AND d.opens IS NOT NULL)"
						   "  FROM service_policy.calendar c",
						   0, NULL, NULL, consume_calendars, &calendars);
	(void) svp_policy_parse(document, calendar_problem, &calendars, &problems);
	return return_problems(fcinfo, problems);
}

/*
 * service_policy._text_in(content jsonb, language text) → text: a document's
 * text in a language, or in the one that comes nearest.
 */
Datum
svp_text_in_language(PG_FUNCTION_ARGS)
{
	SvpReader	reader = {NIL};
	SvpNode		root;
	SvpText		content;
	const char *found;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	svp_node_root(&reader, PG_GETARG_JSONB_P(0), &root);
	svp_read_text(&root, &content);
	found = svp_text_in(&content,
						PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
						NULL);
	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(found));
}
