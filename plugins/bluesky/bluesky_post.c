/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": an answer is posted, and looked for.  Owns nothing.
 *
 * The client names a post, by a time (a TID): it is made of the part's key and of the time of its first attempt, and so the same
 * in each.  A post is written only where there is none of that name (swapRecord: null).  Writing it again as it is would do as
 * well, and take back what somebody has changed in the app since.
 */
#include "bluesky.h"

#define CLOCKS_USEC INT64_C(3600000000)  /* that another clock may be behind */
#define PAGES_MAX 20                     /* of 100 of the account's own posts */

static const char *tid(struct mentiond_op *op, int64_t usec, uint64_t salt)
{
        static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
        uint64_t n = ((uint64_t) usec & ((UINT64_C(1) << 53) - 1)) << 10 | (salt & 1023);
        char text[14] = "";

        for (int i = 12; i >= 0; i--, n >>= 5)
                text[i] = digits[n & 31];
        return mentiond_format(op, "%s", text);
}

/* In the millisecond of the first attempt. */
static const char *rkey_of(struct mentiond_op *op, const struct mentiond_post *part)
{
        uint64_t hash = UINT64_C(14695981039346656037);  /* FNV-1a */

        for (const char *c = part->key; *c; c++)
                hash = (hash ^ (unsigned char) *c) * UINT64_C(1099511628211);
        return tid(op, part->tried_usec - part->tried_usec % 1000 + (int64_t) (hash % 1000), hash >> 40);
}

static struct json_object *reference(struct json_object *to)
{
        struct json_object *ref = json_object_new_object();

        mj_put_str(ref, "uri", mj_str(to, "uri"));
        mj_put_str(ref, "cid", mj_str(to, "cid"));
        return ref;
}

/* As it is now: it may have been edited.  The app does not show at once what the account itself has just posted; its server does.
 */
static int read_parent(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object **ret)
{
        struct bluesky_uri u = bluesky_split(op, id);
        struct json_object *views = mentiond_json_object(op);
        int r = MENTIOND_OK;

        if (!bluesky_is_own(op, id)) {
                r = bluesky_views(op, b, &id, 1, 0, views);
                *ret = mj_get(views, id);
                if (r != MENTIOND_OK || *ret)
                        return r;
        }
        r = bluesky_get(op, b, ret, bluesky_record(op, &u));
        if (r == MENTIOND_GONE)
                return mentiond_fail(op, r, "the post that it answers is gone");
        if (r == MENTIOND_OK && !bluesky_is_own(op, id))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "the network does not show the post that it answers to the account: its author and the "
                                     "account have blocked each other, or one the other");
        return r;
}

static int upload(struct mentiond_op *op, struct bluesky *b, const struct mentiond_post *part, struct json_object *images)
{
        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const struct mentiond_upload *u = (const void *) ((const char *) part->uploads
                                                                  + (size_t) i * part->uploads->struct_size);
                struct mentiond_request request = {
                        .flags = MENTIOND_REPEATABLE, .method = "POST", .path = "com.atproto.repo.uploadBlob",
                        .body = u->data, .body_size = u->size, .content_type = u->type,
                };
                struct json_object *answer = NULL, *image;
                int r = bluesky_call(op, b, &request, &answer);

                if (r == MENTIOND_REJECTED)
                        return mentiond_fail(op, r, "the server does not take the file %s (%s)", u->name, mentiond_reason(op));
                if (r == MENTIOND_OK && !mj_get(answer, "blob"))
                        return mentiond_fail(op, MENTIOND_RETRY, "the server took the file %s without naming it", u->name);
                if (r != MENTIOND_OK)
                        return r;
                image = json_object_new_object();
                mj_put_str(image, "alt", u->description);
                MJ_PUT(image, "image", json_object_get(mj_get(answer, "blob")));
                (void) json_object_array_add(images, image);
        }
        return MENTIOND_OK;
}

/* The first part of a tag: authors write anything there, and the server does not. */
static void put_language(struct json_object *record, const char *language)
{
        size_t n = strspn(language, "abcdefghijklmnopqrstuvwxyz");
        struct json_object *langs;

        if ((n != 2 && n != 3) || (language[n] && language[n] != '-'))
                return;
        langs = json_object_new_array();
        (void) json_object_array_add(langs, json_object_new_string_len(language, (int) n));
        MJ_PUT(record, "langs", langs);
}

/* All that comes before the post itself, and that may be done again. */
static int prepare(struct mentiond_op *op, struct bluesky *b, const struct mentiond_post *part, struct json_object *record)
{
        struct json_object *parent = NULL, *reply = json_object_new_object(), *facets = json_object_new_array(), *root, *embed,
                           *images;
        const char *why;

        mj_put_str(record, "$type", BLUESKY_POST);
        mj_put_str(record, "text", part->text);
        mj_put_str(record, "createdAt", mentiond_format_time(op, part->tried_usec));
        MJ_PUT(record, "reply", reply);
        MJ_PUT(record, "facets", facets);
        put_language(record, part->language);
        int r = read_parent(op, b, part->parent, &parent);
        why = bluesky_objection(parent);
        if (r == MENTIOND_OK && why)
                return mentiond_fail(op, MENTIOND_REJECTED, "the post that it answers cannot be answered: %s", why);
        root = bluesky_root(mj_get(parent, mj_get(parent, "value") ? "value" : "record"));
        MJ_PUT(reply, "root", reference(root ? root : parent));
        MJ_PUT(reply, "parent", reference(parent));
        if (r == MENTIOND_OK)
                r = bluesky_facets(op, b, part->text, facets);
        if (r != MENTIOND_OK || !part->n_uploads)
                return r;
        embed = json_object_new_object();
        images = json_object_new_array();
        mj_put_str(embed, "$type", "app.bsky.embed.images");
        MJ_PUT(embed, "images", images);
        MJ_PUT(record, "embed", embed);
        return upload(op, b, part, images);
}

static int tell(struct mentiond_op *op, const char *uri, struct mentiond_posted *ret)
{
        ret->id = uri;
        ret->url = bluesky_web(op, uri);
        return MENTIOND_OK;
}

int bluesky_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *body = mentiond_json_object(op), *record = json_object_new_object(), *answer = NULL;
        struct bluesky *b = state;

        mj_put_str(body, "repo", mentiond_self(op));
        mj_put_str(body, "collection", BLUESKY_POST);
        mj_put_str(body, "rkey", rkey_of(op, part));
        MJ_PUT(body, "swapRecord", NULL);
        MJ_PUT(body, "record", record);
        int r = prepare(op, b, part, record);
        if (r != MENTIOND_OK)
                return r;
        r = bluesky_do(op, b, &answer, "com.atproto.repo.putRecord", body, 0);
        if (r == MENTIOND_REJECTED && strcmp(mj_str(answer, "error"), "InvalidSwap") == 0)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                     "there is a post of this name already: an earlier attempt may have arrived");
        if (r == MENTIOND_OK && !*mj_str(answer, "uri"))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post without naming it");
        return r == MENTIOND_OK ? tell(op, mj_str(answer, "uri"), ret) : r;
}

static bool answers(struct json_object *record, const char *parent)
{
        return strcmp(mj_str(mj_get(mj_get(mj_get(record, "value"), "reply"), "parent"), "uri"), parent) == 0;
}

/* The account's server has all that it posted.  A part that the journal has forgotten has a new key: then it is the post with its
 * text, of those since the first attempt may have begun. */
int bluesky_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const char *first = tid(op, part->tried_usec > CLOCKS_USEC ? part->tried_usec - CLOCKS_USEC : 0, 0), *cursor = "";
        struct bluesky_uri u = { mentiond_self(op), BLUESKY_POST, rkey_of(op, part) };
        struct json_object *found = NULL;
        struct bluesky *b = state;

        int r = bluesky_get(op, b, &found, bluesky_record(op, &u));
        if (r == MENTIOND_OK && answers(found, part->parent))
                return tell(op, mj_str(found, "uri"), ret);
        if (r != MENTIOND_OK && r != MENTIOND_GONE)
                return r;
        for (unsigned page = 0; page < PAGES_MAX; page++) {
                struct json_object *list = NULL, *records;

                r = bluesky_get(op, b, &list,
                                mentiond_format(op,
                                                "com.atproto.repo.listRecords?repo=%s&collection=" BLUESKY_POST "&limit=100%s%s",
                                                mentiond_escape(op, u.did), *cursor ? "&cursor=" : "",
                                                mentiond_escape(op, cursor)));
                if (r != MENTIOND_OK)
                        return r;
                records = mj_get(list, "records");
                for (size_t i = 0; i < mj_len(records); i++) {
                        const char *uri = mj_str(mj_at(records, i), "uri");

                        if (strcmp(bluesky_split(op, uri).rkey, first) < 0)
                                return MENTIOND_ABSENT;
                        if (answers(mj_at(records, i), part->parent) && !mentiond_is_posted(op, uri) &&
                            mentiond_same_text(mj_str(mj_get(mj_at(records, i), "value"), "text"), part->text))
                                return tell(op, uri, ret);
                }
                cursor = mj_str(list, "cursor");
                if (!*cursor)
                        return MENTIOND_ABSENT;
        }
        return mentiond_fail(op, MENTIOND_UNKNOWN, "the account has posted more since than was looked through");
}
