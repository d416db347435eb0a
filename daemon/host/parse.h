/* SPDX-License-Identifier: MIT
 * L2.  JSON from outside. */
#ifndef HOST_PARSE_H
#define HOST_PARSE_H

#include "base/util.h"

struct json_object;

#define JSON_FACTOR 8                    /* what a parsed reply takes of its size: 5.5 to 8.9 with replies of Zammad */

/* The one value that the text holds, as base/jsonguard.h lets it be; or NULL, and why not, as a constant, and behind how many
 * bytes, where that is asked for. */
struct json_object *parse_json(const char *text, size_t size, const char **ret_why, size_t *ret_at);

#endif
