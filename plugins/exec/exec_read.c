/* SPDX-License-Identifier: MIT
 *
 * What a child says, as the structs of <mentiond/channel.h>, member by member: what is unknown, or of another type, is named
 * with its place.  Called by exec.c.
 */
#include "exec.h"

enum type { TEXT, NUMBER, NUMBER_32, TIME, TRUTH, NAME, FLAGS, CAPS, PART };

struct member {
        const char *name;
        enum type type;
        size_t offset;
        const struct exec_names *names;  /* of NAME and FLAGS */
        uint32_t in;                     /* of an answer: the operations that it belongs to */
};

static const struct exec_names
        verdicts = { MENTIOND_OK, { "ok", "retry", "throttled", "auth", "rejected", "gone", "ambiguous", "canceled", "bug",
                                    "absent", "unknown", "blocked" } },
        kinds = { MENTIOND_MENTION, { "mention", "comment", "quote", "review", "message" } },
        rights = { MENTIOND_MAY_REPLY, { "may_reply", "reply_until", "reply_never", "reply_summoned" } },
        author_flags = { 0, { "verified", "bot" } },
        cap_flags = { 0, { "can_direct", "can_edit", "can_remove", "can_like", "can_repost", "can_hide" } },
        units = { MENTIOND_GRAPHEMES, { "graphemes", "code_points", "utf16", "bytes", "x_weighted" } },
        findings = { MENTIOND_FINE, { "fine", "wrong", "unclear" } };
const struct exec_names
        exec_operations = { 0, { "start", "poll", "fetch", "post", "find", "edit", "remove", "react", "reread", "doctor" } },
        exec_visibilities = { MENTIOND_PUBLIC, { "public", "unlisted", "followers", "direct" } },
        exec_reactions = { MENTIOND_LIKE, { "like", "repost", "hide" } };

#define MEMBER(of, member, what, ...) { .name = #member, .type = what, .offset = offsetof(of, member), __VA_ARGS__ }

#define ANSWER(member, what, ...) MEMBER(struct exec_line, member, what, __VA_ARGS__)
static const struct member answer_members[] = {
        ANSWER(verdict, NAME, .names = &verdicts), ANSWER(reason, TEXT), ANSWER(throttled_usec, NUMBER),
        ANSWER(id, TEXT, .in = EXEC_START | EXEC_POST | EXEC_FIND), ANSWER(url, TEXT, .in = EXEC_POST | EXEC_FIND),
        ANSWER(handle, TEXT, .in = EXEC_START), ANSWER(caps, CAPS, .in = EXEC_START), ANSWER(parallel, NUMBER, .in = EXEC_START),
        ANSWER(operations, FLAGS, .names = &exec_operations, .in = EXEC_START), ANSWER(cursor, TEXT, .in = EXEC_POLL),
        ANSWER(mentions, PART, .in = EXEC_POLL | EXEC_FETCH), { .name = NULL },
};
static const struct member call_members[] = {
        ANSWER(call, TEXT), ANSWER(mention, PART), ANSWER(id, TEXT), ANSWER(key, TEXT), ANSWER(value, TEXT),
        ANSWER(finding, NAME, .names = &findings), ANSWER(what, TEXT), ANSWER(text, TEXT), { .name = NULL },
};

struct item {
        struct mentiond_mention mention;
        struct json_object *author, *media, *above;
};
#define MENTION(member, what, ...) \
        { .name = #member, .type = what, .offset = offsetof(struct item, mention.member), __VA_ARGS__ }
static const struct member mention_members[] = {
        MENTION(kind, NAME, .names = &kinds), MENTION(visibility, NAME, .names = &exec_visibilities), MENTION(id, TEXT),
        MENTION(parent, TEXT), MENTION(root, TEXT), MENTION(url, TEXT), MENTION(html, TEXT), MENTION(text, TEXT),
        MENTION(warning, TEXT), MENTION(language, TEXT), MENTION(created_usec, TIME), MENTION(edited_usec, TIME),
        MENTION(seen_usec, TIME), MENTION(reply_right, NAME, .names = &rights), MENTION(reply_until_usec, TIME),
        MENTION(reply_reason, TEXT), MEMBER(struct item, author, PART), MEMBER(struct item, media, PART),
        MEMBER(struct item, above, PART), { .name = NULL },
};

#define AUTHOR(member, what, ...) MEMBER(struct mentiond_author, member, what, __VA_ARGS__)
static const struct member author_members[] = {
        AUTHOR(flags, FLAGS, .names = &author_flags), AUTHOR(id, TEXT), AUTHOR(handle, TEXT), AUTHOR(name, TEXT),
        AUTHOR(url, TEXT), AUTHOR(followers, NUMBER), AUTHOR(created_usec, TIME), { .name = NULL },
};

#define MEDIA(member) MEMBER(struct mentiond_media, member, TEXT)
static const struct member media_members[] = { MEDIA(url), MEDIA(type), MEDIA(description), { .name = NULL } };

#define CAP(member, what, ...) MEMBER(struct mentiond_caps, member, what, __VA_ARGS__)
static const struct member caps_members[] = {
        CAP(length_unit, NAME, .names = &units), CAP(length_max, NUMBER), CAP(url_length, NUMBER), CAP(handle_is_local, TRUTH),
        CAP(flags, FLAGS, .names = &cap_flags), CAP(uploads_max, NUMBER_32), CAP(description_max, NUMBER_32),
        CAP(upload_size_max, NUMBER), CAP(upload_types, TEXT), { .name = NULL },
};

static int wrong(struct mentiond_op *op, const char *place, const char *what)
{
        (void) mentiond_fail(op, MENTIOND_BUG, "what the child says is not as it must be: %s: %s", place, what);
        return 0;
}

static int named(const struct exec_names *names, struct json_object *name)
{
        for (uint32_t i = 0; i < sizeof names->names / sizeof *names->names && names->names[i]; i++)
                if (json_object_is_type(name, json_type_string) && strcmp(names->names[i], json_object_get_string(name)) == 0)
                        return (int) (names->first + i);
        return -1;
}

static int read_object(struct mentiond_op *op, const char *place, uint32_t in, const struct member *members,
                       struct json_object *from, void *into);

/* What is expected, or NULL. */
static const char *read_value(struct mentiond_op *op, const char *place, const struct member *m, struct json_object *value,
                              void *field)
{
        enum json_type type = json_object_get_type(value);
        int64_t number = json_object_get_int64(value);
        int n;

        switch (m->type) {
        case TEXT:
                *(const char **) field = json_object_get_string(value);
                return type == json_type_string ? NULL : "a text is expected";
        case NUMBER:
                *(int64_t *) field = number;
                return type == json_type_int && number >= 0 ? NULL : "a whole number is expected, 0 or more";
        case NUMBER_32:
                *(uint32_t *) field = (uint32_t) number;
                if (type == json_type_int && number >= 0 && number <= UINT32_MAX)
                        return NULL;
                return "a whole number is expected, 0 to 4294967295";
        case TIME:
                if (type == json_type_string)
                        number = mentiond_parse_time(json_object_get_string(value)) ?: -1;
                *(int64_t *) field = number;
                return (type == json_type_int || type == json_type_string) && number >= 0
                       ? NULL : "a time is expected, in whole microseconds since 1970, or as in RFC 3339";
        case TRUTH:
                *(uint32_t *) field = (uint32_t) json_object_get_boolean(value);
                return type == json_type_boolean ? NULL : "true or false is expected";
        case NAME:
                n = named(m->names, value);
                *(uint32_t *) field = (uint32_t) n;
                return n >= 0 ? NULL : "it is none of the names that this may have";
        case FLAGS:
                for (size_t i = 0; i < mj_len(value); i++) {
                        n = named(m->names, mj_at(value, i));
                        if (n < 0)
                                return "there is one that is none of its names";
                        *(uint32_t *) field |= 1u << n;
                }
                return type == json_type_array ? NULL : "a list of names is expected";
        case CAPS:
                ((struct mentiond_caps *) field)->struct_size = sizeof(struct mentiond_caps);
                return read_object(op, place, 0, caps_members, value, field) ? NULL : "";
        case PART:
                *(struct json_object **) field = value;
                return NULL;
        }
        return NULL;
}

/* null is as good as nothing. */
static int read_object(struct mentiond_op *op, const char *place, uint32_t in, const struct member *members,
                       struct json_object *from, void *into)
{
        if (!json_object_is_type(from, json_type_object))
                return wrong(op, place, "an object is expected");
        json_object_object_foreach(from, name, value) {
                const char *at = mentiond_format(op, "%s%s%s", place, *place ? "." : "", name);
                const char *expected = "there is no such member";
                const struct member *m = members;

                while (m->name && strcmp(m->name, name) != 0)
                        m++;
                if (m->name && m->in && !(m->in & in))
                        expected = "there is no such member in the answer to this operation";
                else if (m->name)
                        expected = value ? read_value(op, at, m, value, (char *) into + m->offset) : NULL;
                if (expected)
                        return *expected ? wrong(op, at, expected) : 0;
        }
        return 1;
}

int exec_read_line(struct mentiond_op *op, uint32_t operation, int is_answer, struct json_object *from, struct exec_line *ret)
{
        *ret = (struct exec_line) {
                .call = "", .verdict = EXEC_NO_VERDICT, .reason = "", .cursor = NULL, .id = "", .handle = "", .url = "",
                .key = "", .value = "", .what = "", .text = "", .finding = MENTIOND_UNCLEAR,
        };
        json_object_object_del(from, "op");
        if (!read_object(op, "", operation, is_answer ? answer_members : call_members, from, ret))
                return 0;
        if (is_answer && (ret->verdict == EXEC_NO_VERDICT || ret->verdict == MENTIOND_CANCELED))
                return wrong(op, "verdict", "it is missing, or is not the child's to say");
        return 1;
}

/* With its author. */
static int read_item(struct mentiond_op *op, const char *place, struct json_object *from, struct item *ret)
{
        struct mentiond_author *author = mentiond_alloc(op, sizeof *author);

        *author = (struct mentiond_author) { .struct_size = sizeof *author, .followers = -1 };
        *ret = (struct item) { .mention.struct_size = sizeof ret->mention, .mention.author = author };
        return read_object(op, place, 0, mention_members, from, ret)
               && (!ret->author
                   || read_object(op, mentiond_format(op, "%s.author", place), 0, author_members, ret->author, author));
}

static int emit_one(struct mentiond_op *op, const char *place, struct json_object *from, exec_emit_fn *emit, int *ret_new)
{
        struct item item, above;
        struct mentiond_media *media;
        size_t n;

        if (!read_item(op, place, from, &item)
            || (item.above && !read_item(op, mentiond_format(op, "%s.above", place), item.above, &above)))
                return 0;
        if (!item.mention.kind || !item.mention.visibility)
                return wrong(op, mentiond_format(op, "%s.%s", place, item.mention.kind ? "visibility" : "kind"), "it is missing");
        if (item.media && !json_object_is_type(item.media, json_type_array))
                return wrong(op, mentiond_format(op, "%s.media", place), "a list is expected");
        n = mj_len(item.media);
        media = mentiond_alloc(op, (n + 1) * sizeof *media);
        for (size_t i = 0; i < n; i++) {
                media[i].struct_size = sizeof *media;
                if (!read_object(op, mentiond_format(op, "%s.media[%zu]", place, i), 0, media_members, mj_at(item.media, i),
                                 &media[i]))
                        return 0;
        }
        item.mention.above = item.above ? &above.mention : NULL;
        item.mention.media = media;
        item.mention.n_media = (uint32_t) n;
        *ret_new += emit(op, &item.mention);
        return 1;
}

int exec_emit(struct mentiond_op *op, const char *place, struct json_object *from, exec_emit_fn *emit, int *ret_new)
{
        *ret_new = 0;
        if (!json_object_is_type(from, json_type_array))
                return emit_one(op, place, from, emit, ret_new);
        for (size_t i = 0; i < mj_len(from); i++)
                if (!emit_one(op, mentiond_format(op, "%s[%zu]", place, i), mj_at(from, i), emit, ret_new))
                        return 0;
        return 1;
}
