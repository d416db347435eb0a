/* SPDX-License-Identifier: MIT
 *
 * JSON as it is written down in the code, with values from outside, for plugins (mentiond.syms).  Called by plugins from within
 * an operation.
 */
#include "host/op.h"

#include "host/parse.h"

#include <mentiond/json.h>

enum { SHORT = 64 };     /* bytes of a name with its end, as nearly all are */

struct reader {
        struct arena *arena;
        const char *at;
        va_list values;
        bool wrong;
};

static void put_json(void *object)
{
        (void) json_object_put(object);
}

static bool took(struct reader *r, char c)
{
        while (*r->at == ' ')
                r->at++;
        if (*r->at != c)
                return false;
        r->at++;
        return true;
}

static bool took_word(struct reader *r, const char *word)
{
        if (!startswith(r->at, word))
                return false;
        r->at += strlen(word);
        return true;
}

/* What stands before the next quote. */
static const char *read_quoted(struct reader *r, size_t *ret_size)
{
        const char *text = r->at, *end = strchr(text, '\'');

        r->wrong |= !end;
        *ret_size = end ? (size_t) (end - text) : 0;
        r->at += *ret_size + !!end;
        return text;
}

static struct json_object *read_value(struct reader *r, bool *ret_none);

/* The name of a member, with the colon behind it; NULL if there is none. */
static const char *read_name(struct reader *r, char buffer[static SHORT])
{
        const char *name = NULL;
        size_t size;

        if (took(r, '\'')) {
                name = read_quoted(r, &size);
                if (size < SHORT) {
                        name = memcpy(buffer, name, size);
                        buffer[size] = '\0';
                } else {
                        name = arena_strndup(r->arena, name, size);
                }
        } else if (took_word(r, "%s")) {
                name = va_arg(r->values, const char *);
        }
        return took(r, ':') ? name : NULL;
}

static struct json_object *read_members(struct reader *r)
{
        struct json_object *object = json_object_new_object();

        if (took(r, '}'))
                return object;
        do {
                char buffer[SHORT];
                const char *name = read_name(r, buffer);
                bool none = !name;
                struct json_object *value = name ? read_value(r, &none) : NULL;

                r->wrong |= !name;
                if (none)
                        (void) json_object_put(value);
                else
                        json_object_object_add(object, name, value);
        } while (!r->wrong && took(r, ','));
        r->wrong |= !took(r, '}');
        return object;
}

static struct json_object *read_elements(struct reader *r)
{
        struct json_object *array = json_object_new_array();

        if (took(r, ']'))
                return array;
        do {
                bool none = false;
                struct json_object *value = read_value(r, &none);

                if (none)
                        (void) json_object_put(value);
                else
                        (void) json_object_array_add(array, value);
        } while (!r->wrong && took(r, ','));
        r->wrong |= !took(r, ']');
        return array;
}

static struct json_object *read_argument(struct reader *r, bool *ret_none)
{
        struct json_object *object;
        const char *text;

        if (took_word(r, "%s")) {
                text = va_arg(r->values, const char *);
                *ret_none = !text;
                return text ? json_object_new_string(text) : NULL;
        }
        if (took_word(r, "%lld"))
                return json_object_new_int64(va_arg(r->values, long long));
        if (took_word(r, "%d"))
                return json_object_new_int(va_arg(r->values, int));
        if (took_word(r, "%p")) {
                object = va_arg(r->values, void *);
                *ret_none = !object;
                return json_object_get(object);
        }
        r->wrong = true;
        return NULL;
}

/* none: a NULL stood for it, so that it is left out. */
static struct json_object *read_value(struct reader *r, bool *ret_none)
{
        const char *text;
        char *end;
        size_t size;
        int64_t number;

        if (took(r, '\'')) {
                text = read_quoted(r, &size);
                return json_object_new_string_len(text, (int) size);
        }
        switch (*r->at) {
        case '%':
                return read_argument(r, ret_none);
        case '{':
                r->at++;
                return read_members(r);
        case '[':
                r->at++;
                return read_elements(r);
        default:
                if (took_word(r, "true"))
                        return json_object_new_boolean(true);
                if (took_word(r, "false"))
                        return json_object_new_boolean(false);
                if (took_word(r, "null"))
                        return NULL;
                number = strtoll(r->at, &end, 10);
                r->wrong |= end == r->at;
                r->at = end;
                return json_object_new_int64(number);
        }
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
        struct reader r = { .arena = op_memory(op), .at = format };
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
