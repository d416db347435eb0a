/* SPDX-License-Identifier: MIT
 *
 * Channel "x": what a post is, from the API's words to ours.  Owns nothing.
 */
#include "x.h"

struct json_object *x_either(struct json_object *object, const char *name, const char *other)
{
        return mj_get(object, mj_get(object, name) ? name : other);
}

const char *x_version(struct json_object *post, bool last)
{
        struct json_object *history = x_either(post, "edit_history_tweet_ids", "edit_history_post_ids");
        const char *id = mj_str_at(history, last && mj_len(history) ? mj_len(history) - 1 : 0);

        return *id ? id : mj_str(post, "id");
}

const char *x_reference(struct json_object *post, const char *type)
{
        return mj_str(mj_find(x_either(post, "referenced_tweets", "referenced_posts"), "type", type), "id");
}

/* What has the text and its entities: the note of a long post, which has itself the beginning only; else the post. */
static struct json_object *whole_of(struct json_object *post)
{
        struct json_object *note = x_either(post, "note_tweet", "note_post");

        return *mj_str(note, "text") ? note : post;
}

static bool names(struct json_object *text, const char *id)
{
        return mj_find(mj_get(mj_get(text, "entities"), "mentions"), "id", id);
}

/* What a post quotes may be the account's: X knows. */
bool x_is_summoned(struct mentiond_op *op, struct json_object *post)
{
        return *x_reference(post, "quoted") || names(post, mentiond_self(op)) || names(whole_of(post), mentiond_self(op));
}

/* As it was written: X escapes it for HTML, and shortens links; what is attached needs no link. */
const char *x_text(struct mentiond_op *op, struct json_object *post)
{
        static const char *const escapes[] = { "&amp;", "&", "&lt;", "<", "&gt;", ">" };
        struct json_object *urls = mj_get(mj_get(whole_of(post), "entities"), "urls"), *url;
        const char **words = mentiond_alloc(op, sizeof(escapes) + (2 * mj_len(urls) + 1) * sizeof(*words));
        size_t n = sizeof(escapes) / sizeof(*escapes);

        memcpy(words, escapes, sizeof(escapes));
        MJ_EACH(url, urls) {
                const char *shown = mj_str(url, *mj_str(url, "expanded_url") ? "expanded_url" : "url");

                words[n++] = mj_str(url, "url");
                words[n++] = *mj_str(url, "media_key") ? "" : shown;
        }
        return mentiond_replace(op, mj_str(whole_of(post), "text"), words);
}

static struct mentiond_author *author_of(struct mentiond_op *op, const char *id, struct json_object *user)
{
        const char *name = mj_str(user, "username");

        /* Of an account that X does not show, suspended or gone meanwhile, only the number is known, which is nobody's handle. */
        return MENTIOND_NEW(op, struct mentiond_author,
                .id = id, .name = mj_str(user, "name"),
                .flags = mj_true(user, "verified") ? MENTIOND_VERIFIED : 0,
                .handle = mentiond_format(op, *name ? "@%s" : "user %s", *name ? name : id),
                .url = mentiond_format(op, *name ? "https://x.com/%s" : "https://x.com/i/user/%s",
                                       mentiond_escape(op, *name ? name : id)),
                .followers = mj_int(mj_get(user, "public_metrics"), "followers_count", -1),
                .created_usec = mentiond_parse_time(mj_str(user, "created_at")));
}

/* An edited post has an id of its own for each version, and is known here by the first. */
struct mentiond_mention *x_mention(struct mentiond_op *op, const struct x *x, struct json_object *post,
                                   struct json_object *includes)
{
        struct json_object *keys = mj_get(mj_get(post, "attachments"), "media_keys");
        struct json_object *user = mj_find(mj_get(includes, "users"), "id", mj_str(post, "author_id"));
        struct mentiond_media *media = mentiond_alloc(op, (mj_len(keys) + 1) * sizeof(*media));
        const char *parent = x_reference(post, "replied_to"), *name = mj_str(user, "username"), *language = mj_str(post, "lang");
        bool to_us = mj_is(post, "in_reply_to_user_id", mentiond_self(op));
        uint32_t n = 0;

        for (size_t i = 0; i < mj_len(keys); i++) {
                struct json_object *file = mj_find(mj_get(includes, "media"), "media_key", mj_str_at(keys, i));
                const char *url = mj_str(file, *mj_str(file, "url") ? "url" : "preview_image_url");

                if (*url)
                        media[n++] = (struct mentiond_media) { .struct_size = sizeof(*media), .url = url, .type = "image",
                                                               .description = mj_str(file, "alt_text") };
        }
        struct mentiond_mention *mention = MENTIOND_NEW(op, struct mentiond_mention,
                .kind = to_us ? MENTIOND_COMMENT : MENTIOND_MENTION,
                /* Who is not shown may be protected. */
                .visibility = !user || mj_true(user, "protected") ? MENTIOND_FOLLOWERS : MENTIOND_PUBLIC,
                .id = x_version(post, false), .parent = parent,
                /* what others wrote above it fetch() shows */
                .root = !*parent || to_us ? mj_str(post, "conversation_id") : "",
                .url = mentiond_format(op, "https://x.com/%s/status/%s", *name ? name : "i", mj_str(post, "id")),
                .text = x_text(op, post), .language = strcmp(language, "und") != 0 && *language != 'q' ? language : "",
                .created_usec = mentiond_parse_time(mj_str(post, "created_at")),
                .author = author_of(op, mj_str(post, "author_id"), user), .n_media = n, .media = media);
        if (!mj_is(post, "author_id", mentiond_self(op)) && !x->unsummoned && !x_is_summoned(op, post)) {
                mention->reply_right = MENTIOND_REPLY_SUMMONED;
                mention->reply_reason =
                        "X lets an application answer only posts whose author names the account; somebody can answer in X itself";
        }
        return mention;
}
