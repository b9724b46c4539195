/*-------------------------------------------------------------------------
 *
 * key.h
 *		Keys of tickets and refunds, as an attachment's own tables have them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_KEY_H
#define SVP_KEY_H

#include "attachment.h"

extern Oid	svp_data_relation(const SvpAttachment *attachment, const char *table);
extern void svp_learn_key_types(SvpAttachment *attachment, const char *table,
								const SvpMapping *mapping, Oid **types);

/* The same of the ticket's key, with the rest of what its columns are. */
extern void svp_learn_ticket_key(SvpAttachment *attachment, const char *table);

/*
 * Fit the key of a row to our columns, where those of its table may be longer;
 * NULL, or why it does not fit.
 */
extern const char *svp_fit_key(const SvpAttachment *attachment, const SvpRowReader *reader,
							   Datum *key);

/* Are two keys of a ticket the same as its index has it, as 1.0 and 1.00; or even byte for byte? */
extern bool svp_same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b);
extern bool svp_same_image(const Oid *types, int nkey, const Datum *a, const Datum *b);

/* Two keys of a refund, which may be NULL, byte for byte. */
extern bool svp_refund_same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b);

/* An operator of a type, qualified: that of another schema is not found by its name alone. */
extern const char *svp_operator(Oid operator, Oid type);

/* The operator by which values of a type are equal, as a key's index has it. */
extern const char *svp_equality(Oid type);

/* What a part of a ticket's key is called beside a refund's, see _ticket_columns() in refund.sql. */
extern char *svp_ticket_column(const SvpMapping *ticket, int part);
extern char *svp_key_part_text(Oid type, Datum value);
extern Datum *svp_key_from_text(const Oid *types, int nkey, char **parts);

/* The same of a ticket, as our columns have it: one that is too long is an error. */
extern Datum *svp_ticket_key_from_text(const SvpAttachment *attachment, char **parts);

/* The same where a person gave it, who is told which part cannot be read: of what, and the columns' names. */
extern Datum *svp_key_given(const char *of, char **names, const Oid *types, int nkey, char **parts);

#endif							/* SVP_KEY_H */
