/* SPDX-License-Identifier: MIT
 *
 * What a child says, as the structs of <mentiond/channel.h>, member by member: what is unknown, or of another type, is named
 * with its place.  Called by exec.c.
 */
#include "exec.h"

enum type { TEXT, NUMBER, TIME, TRUTH, NAME, FLAGS, STRUCT, LIST, JSON };

struct member {
        const char *name;
        enum type type;
        size_t offset, size;
        exec_names *names;               /* of NAME and FLAGS */
        const struct shape *shape;       /* of STRUCT and LIST */
        size_t count;                    /* of LIST: where their number is */
        uint32_t in;                     /* of a line: EXEC_CALL, and the operations whose answers may have it */
};

/* A struct that is read: as it is without any member, and its members. */
struct shape {
        const void *empty;
        size_t size;
        const struct member *members;
};

static exec_names
        verdicts = { [MENTIOND_OK] = "ok", "retry", "throttled", "auth", "rejected", "gone", "ambiguous", "canceled", "bug",
                     "absent", "unknown", "blocked" },
        kinds = { [MENTIOND_MENTION] = "mention", "comment", "quote", "review", "message" },
        rights = { [MENTIOND_MAY_REPLY] = "may_reply", "reply_until", "reply_never", "reply_summoned" },
        author_flags = { "verified", "bot" },
        cap_flags = { "can_direct", "can_edit", "can_remove", "can_like", "can_repost", "can_hide", "tells_author" },
        units = { [MENTIOND_GRAPHEMES] = "graphemes", "code_points", "utf16", "bytes", "x_weighted" },
        findings = { [MENTIOND_FINE] = "fine", "wrong", "unclear" };
exec_names
        exec_operations = { "start", "poll", "fetch", "post", "find", "edit", "remove", "react", "reread", "doctor",
                            "download" },
        exec_visibilities = { [MENTIOND_PUBLIC] = "public", "unlisted", "followers", "direct" },
        exec_reactions = { [MENTIOND_LIKE] = "like", "repost", "hide" };

#define MEMBER(of, member, what, ...) \
        { .name = #member, .type = what, .offset = offsetof(of, member), .size = sizeof(((of *) NULL)->member), __VA_ARGS__ }
#define SHAPE(of, ...) &(const of) { .struct_size = sizeof(of), __VA_ARGS__ }, sizeof(of), (const struct member[])

#define MEDIA(member) MEMBER(struct mentiond_media, member, TEXT)
static const struct shape media = { SHAPE(struct mentiond_media) {
        MEDIA(url), MEDIA(type), MEDIA(description), MEDIA(id), { .name = NULL },
} };

#define AUTHOR(member, what, ...) MEMBER(struct mentiond_author, member, what, __VA_ARGS__)
static const struct shape author = { SHAPE(struct mentiond_author, .followers = -1) {
        AUTHOR(flags, FLAGS, .names = &author_flags), AUTHOR(id, TEXT), AUTHOR(handle, TEXT), AUTHOR(name, TEXT),
        AUTHOR(url, TEXT), AUTHOR(followers, NUMBER), AUTHOR(created_usec, TIME), { .name = NULL },
} };

#define MENTION(member, what, ...) MEMBER(struct mentiond_mention, member, what, __VA_ARGS__)
static const struct shape mention = { SHAPE(struct mentiond_mention) {
        MENTION(kind, NAME, .names = &kinds), MENTION(visibility, NAME, .names = &exec_visibilities), MENTION(id, TEXT),
        MENTION(parent, TEXT), MENTION(root, TEXT), MENTION(url, TEXT), MENTION(html, TEXT), MENTION(text, TEXT),
        MENTION(warning, TEXT), MENTION(language, TEXT), MENTION(created_usec, TIME), MENTION(edited_usec, TIME),
        MENTION(seen_usec, TIME), MENTION(reply_right, NAME, .names = &rights), MENTION(reply_until_usec, TIME),
        MENTION(reply_reason, TEXT), MENTION(author, STRUCT, .shape = &author), MENTION(above, STRUCT, .shape = &mention),
        MENTION(media, LIST, .shape = &media, .count = offsetof(struct mentiond_mention, n_media)), { .name = NULL },
} };

#define CAP(member, what, ...) MEMBER(struct mentiond_caps, member, what, __VA_ARGS__)
static const struct shape caps = { SHAPE(struct mentiond_caps) {
        CAP(length_unit, NAME, .names = &units), CAP(length_max, NUMBER), CAP(url_length, NUMBER), CAP(handle_is_local, TRUTH),
        CAP(flags, FLAGS, .names = &cap_flags), CAP(uploads_max, NUMBER), CAP(description_max, NUMBER),
        CAP(upload_size_max, NUMBER), CAP(upload_types, TEXT), CAP(bytes_max, NUMBER), { .name = NULL },
} };

#define LINE(member, what, ...) MEMBER(struct exec_line, member, what, __VA_ARGS__)
static const struct shape line = { &(const struct exec_line) {
        .verdict = MENTIOND_CANCELED, .finding = MENTIOND_UNCLEAR, .reason = "", .id = "", .handle = "", .url = "", .call = "",
        .key = "", .value = "", .what = "", .text = "", .name = "", .data = "",
}, sizeof(struct exec_line), (const struct member[]) {
        LINE(verdict, NAME, .names = &verdicts, .in = ~EXEC_CALL), LINE(reason, TEXT, .in = ~EXEC_CALL),
        LINE(throttled_usec, NUMBER, .in = ~EXEC_CALL), LINE(id, TEXT, .in = EXEC_CALL | EXEC_START | EXEC_POST | EXEC_FIND),
        LINE(handle, TEXT, .in = EXEC_START), LINE(operations, FLAGS, .names = &exec_operations, .in = EXEC_START),
        LINE(caps, STRUCT, .shape = &caps, .in = EXEC_START), LINE(parallel, NUMBER, .in = EXEC_START),
        LINE(cursor, TEXT, .in = EXEC_POLL), LINE(mentions, JSON, .in = EXEC_POLL | EXEC_FETCH),
        LINE(url, TEXT, .in = EXEC_POST | EXEC_FIND), LINE(name, TEXT, .in = EXEC_DOWNLOAD),
        LINE(data, TEXT, .in = EXEC_DOWNLOAD), LINE(call, TEXT, .in = EXEC_CALL), LINE(mention, JSON, .in = EXEC_CALL),
        LINE(key, TEXT, .in = EXEC_CALL), LINE(value, TEXT, .in = EXEC_CALL), LINE(what, TEXT, .in = EXEC_CALL),
        LINE(finding, NAME, .names = &findings, .in = EXEC_CALL), LINE(text, TEXT, .in = EXEC_CALL), { .name = NULL },
} };

static int wrong(struct mentiond_op *op, const char *place, const char *what)
{
        (void) mentiond_fail(op, MENTIOND_BUG, "what the child says is not as it must be: %s: %s", place, what);
        return 0;
}

/* -1: it is none of them. */
static int64_t named(exec_names *names, struct json_object *name)
{
        const char *text = json_object_is_type(name, json_type_string) ? json_object_get_string(name) : "";

        for (int64_t i = 0; i < EXEC_NAMES_MAX; i++)
                if ((*names)[i] && strcmp((*names)[i], text) == 0)
                        return i;
        return -1;
}

static int read_struct(struct mentiond_op *op, const char *place, uint32_t in, const struct shape *shape,
                       struct json_object *from, void *into);

/* Puts what a member is into its field. */
static int read_value(struct mentiond_op *op, const char *at, const struct member *m, struct json_object *value, void *into)
{
        enum json_type type = json_object_get_type(value);
        int64_t number = type == json_type_int ? json_object_get_int64(value) : -1;
        const char *expected = m->size == sizeof(int64_t) ? "a whole number is expected, 0 or more"
                                                          : "a whole number is expected, 0 to 4294967295";
        void *field = (char *) into + m->offset, *made;

        switch (m->type) {
        case TEXT:
                *(const char **) field = json_object_get_string(value);
                return type == json_type_string || wrong(op, at, "a text is expected");
        case JSON:
                *(struct json_object **) field = value;
                return 1;
        case STRUCT:
                made = mentiond_alloc(op, m->shape->size);
                memcpy(field, &made, sizeof made);
                return read_struct(op, at, 0, m->shape, value, made);
        case LIST:
                made = mentiond_alloc(op, (mj_len(value) + 1) * m->shape->size);
                memcpy(field, &made, sizeof made);
                *(uint32_t *) ((char *) into + m->count) = (uint32_t) mj_len(value);
                for (size_t i = 0; i < mj_len(value); i++)
                        if (!read_struct(op, mentiond_format(op, "%s[%zu]", at, i), 0, m->shape, mj_at(value, i),
                                         (char *) made + i * m->shape->size))
                                return 0;
                return type == json_type_array || wrong(op, at, "a list is expected");
        case FLAGS:
                for (size_t i = 0; i < mj_len(value); i++) {
                        number = named(m->names, mj_at(value, i));
                        if (number < 0)
                                return wrong(op, at, "there is one that is none of its names");
                        *(uint32_t *) field |= 1u << number;
                }
                return type == json_type_array || wrong(op, at, "a list of names is expected");
        case NAME:
                number = named(m->names, value);
                expected = "it is none of the names that this may have";
                break;
        case TIME:
                if (type == json_type_string)
                        number = mentiond_parse_time(json_object_get_string(value)) ?: -1;
                expected = "a time is expected, in whole microseconds since 1970, or as in RFC 3339";
                break;
        case TRUTH:
                number = type == json_type_boolean ? json_object_get_boolean(value) : -1;
                expected = "true or false is expected";
                break;
        case NUMBER:
                break;
        }
        if (number < 0 || (m->size == sizeof(uint32_t) && number > UINT32_MAX))
                return wrong(op, at, expected);
        if (m->size == sizeof(uint32_t))
                *(uint32_t *) field = (uint32_t) number;
        else
                *(int64_t *) field = number;
        return 1;
}

/* null is as good as nothing. */
static int read_struct(struct mentiond_op *op, const char *place, uint32_t in, const struct shape *shape,
                       struct json_object *from, void *into)
{
        memcpy(into, shape->empty, shape->size);
        if (!json_object_is_type(from, json_type_object))
                return wrong(op, place, "an object is expected");
        json_object_object_foreach(from, name, value) {
                const char *at = mentiond_format(op, "%s%s%s", place, *place ? "." : "", name);
                const struct member *m = shape->members;

                while (m->name && strcmp(m->name, name) != 0)
                        m++;
                if (!m->name || (m->in && !(m->in & in)))
                        return wrong(op, at, !m->name || in == EXEC_CALL
                                             ? "there is no such member"
                                             : "there is no such member in the answer to this operation");
                if (value && !read_value(op, at, m, value, into))
                        return 0;
        }
        return 1;
}

int exec_read_line(struct mentiond_op *op, uint32_t in, struct json_object *from, struct exec_line *ret)
{
        json_object_object_del(from, "op");
        if (!read_struct(op, "", in, &line, from, ret))
                return 0;
        if (in == EXEC_CALL)
                return 1;
        if (ret->verdict == MENTIOND_CANCELED)
                return wrong(op, "verdict", "it is missing, or is not the child's to say");
        if ((ret->verdict == MENTIOND_ABSENT || ret->verdict == MENTIOND_UNKNOWN) && in != EXEC_FIND)
                return wrong(op, "verdict", "this is one of find alone");
        if (ret->verdict == MENTIOND_OK && in & (EXEC_START | EXEC_POST | EXEC_FIND) && !*ret->id)
                return wrong(op, "id", "it is missing");
        if (ret->verdict == MENTIOND_OK && in == EXEC_START && !*ret->handle)
                return wrong(op, "handle", "it is missing");
        return 1;
}

int exec_emit(struct mentiond_op *op, const char *call, const char *place, struct json_object *from, int64_t *ret_new)
{
        int is_list = json_object_is_type(from, json_type_array);

        for (size_t i = 0; i < (is_list ? mj_len(from) : 1); i++) {
                const char *at = is_list ? mentiond_format(op, "%s[%zu]", place, i) : place;
                struct mentiond_mention m;

                if (!read_struct(op, at, 0, &mention, is_list ? mj_at(from, i) : from, &m))
                        return 0;
                if (!m.kind || !m.visibility)
                        return wrong(op, mentiond_format(op, "%s.%s", at, m.kind ? "visibility" : "kind"), "it is missing");
                if (strcmp(call, "emit_ancestor") == 0)
                        mentiond_emit_ancestor(op, &m);
                else if (strcmp(call, "emit_again") == 0)
                        mentiond_emit_again(op, &m);
                else
                        *ret_new += mentiond_emit(op, &m);
        }
        return 1;
}
