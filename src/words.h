/*-------------------------------------------------------------------------
 *
 * words.h
 *		The vocabulary of a policy: states, scenario dimensions, modes.
 *
 * Each list is one enum and one table of names in the same order; SQL, the
 * policy document and C all spell a word as it stands here.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WORDS_H
#define SVP_WORDS_H

#include "core.h"

/* The states that a CRM's own states are mapped onto. */
typedef enum SvpState
{
	SVP_STATE_OPEN,
	SVP_STATE_PENDING,
	SVP_STATE_ON_HOLD,
	SVP_STATE_RESOLVED,
	SVP_STATE_CLOSED,
	SVP_STATE_VOID
} SvpState;

#define SVP_NSTATES (SVP_STATE_VOID + 1)
#define SVP_STATE_BIT(state) (((uint32) 1) << (state))

/* The conditions of a scenario. */
typedef enum SvpDimension
{
	SVP_PRIORITY,
	SVP_CHANNEL,
	SVP_CATEGORY,
	SVP_PRODUCT,
	SVP_CUSTOMER_TIER,
	SVP_REGION,
	SVP_TEAM
} SvpDimension;

#define SVP_NDIMENSIONS (SVP_TEAM + 1)

/* What a refund rule does with a refund that it does not allow. */
typedef enum SvpMode
{
	SVP_MODE_ENFORCE,
	SVP_MODE_FLAG,
	SVP_MODE_OBSERVE
} SvpMode;

#define SVP_NMODES (SVP_MODE_OBSERVE + 1)

extern const char *const svp_state_names[SVP_NSTATES];
extern const char *const svp_dimension_names[SVP_NDIMENSIONS];
extern const char *const svp_mode_names[SVP_NMODES];

extern int	svp_word_index(const char *const *names, int nnames, const char *word);

/* Is it no word at all? */
extern bool svp_is_blank(const char *text);

#endif							/* SVP_WORDS_H */
