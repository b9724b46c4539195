/*-------------------------------------------------------------------------
 *
 * evidence.h
 *		The statements by which an attachment's own tables are read and
 *		written.
 *
 * All of it runs in an SPI connection with the rights of the attachment's
 * owner, and allocates in the current memory context.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_EVIDENCE_H
#define SVP_EVIDENCE_H

#include "attachment.h"
#include "clock.h"

/* One row of the ledger.  Of a reply only kind and time are set. */
typedef struct SvpRecord
{
	int32		seq;
	int64		recorded_at;	/* when its transaction began */
	SvpEvent	event;
	int64		opened_at;
	const char *source_state;	/* the CRM's own word for the state */
	const char *agent;
	const char *customer;
	const char *recorded_by;
} SvpRecord;

/* A refund's decision has two keys. */
#define SVP_MAX_PARAMETERS (2 * INDEX_MAX_KEYS + 32)

/* The parameters of a statement, in order, as they are filled in. */
typedef struct SvpParameters
{
	int			n;
	Datum		values[SVP_MAX_PARAMETERS];
	char		nulls[SVP_MAX_PARAMETERS];
} SvpParameters;

/* The statements are ready; else says why not. */
extern bool svp_evidence_prepare(SvpAttachment *attachment, const char **problem);
extern void svp_evidence_run(SvpAttachment *attachment, SvpStatement which,
							 SvpParameters *parameters, int expected);

/* The operator by which values of a type are equal, as a key's index has it. */
extern const char *svp_equality(Oid type);

/* Filling in a statement's parameters, in order. */
extern void svp_add_value(SvpParameters *parameters, Datum value);
extern void svp_add_optional(SvpParameters *parameters, bool is_set, Datum value);
extern void svp_add_text(SvpParameters *parameters, const char *text);
extern void svp_add_key(SvpParameters *parameters, SvpAttachment *attachment, const Datum *key);
extern void svp_add_ticket(SvpParameters *parameters, const SvpRecord *record);

/* Reading the rows that it gave. */
extern const char *svp_text_field(int row, int number);
extern int64 svp_time_field(int row, int number, bool *is_set);
extern int32 svp_int_field(int row, int number);
extern int	svp_word_field(int row, int number, const char *const *names, int nnames,
						   int otherwise);
extern void svp_read_ticket(int row, int first, SvpRecord *record);

/* Record what could not be understood, for the view of issues. */
extern void svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
							 const char *detail, const char *value);

/* The types of a key in one of our tables, and a key from its parts as text. */
extern void svp_learn_key_types(SvpAttachment *attachment, const char *table,
								const SvpMapping *mapping, Oid **types);
extern Datum *svp_key_from_text(const Oid *types, int nkey, char **parts);

#endif							/* SVP_EVIDENCE_H */
