/*-------------------------------------------------------------------------
 *
 * discretion.h
 *		What the policy lets the members of database roles decide.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_DISCRETION_H
#define SVP_DISCRETION_H

#include "exception_table.h"

/* What somebody would grant for a refund. */
typedef struct SvpGrant
{
	SvpAttachment *attachment;
	Oid			granter;
	bool		is_approval;
	SvpSubject	subject_kind;
	int			nsubject;
	char	  **subject;		/* as it was given: the parts of a key, or one text */
	int32		grace_days;
	SvpAmount	amount;			/* 0 = none */
	const char *currency;		/* of the amount; NULL = any */
	const char *reason;
	const char *agent;
	int64		granted_at;
	int64		expires_at;
} SvpGrant;

#define SVP_GRANT_KIND(grant) ((grant)->is_approval ? SVP_KIND_APPROVAL : SVP_KIND_EXCEPTION)

extern bool svp_is_member(Oid member, const char *role);

/* Whose discretion a grant is within, if anybody's: how many it may be a month does not count. */
typedef enum SvpWhose
{
	SVP_NOBODYS,
	SVP_OTHERS,
	SVP_THEIR_OWN				/* the granter's */
} SvpWhose;

extern SvpWhose svp_discretion_of(const SvpGrant *grant, const SvpPolicy *policy);

/*
 * Grant it as the member of the first role whose discretion it is within, or
 * complain.  Returns its number.
 */
extern int64 svp_grant_within_discretion(const SvpGrant *grant, const SvpPolicy *policy);

/* The database role in whose month it counts, as the member of a role. */
extern const char *svp_grant_person(const SvpGrant *grant, const char *role);

/*
 * Insert it, as the member of a role who grants at most so many a month; 0
 * of them is any number.  Returns its number, or 0 if there is no room left.
 */
extern int64 svp_grant_insert(const SvpGrant *grant, const char *role, int per_month);

#endif							/* SVP_DISCRETION_H */
