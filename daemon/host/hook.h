/* SPDX-License-Identifier: MIT
 * L2.  Hooks: whether a call from outside is signed as the plugin says that its side signs.  Nothing of it is parsed. */
#ifndef HOST_HOOK_H
#define HOST_HOOK_H

#include "base/util.h"

#include <mentiond/plugin.h>

#define HOOK_AGE_MAX_USEC (5 * USEC_PER_MINUTE)      /* of a signature that says when it was made */
#define HOOK_CHALLENGE_MAX 256                       /* bytes; what is longer is no challenge */

/* Looks up a header, or a parameter of the query; NULL: there is none. */
typedef const char *(*hook_value_fn)(const char *name, void *data);

/* The signature of data under a secret, malloced: enum mentiond_signature, but for TIMED. */
char *hook_sign(uint32_t form, const char *secret, const void *data, size_t size);

/* NULL, or why it is refused: a constant, for the log and never for the caller. */
const char *hook_check(const struct mentiond_hook *hook, const char *secret, hook_value_fn header, void *data,
                       const char *body, size_t size);

/* The answer to a handshake, malloced; NULL: it is none, or not for us. */
char *hook_handshake(const struct mentiond_hook *hook, const char *secret, const char *token, hook_value_fn query, void *data,
                     const char **ret_type);

#endif
