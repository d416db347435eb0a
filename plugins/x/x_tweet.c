/* SPDX-License-Identifier: MIT
 *
 * Channel "x": what a post is, from the API's words to ours.  Owns nothing.
 */
#include "x.h"

#include <ctype.h>

static const char shortener[] = "https://t.co/";

struct json_object *x_member(struct json_object *object, enum x_name name)
{
        static const char *const names[][2] = {
                [X_REFERENCED] = { "referenced_tweets", "referenced_posts" },
                [X_HISTORY] = { "edit_history_tweet_ids", "edit_history_post_ids" },
                [X_NOTE] = { "note_tweet", "note_post" }, [X_POSTS] = { "tweets", "posts" },
        };
        struct json_object *member = mj_get(object, names[name][0]);

        return member ? member : mj_get(object, names[name][1]);
}

struct json_object *x_among(struct json_object *list, const char *name, const char *value)
{
        for (size_t i = 0; i < mj_len(list); i++)
                if (strcmp(mj_str(mj_at(list, i), name), value) == 0)
                        return mj_at(list, i);
        return NULL;
}

const char *x_version(struct json_object *post, int n)
{
        struct json_object *history = x_member(post, X_HISTORY), *id = mj_at(history, n < 0 ? mj_len(history) - 1 : (size_t) n);

        return json_object_is_type(id, json_type_string) ? json_object_get_string(id) : mj_str(post, "id");
}

const char *x_reference(struct json_object *post, const char *type)
{
        return mj_str(x_among(x_member(post, X_REFERENCED), "type", type), "id");
}

const char *x_time(struct mentiond_op *op, int64_t usec)
{
        return mentiond_escape(op, mentiond_format(op, "%.19sZ", mentiond_format_time(op, usec)));
}

/* The entities of the long text, if there is one: those of the post are of its beginning. */
static struct json_object *entities(struct json_object *post, const char *kind)
{
        struct json_object *note = x_member(post, X_NOTE);

        return mj_get(mj_get(*mj_str(note, "text") ? note : post, "entities"), kind);
}

/* What a post quotes may be the account's: X knows. */
bool x_is_summoned(struct mentiond_op *op, struct json_object *post)
{
        return *x_reference(post, "quoted") || x_among(mj_get(mj_get(post, "entities"), "mentions"), "id", mentiond_self(op))
               || x_among(entities(post, "mentions"), "id", mentiond_self(op));
}

/* What stands for what begins there, and its size; NULL for the character itself. */
static const char *instead_of(const char *at, struct json_object *urls, size_t *ret_size)
{
        static const struct { const char *escaped, *plain; } escapes[] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" } };

        for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
                if (strncmp(at, escapes[i].escaped, *ret_size = strlen(escapes[i].escaped)) == 0)
                        return escapes[i].plain;
        if (strncmp(at, shortener, sizeof(shortener) - 1) != 0)
                return NULL;
        for (*ret_size = sizeof(shortener) - 1; isalnum((unsigned char) at[*ret_size]); )
                ++*ret_size;
        for (size_t i = 0; i < mj_len(urls); i++) {
                struct json_object *url = mj_at(urls, i);
                const char *shown = mj_str(url, "expanded_url");

                if (strlen(mj_str(url, "url")) == *ret_size && strncmp(at, mj_str(url, "url"), *ret_size) == 0)
                        return *mj_str(url, "media_key") ? "" : *shown ? shown : NULL;      /* what is attached needs no link */
        }
        return NULL;
}

/* As it was written: X escapes it for HTML, and shortens links. */
const char *x_text(struct mentiond_op *op, struct json_object *post)
{
        struct json_object *urls = entities(post, "urls"), *note = x_member(post, X_NOTE);
        const char *text = *mj_str(note, "text") ? mj_str(note, "text") : mj_str(post, "text"), *with;
        char *whole = NULL;
        size_t size, n = 0;

        for (int pass = 0; pass < 2; pass++) {   /* how long it is, and what it is */
                if (pass)
                        whole = mentiond_alloc(op, n + 1);
                n = 0;
                for (const char *at = text; *at; at += with ? size : 1) {
                        with = instead_of(at, urls, &size);
                        if (whole)
                                memcpy(whole + n, with ? with : at, with ? strlen(with) : 1);
                        n += with ? strlen(with) : 1;
                }
        }
        return whole;
}

static struct mentiond_author *author_of(struct mentiond_op *op, const char *id, struct json_object *user)
{
        struct mentiond_author *author = mentiond_alloc(op, sizeof(*author));
        const char *name = mj_str(user, "username");

        /* Of an account that X does not show, suspended or gone meanwhile, only the number is known, which is nobody's handle. */
        *author = (struct mentiond_author) {
                .struct_size = sizeof(*author),
                .flags = mj_true(user, "verified") ? MENTIOND_VERIFIED : 0,
                .id = id,
                .handle = mentiond_format(op, *name ? "@%s" : "user %s", *name ? name : id),
                .name = mj_str(user, "name"),
                .url = mentiond_format(op, *name ? "https://x.com/%s" : "https://x.com/i/user/%s",
                                       mentiond_escape(op, *name ? name : id)),
                .followers = mj_int(mj_get(user, "public_metrics"), "followers_count", -1),
                .created_usec = mentiond_parse_time(mj_str(user, "created_at")),
        };
        return author;
}

/* An edited post has an id of its own for each version, and is known here by the first. */
struct mentiond_mention *x_mention(struct mentiond_op *op, const struct x *x, struct json_object *post,
                                   struct json_object *includes)
{
        struct mentiond_mention *mention = mentiond_alloc(op, sizeof(*mention));
        struct json_object *keys = mj_get(mj_get(post, "attachments"), "media_keys");
        struct mentiond_media *media = mentiond_alloc(op, (mj_len(keys) + 1) * sizeof(*media));
        const char *id = mj_str(post, "id"), *author = mj_str(post, "author_id"), *parent = x_reference(post, "replied_to");
        struct json_object *user = x_among(mj_get(includes, "users"), "id", author);
        bool own = strcmp(author, mentiond_self(op)) == 0,
             to_us = strcmp(mj_str(post, "in_reply_to_user_id"), mentiond_self(op)) == 0;
        uint32_t n = 0;

        for (size_t i = 0; i < mj_len(keys); i++) {
                struct json_object *file = x_among(mj_get(includes, "media"), "media_key",
                                                   json_object_is_type(mj_at(keys, i), json_type_string)
                                                           ? json_object_get_string(mj_at(keys, i))
                                                           : "");
                const char *url = mj_str(file, "url"), *still = mj_str(file, "preview_image_url");

                if (*url || *still)
                        media[n++] = (struct mentiond_media) {
                                .struct_size = sizeof(*media), .url = *url ? url : still, .type = "image",
                                .description = mj_str(file, "alt_text"),
                        };
        }
        *mention = (struct mentiond_mention) {
                .struct_size = sizeof(*mention),
                .kind = to_us ? MENTIOND_COMMENT : MENTIOND_MENTION,
                /* Who is not shown may be protected. */
                .visibility = !user || mj_true(user, "protected") ? MENTIOND_FOLLOWERS : MENTIOND_PUBLIC,
                .id = x_version(post, 0),
                .parent = parent,
                /* what others wrote above it fetch() shows */
                .root = !*parent || to_us ? mj_str(post, "conversation_id") : "",
                .url = mentiond_format(op, "https://x.com/%s/status/%s",
                                       *mj_str(user, "username") ? mj_str(user, "username") : "i", id),
                .text = x_text(op, post),
                .language = strcmp(mj_str(post, "lang"), "und") != 0 && *mj_str(post, "lang") != 'q' ? mj_str(post, "lang") : "",
                .created_usec = mentiond_parse_time(mj_str(post, "created_at")),
                .author = author_of(op, author, user),
                .n_media = n,
                .media = media,
        };
        if (!own && !x->unsummoned && !x_is_summoned(op, post)) {
                mention->reply_right = MENTIOND_REPLY_SUMMONED;
                mention->reply_reason =
                        "X lets an application answer only posts whose author names the account; somebody can answer in X itself";
        }
        return mention;
}
