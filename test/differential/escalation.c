/*
 * Climbs the chains that escalation.py writes and prints what fires, a line
 * each: level, occurrence, instant.
 *
 *	calendar ... (see cases.h)
 *	case CALENDAR COUNTED_FROM ELAPSED TARGET DUE_AT IMPORTED_AT ACKNOWLEDGED REOPENED REOPENED_AT UNANSWERED
 *		 UNANSWERED_AT NLEVELS
 *	level NUMBER TRIGGER SHARE OFFSET COUNT AROUND_THE_CLOCK TIMES EVERY WAIT_FOR_HOURS UNLESS_ACKNOWLEDGED
 */
#include "escalation.h"
#include "cases.h"

static SvpEscalationLevel
read_level(void)
{
	SvpEscalationLevel level = {0};

	word();
	level.number = number();
	level.trigger = number();
	level.share = number();
	level.offset = number();
	level.count = number();
	level.around_the_clock = number();
	level.times = number();
	level.every = number();
	level.wait_for_hours = number();
	level.unless_acknowledged = number();
	return level;
}

static void
read_case(void)
{
	SvpEscalationLevel levels[MAX_ITEMS];
	SvpEscalation chain = {.levels = levels};
	SvpClock	clock = {.started = true,.state = SVP_CLOCK_RUNNING,.has_due = true};
	SvpEscalated so_far = {0};
	SvpEscalationPoint next;
	int			which = number();

	clock.calendar = which < 0 ? NULL : calendars[which];
	clock.counted_from = number();
	clock.elapsed = number();
	clock.target = number();
	clock.due_at = number();
	so_far.imported_at = number();
	so_far.is_imported = so_far.imported_at != 0;
	so_far.is_acknowledged = number();
	so_far.reopened = number();
	so_far.reopened_at = number();
	so_far.unanswered = number();
	so_far.unanswered_at = number();
	chain.nlevels = number();
	for (int i = 0; i < chain.nlevels; i++)
		levels[i] = read_level();

	printf("case\n");
	while (svp_escalation_next(&chain, &clock, &so_far, &next))
	{
		printf("%d %d %" PRId64 "\n", next.level->number, next.occurrence, next.at);
		so_far.level = next.level->number;
		so_far.occurrence = next.occurrence;
	}
}

int
main(void)
{
	read_cases(read_case);
	return 0;
}
