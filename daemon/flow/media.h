/* SPDX-License-Identifier: MIT
 * L3.  The media of a mention, fetched to become attachments. */
#ifndef FLOW_MEDIA_H
#define FLOW_MEDIA_H

#include "host/op.h"

#include <mentiond/json.h>

/* Fetches what the mention's media list names, within the channel's media_max and media_private.  Everything lives as
 * long as the operation.  *ret_failed gets a line for each that did not come, or "".  Waits. */
void media_fetch(struct mentiond_op *op, struct instance *channel, struct json_object *mention,
                 struct mentiond_attachment **ret, uint32_t *ret_n, const char **ret_failed);

#endif
