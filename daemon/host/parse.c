/* SPDX-License-Identifier: MIT
 *
 * Parsing JSON from outside: answers of servers, lines of children.  Called by api.c and program.c.
 */
#include "host/parse.h"

#include "base/jsonguard.h"

#include <json-c/json.h>

#define JSON_DEPTH_MAX (JSONGUARD_DEPTH_MAX + 4) /* the parser counts otherwise */

static struct json_object *fail(const char *why, size_t at, const char **ret_why, size_t *ret_at)
{
        if (ret_why)
                *ret_why = why;
        if (ret_at)
                *ret_at = at;
        return NULL;
}

struct json_object *parse_json(const char *text, size_t size, const char **ret_why, size_t *ret_at)
{
        _cleanup_free_ char *mended = NULL;
        enum json_tokener_error error;
        struct json_tokener *tok;
        struct json_object *json;
        size_t end;

        if (!jsonguard(text, size, &mended, &size))
                return fail("it has no JSON in it, or more values than are taken", 0, ret_why, ret_at);
        if (mended)
                text = mended;
        tok = json_tokener_new_ex(JSON_DEPTH_MAX);
        json = json_tokener_parse_ex(tok, text, (int) size);
        if (json_tokener_get_error(tok) == json_tokener_continue)
                json = json_tokener_parse_ex(tok, "", 1);        /* a bare number ends only at a NUL */
        error = json_tokener_get_error(tok);
        end = json_tokener_get_parse_end(tok);
        json_tokener_free(tok);
        while (end < size && strchr(" \t\r\n", text[end]))
                end++;
        if (error == json_tokener_success && end >= size)
                return json;
        (void) json_object_put(json);
        return fail(error == json_tokener_success ? "something follows the JSON" : json_tokener_error_desc(error), end, ret_why,
                    ret_at);
}
