/*-------------------------------------------------------------------------
 *
 * clock_table.c
 *		The clocks of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/date.h"
#include "utils/timestamp.h"

#include "clock_table.h"

static void
read_clock(int row, SvpStoredClock *stored)
{
	SvpClock   *clock = &stored->clock;

	stored->metric = svp_text_field(row, 1);
	if (stored->metric == NULL)
		stored->metric = "";
	clock->cycle = svp_int_field(row, 2);
	stored->benchmark = svp_text_field(row, 3);
	if (stored->benchmark == NULL)
		stored->benchmark = "";
	stored->policy_version = svp_int_field(row, 4);
	stored->calendar = svp_text_field(row, 5);
	clock->state = svp_word_field(row, 6, svp_clock_state_names, SVP_NCLOCK_STATES,
								  SVP_CLOCK_RUNNING);
	clock->started_at = svp_time_field(row, 7, NULL);
	stored->started_on = svp_int_field(row, 8);
	clock->due_at = svp_time_field(row, 9, &clock->has_due);
	clock->at_risk_at = svp_time_field(row, 10, &clock->has_at_risk);
	clock->target = svp_time_field(row, 11, NULL);
	clock->elapsed = svp_time_field(row, 12, NULL);
	clock->paused = svp_time_field(row, 13, NULL);
	clock->counted_from = svp_time_field(row, 14, NULL);
	clock->paused_at = svp_time_field(row, 15, NULL);
	clock->stopped_at = svp_time_field(row, 16, NULL);
	stored->stopped_on = svp_int_field(row, 17);
	svp_read_ticket(row, 18, &stored->record);
	stored->calendar_revision = svp_time_field(row, 27, NULL);
	stored->is_disputed = svp_time_field(row, 28, NULL) != 0;
	stored->imported_at = svp_time_field(row, 29, &stored->is_imported);
}

SvpStoredClock *
svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks)
{
	SvpParameters	parameters = {0};
	SvpStoredClock *clocks;

	svp_add_key(&parameters, attachment, key);
	svp_evidence_run(attachment, SVP_READ_CLOCKS, &parameters, SPI_OK_SELECT);
	*nclocks = SPI_processed;
	clocks = palloc0(sizeof(SvpStoredClock) * (SPI_processed + 1));
	for (int i = 0; i < *nclocks; i++)
		read_clock(i, &clocks[i]);
	SPI_freetuptable(SPI_tuptable);
	return clocks;
}

static void
write_clock(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *stored,
			SvpStatement which, int expected)
{
	const SvpClock *clock = &stored->clock;
	bool		stopped = !SVP_CLOCK_IS_OPEN(clock);
	SvpParameters	parameters = {0};

	svp_add_key(&parameters, attachment, key);
	svp_add_text(&parameters, stored->metric);
	svp_add_value(&parameters, Int32GetDatum(clock->cycle));
	svp_add_text(&parameters, stored->benchmark);
	svp_add_value(&parameters, Int32GetDatum(stored->policy_version));
	svp_add_text(&parameters, stored->calendar);
	svp_add_text(&parameters, svp_clock_state_names[clock->state]);
	svp_add_value(&parameters, TimestampTzGetDatum(clock->started_at));
	svp_add_value(&parameters, DateADTGetDatum(stored->started_on));
	svp_add_optional(&parameters, clock->has_due, TimestampTzGetDatum(clock->due_at));
	svp_add_optional(&parameters, clock->has_at_risk, TimestampTzGetDatum(clock->at_risk_at));
	svp_add_value(&parameters, Int64GetDatum(clock->target));
	svp_add_value(&parameters, Int64GetDatum(clock->elapsed));
	svp_add_value(&parameters, Int64GetDatum(clock->paused));
	svp_add_optional(&parameters, clock->state == SVP_CLOCK_RUNNING,
				 TimestampTzGetDatum(clock->counted_from));
	svp_add_optional(&parameters, clock->state == SVP_CLOCK_PAUSED,
				 TimestampTzGetDatum(clock->paused_at));
	svp_add_optional(&parameters, stopped, TimestampTzGetDatum(clock->stopped_at));
	svp_add_optional(&parameters, stopped, DateADTGetDatum(stored->stopped_on));
	svp_add_ticket(&parameters, &stored->record);
	svp_add_optional(&parameters, stored->calendar != NULL, Int64GetDatum(stored->calendar_revision));
	svp_add_value(&parameters, BoolGetDatum(stored->is_disputed));
	svp_add_optional(&parameters, stored->is_imported, TimestampTzGetDatum(stored->imported_at));
	svp_evidence_run(attachment, which, &parameters, expected);
}

void
svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	write_clock(attachment, key, clock, SVP_ADD_CLOCK, SPI_OK_INSERT);
}

void
svp_clock_change(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	write_clock(attachment, key, clock, SVP_CHANGE_CLOCK, SPI_OK_UPDATE);
}

void
svp_clock_drop(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *stored)
{
	SvpParameters	parameters = {0};

	svp_add_key(&parameters, attachment, key);
	svp_add_text(&parameters, stored->metric);
	svp_add_value(&parameters, Int32GetDatum(stored->clock.cycle));
	svp_evidence_run(attachment, SVP_DROP_CLOCK, &parameters, SPI_OK_DELETE);
}
