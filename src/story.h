/*-------------------------------------------------------------------------
 *
 * story.h
 *		Lines of text that tell something, as they are told.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_STORY_H
#define SVP_STORY_H

#include "utils/array.h"

typedef struct SvpStory
{
	ArrayBuildState *lines;		/* as text datums */
	MemoryContext context;		/* where they are kept */
} SvpStory;

extern void svp_tell(SvpStory *story, const char *format,...) pg_attribute_printf(2, 3);

/* An instant in UTC, whatever the session's time zone is. */
extern char *svp_tell_instant(int64 at);

/* A duration in hours, minutes and seconds. */
extern char *svp_tell_duration(int64 usec);

#endif							/* SVP_STORY_H */
