/*-------------------------------------------------------------------------
 *
 * story.c
 *		Lines of text that tell something, as they are told.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "story.h"

void
svp_tell(SvpStory *story, const char *format,...)
{
	StringInfoData line;

	initStringInfo(&line);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&line, needed);
	}
	story->lines = accumArrayResult(story->lines, CStringGetTextDatum(line.data), false,
									TEXTOID, story->context);
}

char *
svp_tell_instant(int64 at)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(at, NULL, &tm, &fraction, NULL, NULL) != 0)
		return "out of range";
	if (fraction != 0)
		return psprintf("%04d-%02d-%02d %02d:%02d:%02d.%06d", tm.tm_year, tm.tm_mon, tm.tm_mday,
						tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fraction);
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *
svp_tell_duration(int64 usec)
{
	int64		seconds = (usec < 0 ? -usec : usec) / USECS_PER_SEC;

	return psprintf("%s" INT64_FORMAT ":%02d:%02d", usec < 0 ? "-" : "",
					seconds / SECS_PER_HOUR,
					(int) (seconds % SECS_PER_HOUR / SECS_PER_MINUTE),
					(int) (seconds % SECS_PER_MINUTE));
}
