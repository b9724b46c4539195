/*-------------------------------------------------------------------------
 *
 * policy.h
 *		The compiled versions of policies, cached in the backend.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_POLICY_H
#define SVP_POLICY_H

#include "policy_document.h"

/* The version in force at an instant, good until the transaction ends; or NULL. */
extern const SvpPolicy *svp_policy_at(const char *policy, int64 at);

/* The same if it need not be read for that, else NULL. */
extern const SvpPolicy *svp_policy_cached_at(const char *policy, int64 at);

/* The versions that are, were or will be in force, and one of them; or NULL. */
extern int *svp_policy_versions(const char *policy, int *n);
extern const SvpPolicy *svp_policy_version(const char *policy, int version);

#endif							/* SVP_POLICY_H */
