/* SPDX-License-Identifier: MIT
 * L2.  The header of a request that is signed with OAuth 1.0a, of the time that is given. */
#ifndef HOST_OAUTH1_H
#define HOST_OAUTH1_H

#include "host/op.h"

const char *oauth1_header(struct mentiond_op *op, const struct mentiond_oauth1 *keys, const struct mentiond_request *request,
                          const char *nonce, int64_t seconds);

#endif
