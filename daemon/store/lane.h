/* SPDX-License-Identifier: MIT
 * L1, inside the store only.  Lanes: what one instance has to do for one thread, one row after the other. */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "store/db.h"

/* In the words of the index journal_lane.  Not with IN: see schema.sql. */
#define IS_ACTIVE "(state = 'new' OR state = 'waiting' OR state = 'filing' OR state = 'sending' OR state = 'ambiguous')"

bool state_is_active(const char *state);
bool state_is_done(const char *state);       /* and will not be acted upon again */

int lane_is_free(struct db *db, int64_t target, int64_t thread);     /* 1 or 0 */
int lane_release(struct db *db, int64_t target, int64_t thread);     /* makes the next one due */

#endif
