/* SPDX-License-Identifier: MIT
 *
 * JSON as it is written down in the code, with values from outside, for plugins (mentiond.syms).  Called by plugins from within
 * an operation.
 */
#include "host/op.h"

#include "host/parse.h"

#include <mentiond/json.h>

struct reader {
        const char *at;
        va_list values;
        bool wrong;
};

static void put_json(void *object)
{
        (void) json_object_put(object);
}

static bool took(struct reader *r, const char *word)
{
        r->at += strspn(r->at, " ");
        if (!startswith(r->at, word))
                return false;
        r->at += strlen(word);
        return true;
}

/* 'name' or %s; NULL if there is none. */
static const char *read_text(struct reader *r, size_t *ret_size)
{
        const char *text = NULL;

        if (took(r, "%s")) {
                text = va_arg(r->values, const char *);
                *ret_size = text ? strlen(text) : 0;
        } else if (took(r, "'")) {
                text = r->at;
                *ret_size = strcspn(text, "'");
                r->at += *ret_size;
                r->wrong |= !took(r, "'");
        } else {
                r->wrong = true;
        }
        return text;
}

static struct json_object *read_value(struct reader *r, bool *ret_none);

static struct json_object *read_members(struct reader *r)
{
        struct json_object *object = json_object_new_object();

        while (!r->wrong && !took(r, "}")) {
                size_t size = 0;
                const char *text = read_text(r, &size);
                _cleanup_free_ char *name = xasprintf("%.*s", (int) size, strempty(text));
                bool none = false;
                struct json_object *value;

                r->wrong |= !text || !took(r, ":");
                value = r->wrong ? NULL : read_value(r, &none);
                if (none)
                        (void) json_object_put(value);
                else
                        json_object_object_add(object, name, value);
                r->wrong |= !took(r, ",") && !startswith(r->at, "}");
        }
        return object;
}

static struct json_object *read_elements(struct reader *r)
{
        struct json_object *array = json_object_new_array();

        while (!r->wrong && !took(r, "]")) {
                bool none = false;
                struct json_object *value = read_value(r, &none);

                if (none)
                        (void) json_object_put(value);
                else
                        (void) json_object_array_add(array, value);
                r->wrong |= !took(r, ",") && !startswith(r->at, "]");
        }
        return array;
}

/* none: a NULL stood for it, so that it is left out. */
static struct json_object *read_value(struct reader *r, bool *ret_none)
{
        struct json_object *object;
        const char *text;
        size_t size = 0;

        if (took(r, "{"))
                return read_members(r);
        if (took(r, "["))
                return read_elements(r);
        if (took(r, "null"))
                return NULL;
        if (took(r, "true"))
                return json_object_new_boolean(true);
        if (took(r, "false"))
                return json_object_new_boolean(false);
        if (took(r, "%lld"))
                return json_object_new_int64(va_arg(r->values, long long));
        if (took(r, "%d"))
                return json_object_new_int(va_arg(r->values, int));
        if (took(r, "%p")) {
                object = va_arg(r->values, void *);
                *ret_none = !object;
                return json_object_get(object);
        }
        text = read_text(r, &size);
        *ret_none = !text;
        return text ? json_object_new_string_len(text, (int) size) : NULL;
}

struct json_object *mentiond_claims(struct mentiond_op *op, const char *token)
{
        const char *dot = strchr(strempty(token), '.'), *text = dot ? dot + 1 : "";
        struct json_object *claims;
        uint64_t size = 0;

        text = mentiond_base64_decode(op, mentiond_format(op, "%.*s", (int) strcspn(text, "."), text), &size);
        claims = text ? parse_json(text, size, NULL, NULL) : NULL;
        return claims ? arena_own(op_memory(op), claims, put_json) : NULL;
}

struct json_object *mentiond_json(struct mentiond_op *op, const char *format, ...)
{
        struct reader r = { .at = format };
        struct json_object *value;
        bool none = false;

        va_start(r.values, format);
        value = read_value(&r, &none);
        va_end(r.values);
        if (r.wrong || !value || r.at[strspn(r.at, " ")]) {
                (void) json_object_put(value);
                (void) op_refuse(op, MENTIOND_BUG, "a format of JSON is not as it must be");
                value = json_object_new_object();
        }
        return arena_own(op_memory(op), value, put_json);
}
