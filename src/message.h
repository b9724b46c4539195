/*-------------------------------------------------------------------------
 *
 * message.h
 *		What a row of a message table says.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_MESSAGE_H
#define SVP_MESSAGE_H

#include "message_table.h"

typedef struct SvpReading
{
	Datum	   *ticket;			/* whose message it is; NULL: nobody's, or not known */
	bool		has_place;		/* the message's time and name are known */
	bool		counts;			/* it is a public one of a customer or an agent */
	bool		failed;			/* nobody knows; it counts as it did before */
	SvpMessage	message;

	/* What could not be understood; problem is NULL if all was. */
	const char *problem;
	const char *detail;
	const char *value;
} SvpReading;

extern void svp_message_read(SvpAttachment *attachment, SvpRowReader *reader, HeapTuple tuple,
							 SvpReading *reading);

/* Put down what could not be understood: as an issue of its ticket, or a warning. */
extern void svp_message_report(SvpAttachment *attachment, const SvpReading *reading);

/*
 * The key of the ticket that a row of a message or child table names, by its
 * fact "ticket".  NULL if it names none, or one that no ticket can have, which
 * gives a problem.
 */
extern Datum *svp_ticket_named(const SvpAttachment *attachment, const SvpMapping *mapping,
							   const SvpFacts *facts, const char **problem);

#endif							/* SVP_MESSAGE_H */
