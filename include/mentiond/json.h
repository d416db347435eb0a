/* SPDX-License-Identifier: MIT
 *
 * Reading JSON from outside without surprises: every function takes any object, also NULL, and any
 * member, also a missing one or one of another type.  Inline: nothing here is part of the ABI.
 */
#ifndef MENTIOND_JSON_H
#define MENTIOND_JSON_H

#include <json-c/json.h>
#include <stdint.h>
#include <string.h>

/* The member, or NULL. */
static inline struct json_object *mj_get(struct json_object *object, const char *name)
{
        struct json_object *member = NULL;

        if (!json_object_is_type(object, json_type_object))
                return NULL;
        json_object_object_get_ex(object, name, &member);
        return member;
}

/* The member as a string, "" if it is missing, null, an object or an array.  A string that holds a NUL
 * ends there.  Lives as long as the object. */
static inline const char *mj_str(struct json_object *object, const char *name)
{
        struct json_object *member = mj_get(object, name);

        switch (json_object_get_type(member)) {
        case json_type_string:
        case json_type_int:
        case json_type_double:
        case json_type_boolean:
                return json_object_get_string(member);
        default:
                return "";
        }
}

/* The member as a number; missing if it is none.  Numbers in strings count: OTRS and others write both. */
static inline int64_t mj_int(struct json_object *object, const char *name, int64_t missing)
{
        struct json_object *member = mj_get(object, name);

        switch (json_object_get_type(member)) {
        case json_type_int:
        case json_type_double:
        case json_type_boolean:
                return json_object_get_int64(member);
        case json_type_string: {
                int64_t value;
                return json_parse_int64(json_object_get_string(member), &value) == 0 ? value : missing;
        }
        default:
                return missing;
        }
}

/* A time that is told in seconds since 1970, as microseconds; 0 for what is no time before the year 10000. */
static inline int64_t mj_usec(struct json_object *object, const char *name)
{
        int64_t seconds = mj_int(object, name, 0);

        return seconds > 0 && seconds < INT64_C(253402300800) ? seconds * 1000000 : 0;
}

static inline int mj_true(struct json_object *object, const char *name)
{
        struct json_object *member = mj_get(object, name);

        return json_object_is_type(member, json_type_boolean) && json_object_get_boolean(member);
}

/* The length of an array, 0 for anything else. */
static inline size_t mj_len(struct json_object *array)
{
        return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* The i-th element, or NULL. */
static inline struct json_object *mj_at(struct json_object *array, size_t i)
{
        return i < mj_len(array) ? json_object_array_get_idx(array, i) : NULL;
}

/* Whether the member is this text. */
static inline int mj_is(struct json_object *object, const char *name, const char *text)
{
        return strcmp(mj_str(object, name), text) == 0;
}

/* The i-th element as a string, "" if it is none. */
static inline const char *mj_str_at(struct json_object *array, size_t i)
{
        struct json_object *element = mj_at(array, i);

        return json_object_is_type(element, json_type_string) ? json_object_get_string(element) : "";
}

/* Whether an array of strings has this one. */
static inline int mj_has(struct json_object *array, const char *text)
{
        for (size_t i = 0; i < mj_len(array); i++)
                if (json_object_is_type(mj_at(array, i), json_type_string) && strcmp(mj_str_at(array, i), text) == 0)
                        return 1;
        return 0;
}

/* The first element of an array of objects whose member is this text, or NULL. */
static inline struct json_object *mj_find(struct json_object *array, const char *name, const char *text)
{
        for (size_t i = 0; i < mj_len(array); i++)
                if (mj_is(mj_at(array, i), name, text) && mj_get(mj_at(array, i), name))
                        return mj_at(array, i);
        return NULL;
}

/* For each element of an array, also those that are null; the body may not change the array. */
#define MJ_EACH(element, array) \
        for (size_t element##_at = 0, element##_n = mj_len(array); \
             element##_at < element##_n && ((element) = mj_at(array, element##_at), 1); element##_at++)

/* Adds a member; a name that is written in the code itself is not copied. */
#define MJ_PUT(object, name, value) \
        json_object_object_add_ex(object, name, value, __builtin_constant_p(name) ? JSON_C_OBJECT_KEY_IS_CONSTANT : 0)

/* Adds an element: an object, of which it takes a reference, or a string. */
static inline void mj_add(struct json_object *array, struct json_object *element)
{
        (void) json_object_array_add(array, json_object_get(element));
}

static inline void mj_add_str(struct json_object *array, const char *text)
{
        (void) json_object_array_add(array, json_object_new_string(text));
}

/* Adds a string member; a NULL value adds nothing. */
static inline void mj_put_str(struct json_object *object, const char *name, const char *value)
{
        if (value)
                MJ_PUT(object, name, json_object_new_string(value));
}

static inline void mj_put_int(struct json_object *object, const char *name, int64_t value)
{
        MJ_PUT(object, name, json_object_new_int64(value));
}

static inline void mj_put_bool(struct json_object *object, const char *name, int value)
{
        MJ_PUT(object, name, json_object_new_boolean(!!value));
}

#endif
