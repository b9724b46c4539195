/*-------------------------------------------------------------------------
 *
 * attachment.h
 *		One ticket table under policy, as loaded from its configuration.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ATTACHMENT_H
#define SVP_ATTACHMENT_H

#include "executor/spi.h"
#include "utils/array.h"

#include "facts.h"
#include "words.h"
#include "write_back.h"

/* An attachment's own tables, see rows.h: the ticket's, then the refunds'. */
typedef enum SvpTableId
{
	SVP_LEDGER,
	SVP_MESSAGE,
	SVP_CLOCK,
	SVP_ISSUE,
	SVP_DEADLINE_MOVE,
	SVP_ESCALATION,
	SVP_ESCALATION_ACTION,
	SVP_REFUND_DECISION,
	SVP_REFUND_TALLY
} SvpTableId;

#define SVP_LAST_TICKET_TABLE SVP_ESCALATION_ACTION
#define SVP_NTABLES (SVP_REFUND_TALLY + 1)

struct SvpTable;

/* The statements that are kept prepared for its exceptions, see exception_table.c. */
typedef enum SvpExceptionStatement
{
	SVP_EXCEPTION_OPEN,
	SVP_EXCEPTION_LOCK,
	SVP_EXCEPTION_MARK_USED,
	SVP_EXCEPTION_MOVE
} SvpExceptionStatement;

#define SVP_NEXCEPTION_STATEMENTS (SVP_EXCEPTION_MOVE + 1)

/* Those for its actions, see action_row.c. */
typedef enum SvpActionStatement
{
	SVP_ACTION_FIND,
	SVP_ACTION_LOCK,
	SVP_ACTION_TAKE,
	SVP_ACTION_DONE,
	SVP_ACTION_FAIL
} SvpActionStatement;

#define SVP_NACTION_STATEMENTS (SVP_ACTION_FAIL + 1)

/* A row that an UPDATE took from one partition to another. */
typedef struct SvpDeparture
{
	Oid			partition;		/* that it left, where it still lies */
	ItemPointerData place;
	TransactionId by;
	CommandId	command;
} SvpDeparture;

typedef struct SvpAttachment
{
	char	   *name;
	char	   *policy;
	char	   *data_schema;	/* "<name>_data" */
	SvpMapping *ticket;
	SvpMapping *refund;			/* NULL without attach_refunds() */
	List	   *histories;		/* SvpMapping, of attach_history() */
	SvpMapping *message;		/* NULL without attach_messages() */
	List	   *children;		/* SvpMapping, of attach_child() */
	int			nstates;
	char	  **source_states;	/* the CRM's states … */
	SvpState   *states;			/* … and what they mean */
	bool		has_default;	/* "*" is mapped, onto */
	SvpState	default_state;
	int			nwrites;
	SvpWriteColumn *writes;		/* columns of the ticket's row that we set */

	MemoryContext context;		/* holds all of this */
	List	   *readers;		/* SvpRowReader, one a relation seen */
	List	   *sources;		/* see source.c */
	SPIPlanPtr	fingerprint;	/* see snapshot.c */
	Oid		   *key_types;		/* of the ticket's key in our tables … */
	int32	   *key_typmods;	/* … with their lengths … */
	Oid		   *key_collations;
	struct SvpTable *tables[SVP_NTABLES];
	char	   *refund_table;	/* with its schema, quoted; NULL without one */
	Oid		   *refund_key_types;	/* of a refund's key in our tables */
	SPIPlanPtr	exception_plans[SVP_NEXCEPTION_STATEMENTS];
	SPIPlanPtr	action_plans[SVP_NACTION_STATEMENTS];
	SvpDeparture departed;		/* the refund that left its partition last */
} SvpAttachment;

/* Does more than its own row tell of a ticket? */
#define SVP_HAS_OTHER_ROWS(attachment) \
	((attachment)->message != NULL || (attachment)->children != NIL)

/*
 * NULL when there is none and missing_ok.  The result is good until the end
 * of the transaction.
 */
extern SvpAttachment *svp_attachment_get(const char *name, bool missing_ok);

/* NULL when it has to be read, for which see the other. */
extern SvpAttachment *svp_attachment_cached(const char *name);

/*
 * The reader of a mapping for the relation at hand; NULL and a problem when
 * the mapping no longer fits it.
 */
extern SvpRowReader *svp_attachment_reader(SvpAttachment *attachment, const SvpMapping *mapping,
										   Relation relation, const char **problem);

extern void svp_attachment_keep_plan(SPIPlanPtr *kept, SPIPlanPtr plan);

/* False when the CRM's state is not in the status map. */
extern bool svp_attachment_state(const SvpAttachment *attachment,
								 const char *source, SvpState *state);

/*
 * Act as the owner of the attachment's tables, and return to the caller.
 * false when the data schema is gone.  An error on the way returns by itself:
 * (sub)transaction abort restores the user.
 */
typedef struct SvpCaller
{
	Oid			user;
	int			context;
} SvpCaller;

extern bool svp_attachment_enter(const SvpAttachment *attachment, SvpCaller *caller);

/* The same by the schema's name, and with restrictions such as SECURITY_RESTRICTED_OPERATION. */
extern bool svp_schema_enter(const char *schema, int restriction, SvpCaller *caller);
extern void svp_attachment_leave(const SvpCaller *caller);

/* The role's name, or its number if it was dropped while its session goes on. */
extern const char *svp_role_name(Oid role);

extern void svp_attachment_check_reader(const SvpAttachment *attachment, const char *view);

/*
 * Complain unless the caller may act on the things that a view shows: that is
 * for who was granted UPDATE on it, which itself nobody can update.
 */
extern void svp_attachment_check_actor(const SvpAttachment *attachment, const char *view,
									   const char *things, const char *to_do);

/* The elements of a text array without NULLs. */
extern char **svp_text_array(ArrayType *array, int *n);

#endif							/* SVP_ATTACHMENT_H */
