/*-------------------------------------------------------------------------
 *
 * ticket_history.c
 *		From a CRM's history of a ticket to its ledger.
 *
 * Each row of a history tells of some fields what they became, and perhaps
 * what they were.  Walked through in time they give what the ticket was at
 * each moment; fields of which they never tell are as the row now has them.
 * What happened at one instant is one event.
 *
 * A ticket that is known already has records of its own from the moment when
 * it became known: only what is older is added, under numbers below theirs,
 * so that the newest record goes on being the row as it was last seen.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "ticket_history.h"
#include "ticket_row.h"

#define FIELD_STATE 0
#define FIELD_AGENT (SVP_NDIMENSIONS + 1)
#define FIELD_CUSTOMER (SVP_NDIMENSIONS + 2)

static const char *
field_name(int field)
{
	switch (field)
	{
		case FIELD_STATE:
			return "state";
		case FIELD_AGENT:
			return "agent";
		case FIELD_CUSTOMER:
			return "customer";
		default:
			return svp_dimension_names[field - 1];
	}
}

static const char **
field_of(SvpRecord *record, int field)
{
	switch (field)
	{
		case FIELD_STATE:
			return &record->source_state;
		case FIELD_AGENT:
			return &record->agent;
		case FIELD_CUSTOMER:
			return &record->customer;
		default:
			return &record->event.scenario.value[field - 1];
	}
}

static const char *
text_of(const SvpMapping *mapping, const SvpFacts *facts, const char *name, bool *is_mapped)
{
	int			i = svp_mapping_find(mapping, name);

	*is_mapped = i >= 0;
	return i >= 0 && facts->values[i].set ? facts->values[i].text : NULL;
}

/*
 * A field is told of where the row has a value for it, before or after.
 */
static SvpField
read_field(const SvpMapping *mapping, const SvpFacts *facts, int field)
{
	SvpField	result;
	bool		is_mapped;

	result.after = text_of(mapping, facts, field_name(field), &is_mapped);
	result.before = text_of(mapping, facts, psprintf("old_%s", field_name(field)),
							&result.has_before);
	result.is_told = result.after != NULL || result.before != NULL;
	return result;
}

bool
svp_change_read(const SvpMapping *mapping, const SvpFacts *facts, SvpChange *change,
				const char **problem)
{
	int			i = svp_mapping_at(mapping, SVP_NAME_CHANGED_AT);

	*problem = i < 0 ? NULL : facts->values[i].problem;
	if (i < 0 || !facts->values[i].set)
		return false;
	change->at = facts->values[i].number;
	for (int field = 0; field < SVP_NFIELDS; field++)
		change->fields[field] = read_field(mapping, facts, field);
	return true;
}

static bool
tells(const SvpChange *changes, int nchanges, int field)
{
	for (int i = 0; i < nchanges; i++)
	{
		if (changes[i].fields[field].is_told)
			return true;
	}
	return false;
}

/*
 * Put a field back to what it was at the opening.  True where that is told.
 */
static bool
rewind_field(SvpTicket *ticket, SvpRecord *record, int field, const SvpChange *changes,
			 int nchanges)
{
	for (int i = 0; i < nchanges; i++)
	{
		const SvpField *told = &changes[i].fields[field];

		if (!told->is_told)
			continue;
		if (field == FIELD_STATE)
		{
			record->source_state = told->before;
			record->event.state = told->before == NULL ? SVP_STATE_OPEN :
				svp_ticket_state(ticket, told->before, NULL);
		}
		else if (told->has_before)
			*field_of(record, field) = told->before;
		return told->has_before;
	}
	return false;
}

static void
apply(SvpTicket *ticket, SvpRecord *record, const SvpChange *change)
{
	SvpRecord	before = *record;

	for (int field = 0; field < SVP_NFIELDS; field++)
	{
		if (change->fields[field].is_told)
			*field_of(record, field) = change->fields[field].after;
	}
	if (change->fields[FIELD_STATE].is_told && record->source_state != NULL)
		record->event.state = svp_ticket_state(ticket, record->source_state, &before);
}

static int
compare_changes(const void *a, const void *b)
{
	const SvpChange *one = *(SvpChange *const *) a;
	const SvpChange *two = *(SvpChange *const *) b;

	if (one->at != two->at)
		return one->at < two->at ? -1 : 1;
	return one < two ? -1 : one > two;
}

/*
 * Put changes of several tables in order of time, those of one instant as
 * they were given.
 */
static void
sort_changes(SvpChange *changes, int nchanges)
{
	SvpChange **order;
	SvpChange  *sorted;
	int			i = 1;

	while (i < nchanges && changes[i - 1].at <= changes[i].at)
		i++;
	if (i >= nchanges)
		return;
	order = palloc(sizeof(SvpChange *) * nchanges);
	sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(SvpChange) * (Size) nchanges);
	for (i = 0; i < nchanges; i++)
		order[i] = &changes[i];
	qsort(order, nchanges, sizeof(SvpChange *), compare_changes);
	for (i = 0; i < nchanges; i++)
		sorted[i] = *order[i];
	memcpy(changes, sorted, sizeof(SvpChange) * (Size) nchanges);
	pfree(sorted);
	pfree(order);
}

/* The instants of which the ledger knows a change. */
typedef struct Known
{
	int			n;
	int64	   *at;
	bool		is_anything;
	SvpState	opened_in;
	bool		is_inferred;	/* … from what the ticket was later */
	int32		first_seq;
	int64		since;			/* when the ticket became known */
} Known;

static int
compare_times(const void *a, const void *b)
{
	int64		one = *(const int64 *) a;
	int64		two = *(const int64 *) b;

	return one < two ? -1 : one > two;
}

static void
learn_known(const SvpLedger *ledger, Known *known)
{
	*known = (Known) {.at = palloc(sizeof(int64) * Max(ledger->nrecords, 1)),.first_seq = 1};
	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.kind == SVP_EVENT_CHANGED || record->event.kind == SVP_EVENT_LEFT)
			known->at[known->n++] = record->event.at;
		if (record->event.kind == SVP_EVENT_OPENED)
		{
			known->is_anything = true;
			known->opened_in = record->event.state;
			known->is_inferred = record->source_state == NULL;
			known->since = record->recorded_at;
		}
		known->first_seq = Min(known->first_seq, record->seq);
	}
	qsort(known->at, known->n, sizeof(int64), compare_times);
}

static bool
is_known(const Known *known, int64 at)
{
	return (known->is_anything && at >= known->since) ||
		(known->n > 0 && bsearch(&at, known->at, known->n, sizeof(int64), compare_times) != NULL);
}

/*
 * Until when the ticket was open, where its history does not tell of states
 * but its row does.
 */
static int64
open_until(SvpTicket *ticket, const SvpFacts *facts, SvpState state)
{
	const SvpMapping *mapping = ticket->attachment->ticket;
	int			i = state == SVP_STATE_RESOLVED ? svp_mapping_at(mapping, SVP_NAME_RESOLVED_AT) :
		state == SVP_STATE_CLOSED ? svp_mapping_at(mapping, SVP_NAME_CLOSED_AT) : -1;

	if (state == SVP_STATE_OPEN)
		return PG_INT64_MAX;
	return i >= 0 && facts->values[i].set ? facts->values[i].number :
		svp_ticket_event_time(ticket, facts, NULL, state);
}

/*
 * Does the opening, as it is or will be recorded, say what the ticket was?
 * One without a state of the CRM's takes that from the earliest change.
 */
static bool
opening_tells(const Known *known, const SvpRecord *record, bool is_rewound)
{
	if (known->is_anything && record->event.state != known->opened_in)
		return false;
	return !is_rewound ||
		(known->is_anything ? !known->is_inferred : record->source_state != NULL);
}

/*
 * An event, unless it is known: with "emit", record it.  Returns how many.
 */
static int
tell(SvpTicket *ticket, const SvpRecord *record, const Known *known, int64 at, bool emit)
{
	if (is_known(known, at))
		return 0;
	if (emit)
		svp_ticket_append(ticket, *record, SVP_EVENT_CHANGED, at);
	return 1;
}

/*
 * Is the state at the opening a change of that moment, since a row that was
 * seen then would have told it so (record_opening)?
 */
static bool
was_open_before(const SvpTicket *ticket, const SvpFacts *facts, SvpState state)
{
	int			changed_at = svp_mapping_at(ticket->attachment->ticket, SVP_NAME_CHANGED_AT);

	if (state == SVP_STATE_RESOLVED || state == SVP_STATE_CLOSED)
		return true;
	return state != SVP_STATE_OPEN && changed_at >= 0 && facts->values[changed_at].set;
}

static void
append_opening(SvpTicket *ticket, SvpRecord record, bool was_open)
{
	if (was_open)
	{
		record.event.state = SVP_STATE_OPEN;
		record.source_state = NULL;
	}
	svp_ticket_append(ticket, record, SVP_EVENT_OPENED, record.opened_at);
}

/*
 * Find the events: with "emit", record them; else count them.
 */
static int
walk(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *row, const Known *known,
	 const SvpChange *changes, int nchanges, bool emit)
{
	bool		has_states = tells(changes, nchanges, FIELD_STATE);
	int64		left_open = has_states ? PG_INT64_MAX :
		open_until(ticket, facts, row->event.state);
	SvpRecord	record = *row;
	bool		is_rewound = false;
	bool		was_open;
	int			n = 0;

	for (int field = 0; field < SVP_NFIELDS; field++)
		is_rewound |= rewind_field(ticket, &record, field, changes, nchanges);
	if (!has_states && row->event.state != SVP_STATE_OPEN)
	{
		record.event.state = SVP_STATE_OPEN;
		record.source_state = NULL;
	}
	was_open = !known->is_anything && was_open_before(ticket, facts, record.event.state);
	if (emit && !known->is_anything)
		append_opening(ticket, record, was_open);
	if (was_open || !opening_tells(known, &record, is_rewound))
		n += tell(ticket, &record, known, record.opened_at, emit);
	for (int i = 0; i < nchanges; i++)
	{
		if (changes[i].at >= left_open)
		{
			record.event.state = row->event.state;
			record.source_state = row->source_state;
			if (left_open < changes[i].at)
				n += tell(ticket, &record, known, left_open, emit);
			left_open = PG_INT64_MAX;
		}
		apply(ticket, &record, &changes[i]);
		if (i + 1 == nchanges || changes[i + 1].at != changes[i].at)
			n += tell(ticket, &record, known, changes[i].at, emit);
	}
	return n;
}

/*
 * What is added may be later than what was recorded: the next record takes all
 * of them to tell.
 */
static void
forget_order(SvpTicket *ticket)
{
	const SvpRecord *latest = svp_ledger_latest(&ticket->ledger);
	SvpRecord	record;

	if (ticket->is_preview || latest == NULL || !latest->in_order)
		return;
	record = *latest;
	record.in_order = false;
	svp_ledger_amend(ticket->attachment, ticket->key, &ticket->ledger, &record);
}

void
svp_ticket_add_history(SvpTicket *ticket, const SvpFacts *facts, SvpChange *changes, int nchanges)
{
	bool		is_preview = ticket->is_preview;
	int			next_seq = ticket->next_seq;
	SvpRecord	row;
	Known		known;
	int			n;

	/* what is wrong with the row is said when that is recorded */
	ticket->is_preview = true;
	if (nchanges == 0 || !facts->included || facts->problem != NULL ||
		!svp_ticket_snapshot(ticket, facts, svp_ledger_latest(&ticket->ledger), &row))
	{
		ticket->is_preview = is_preview;
		return;
	}
	sort_changes(changes, nchanges);
	learn_known(&ticket->ledger, &known);
	n = walk(ticket, facts, &row, &known, changes, nchanges, false);
	ticket->is_preview = is_preview;
	if (n == 0)
		return;
	svp_ledger_reserve(&ticket->ledger, n + 1);
	if (known.is_anything)
	{
		forget_order(ticket);
		ticket->next_seq = known.first_seq - n;
	}
	(void) walk(ticket, facts, &row, &known, changes, nchanges, true);
	if (known.is_anything)
		ticket->next_seq = next_seq;
}
