/* SPDX-License-Identifier: MIT
 *
 * Channel "bluesky": an answer is posted, and looked for; and what is done to posts that are there, each of which may be done
 * twice.  Owns nothing.
 *
 * The client names a post, by a time (a TID): it is made of the part's key and of the time of its first attempt, and so the same
 * in each.  A post is written only where there is none of that name (swapRecord: null).  Writing it again as it is would do as
 * well, and take back what somebody has changed in the app since.
 *
 * There is no edit: the network takes one, and the app goes on showing what stood there first.
 */
#include "bluesky.h"

#define CLOCKS_USEC INT64_C(3600000000)  /* that another clock may be behind */
#define PAGES_MAX 20                     /* of 100 of the account's own posts */
#define TAG_MAX 64                       /* graphemes */
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* --- What a post is made of --- */

static const char *tid(struct mentiond_op *op, int64_t usec, uint64_t salt)
{
        uint64_t n = ((uint64_t) usec & ((UINT64_C(1) << 53) - 1)) << 10 | (salt & 1023);
        char text[14] = "";

        for (int i = 12; i >= 0; i--, n >>= 5)
                text[i] = ("234567" LETTERS)[n & 31];
        return mentiond_format(op, "%s", text);
}

/* In the millisecond of the first attempt. */
static const char *rkey_of(struct mentiond_op *op, const struct mentiond_post *part)
{
        uint64_t hash = mentiond_hash(part->key);

        return tid(op, part->tried_usec - part->tried_usec % 1000 + (int64_t) (hash % 1000), hash >> 40);
}

/* As it is now: it may have been edited.  The app does not show at once what the account itself has just posted; its server does.
 */
static int read_parent(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object **ret)
{
        struct json_object *views = mentiond_json_object(op);
        bool own = bluesky_is_own(op, id);
        int r = bluesky_views(op, b, &id, own ? 0 : 1, 0, views);

        *ret = mj_get(views, id);
        if (*ret && bluesky_objection(*ret))
                return mentiond_fail(op, MENTIOND_REJECTED, "the post that it answers cannot be answered: %s",
                                     bluesky_objection(*ret));
        if (r != MENTIOND_OK || *ret)
                return r;
        r = bluesky_record(op, b, ret, 0, bluesky_split(op, id));
        if (r == MENTIOND_GONE)
                return mentiond_fail(op, r, "the post that it answers is gone");
        if (r == MENTIOND_OK && !own)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "the network does not show the post that it answers to the account: its author and the "
                                     "account have blocked each other, or one the other");
        return r;
}

/* "" of a handle that nobody has. */
static int find_did(struct mentiond_op *op, struct bluesky *b, const char *handle, const char **ret)
{
        const char *query = mentiond_format(op, "com.atproto.identity.resolveHandle?handle=%s", mentiond_escape(op, handle));
        struct json_object *answer = NULL;
        int r = strchr(handle, '.') ? bluesky_get(op, b, &answer, 0, query) : MENTIOND_GONE;

        *ret = r == MENTIOND_OK ? mj_str(answer, "did") : "";
        return r == MENTIOND_GONE || r == MENTIOND_REJECTED ? MENTIOND_OK : r;
}

/* The network takes texts as they are: what is a link, a name or a tag in them the client has to say. */
static int add_facets(struct mentiond_op *op, struct bluesky *b, const char *text, struct json_object *facets)
{
        static const struct {
                const char *type, *member;
        } features[] = {
                [MENTIOND_SPAN_LINK] = { "app.bsky.richtext.facet#link", "uri" },
                [MENTIOND_SPAN_NAME] = { "app.bsky.richtext.facet#mention", "did" },
                [MENTIOND_SPAN_TAG] = { "app.bsky.richtext.facet#tag", "tag" },
        };
        struct mentiond_span span = { .struct_size = sizeof(span) };
        int r = MENTIOND_OK;

        while (r == MENTIOND_OK && mentiond_next_span(text, &span)) {
                int64_t from = span.from + (span.kind != MENTIOND_SPAN_LINK);
                const char *value = mentiond_format(op, "%.*s", (int) (span.to - from), text + from);

                if (span.kind == MENTIOND_SPAN_NAME)
                        r = find_did(op, b, value, &value);
                if (*value && (span.kind != MENTIOND_SPAN_TAG || mentiond_length(value, MENTIOND_GRAPHEMES) <= TAG_MAX))
                        mj_add(facets, mentiond_json(op,
                                                     "{'index': {'byteStart': %lld, 'byteEnd': %lld}, "
                                                     "'features': [{'$type': %s, %s: %s}]}",
                                                     (long long) span.from, (long long) span.to, features[span.kind].type,
                                                     features[span.kind].member, value));
        }
        return r;
}

static int upload(struct mentiond_op *op, struct bluesky *b, const struct mentiond_post *part, struct json_object *images)
{
        for (uint32_t i = 0; i < part->n_uploads; i++) {
                const struct mentiond_upload *u = mentiond_upload_at(part, i);
                struct json_object *answer = NULL;
                int r = bluesky_call(op, b, &answer, (struct mentiond_request) {
                        .flags = MENTIOND_REPEATABLE, .method = "POST", .path = "com.atproto.repo.uploadBlob",
                        .body = u->data, .body_size = u->size, .content_type = u->type,
                });

                if (r == MENTIOND_REJECTED)
                        return mentiond_fail(op, r, "the server does not take the file %s (%s)", u->name, mentiond_reason(op));
                if (r == MENTIOND_OK && !mj_get(answer, "blob"))
                        return mentiond_fail(op, MENTIOND_RETRY, "the server took the file %s without naming it", u->name);
                if (r != MENTIOND_OK)
                        return r;
                mj_add(images, mentiond_json(op, "{'alt': %s, 'image': %p}", u->description, mj_get(answer, "blob")));
        }
        return MENTIOND_OK;
}

/* The first part of a tag: authors write anything there, and the server does not. */
static struct json_object *languages(struct mentiond_op *op, const char *tag)
{
        size_t n = strspn(tag, LETTERS);

        if ((n != 2 && n != 3) || (tag[n] && tag[n] != '-'))
                return NULL;
        return mentiond_json(op, "[%s]", mentiond_format(op, "%.*s", (int) n, tag));
}

/* --- Post, find --- */

static int tell(struct mentiond_op *op, const char *uri, struct mentiond_posted *ret)
{
        ret->id = uri;
        ret->url = bluesky_web(op, uri);
        return MENTIOND_OK;
}

int bluesky_post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *facets = mentiond_json(op, "[]"), *images = mentiond_json(op, "[]"), *embed = NULL, *parent = NULL,
                           *root, *answer = NULL;
        int r = read_parent(op, state, part->parent, &parent);

        if (r == MENTIOND_OK)
                r = add_facets(op, state, part->text, facets);
        if (r == MENTIOND_OK)
                r = upload(op, state, part, images);
        if (r != MENTIOND_OK)
                return r;
        if (part->n_uploads)
                embed = mentiond_json(op, "{'$type': 'app.bsky.embed.images', 'images': %p}", images);
        root = bluesky_root(mj_get(parent, mj_get(parent, "value") ? "value" : "record"));
        root = root ? root : parent;
        r = bluesky_do(op, state, &answer, 0, "com.atproto.repo.putRecord",
                       mentiond_json(op,
                                     "{'repo': %s, 'collection': %s, 'rkey': %s, 'swapRecord': null, 'record': {'$type': %s, "
                                     "'text': %s, 'createdAt': %s, 'reply': {'root': {'uri': %s, 'cid': %s}, "
                                     "'parent': {'uri': %s, 'cid': %s}}, 'facets': %p, 'langs': %p, 'embed': %p}}",
                                     mentiond_self(op), BLUESKY_POST, rkey_of(op, part), BLUESKY_POST, part->text,
                                     mentiond_format_time(op, part->tried_usec), mj_str(root, "uri"), mj_str(root, "cid"),
                                     mj_str(parent, "uri"), mj_str(parent, "cid"), facets, languages(op, part->language), embed));
        if (r == MENTIOND_REJECTED && mj_is(answer, "error", "InvalidSwap"))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                     "there is a post of this name already: an earlier attempt may have arrived");
        if (r == MENTIOND_OK && !*mj_str(answer, "uri"))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the post without naming it");
        return r == MENTIOND_OK ? tell(op, mj_str(answer, "uri"), ret) : r;
}

static bool answers(struct json_object *found, const char *parent)
{
        return mj_is(mj_get(mj_get(mj_get(found, "value"), "reply"), "parent"), "uri", parent);
}

/* The account's server has all that it posted.  A part that the journal has forgotten has a new key: then it is the post with its
 * text, of those since the first attempt may have begun. */
int bluesky_find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const char *first = tid(op, part->tried_usec > CLOCKS_USEC ? part->tried_usec - CLOCKS_USEC : 0, 0), *cursor = "";
        struct json_object *found = NULL, *list = NULL, *record;
        int r = bluesky_record(op, state, &found, 0, (struct bluesky_uri) { mentiond_self(op), BLUESKY_POST, rkey_of(op, part) });

        if (r == MENTIOND_OK && answers(found, part->parent))
                return tell(op, mj_str(found, "uri"), ret);
        if (r != MENTIOND_OK && r != MENTIOND_GONE)
                return r;
        for (unsigned page = 0; page < PAGES_MAX; page++) {
                r = bluesky_get(op, state, &list, 0,
                                mentiond_format(op,
                                                "com.atproto.repo.listRecords?repo=%s&collection=" BLUESKY_POST "&limit=100%s%s",
                                                mentiond_escape(op, mentiond_self(op)), *cursor ? "&cursor=" : "",
                                                mentiond_escape(op, cursor)));
                if (r != MENTIOND_OK)
                        return r;
                MJ_EACH(record, mj_get(list, "records")) {
                        const char *uri = mj_str(record, "uri");

                        if (strcmp(bluesky_split(op, uri).rkey, first) < 0)
                                return MENTIOND_ABSENT;
                        if (answers(record, part->parent) && !mentiond_is_posted(op, uri) &&
                            mentiond_same_text(mj_str(mj_get(record, "value"), "text"), part->text))
                                return tell(op, uri, ret);
                }
                cursor = mj_str(list, "cursor");
                if (!*cursor)
                        return MENTIOND_ABSENT;
        }
        return mentiond_fail(op, MENTIOND_UNKNOWN, "the account has posted more since than was looked through");
}

/* --- Remove, react --- */

int bluesky_remove(struct mentiond_op *op, void *state, const char *id)
{
        struct bluesky_uri u = bluesky_split(op, id);
        struct json_object *answer = NULL;

        if (!bluesky_is_own(op, id) || strcmp(u.collection, BLUESKY_POST) != 0)
                return mentiond_fail(op, MENTIOND_REJECTED, "it is not a post of the account");
        return bluesky_do(op, state, &answer, MENTIOND_REPEATABLE, "com.atproto.repo.deleteRecord",
                          mentiond_json(op, "{'repo': %s, 'collection': %s, 'rkey': %s}", u.did, u.collection, u.rkey));
}

/* The record that says who may answer in a thread also says which answers are hidden, below the thread's first post. */
static int hide(struct mentiond_op *op, struct bluesky *b, const char *id, struct json_object *post)
{
        const char *root = mj_str(bluesky_root(mj_get(post, "record")), "uri");
        struct bluesky_uri u = bluesky_split(op, root);
        struct json_object *found = NULL, *gate, *hidden, *body, *answer = NULL;

        if (!bluesky_is_own(op, root))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "answers can be hidden only in conversations that the account has begun");
        u.collection = "app.bsky.feed.threadgate";
        int r = bluesky_record(op, b, &found, 0, u);
        if (r != MENTIOND_OK && r != MENTIOND_GONE)
                return r;
        gate = mj_get(found, "value");
        if (!json_object_is_type(gate, json_type_object))
                gate = mentiond_json(op, "{'$type': %s, 'post': %s, 'createdAt': %s}", u.collection, root,
                                     mentiond_format_time(op, mentiond_now_usec(op)));
        body = mentiond_json(op, "{'repo': %s, 'collection': %s, 'rkey': %s, 'record': %p}", u.did, u.collection, u.rkey, gate);
        MJ_PUT(body, "swapRecord", r == MENTIOND_OK ? json_object_new_string(mj_str(found, "cid")) : NULL);
        hidden = mj_get(gate, "hiddenReplies");
        if (mj_has(hidden, id))
                return MENTIOND_OK;
        if (!json_object_is_type(hidden, json_type_array))
                MJ_PUT(gate, "hiddenReplies", hidden = json_object_new_array());
        mj_add_str(hidden, id);
        r = bluesky_do(op, b, &answer, MENTIOND_REPEATABLE, "com.atproto.repo.putRecord", body);
        if (r == MENTIOND_REJECTED && mj_is(answer, "error", "InvalidSwap"))
                return mentiond_fail(op, MENTIOND_RETRY, "somebody changed at the same time who may answer there");
        return r;
}

int bluesky_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        const char *kind = reaction == MENTIOND_LIKE ? "app.bsky.feed.like" : "app.bsky.feed.repost";
        struct json_object *views = mentiond_json_object(op), *post, *answer = NULL;
        int r = bluesky_views(op, state, &id, 1, 0, views);

        post = mj_get(views, id);
        if (r == MENTIOND_OK && !post)
                return mentiond_fail(op, MENTIOND_GONE, "the post is gone, or not shown to the account");
        if (r == MENTIOND_OK && reaction == MENTIOND_HIDE)
                return hide(op, state, id, post);
        if (r != MENTIOND_OK || *mj_str(mj_get(post, "viewer"), reaction == MENTIOND_LIKE ? "like" : "repost"))
                return r;
        return bluesky_do(op, state, &answer, MENTIOND_REPEATABLE, "com.atproto.repo.createRecord",
                          mentiond_json(op,
                                        "{'repo': %s, 'collection': %s, 'record': {'$type': %s, 'createdAt': %s, "
                                        "'subject': {'uri': %s, 'cid': %s}}}",
                                        mentiond_self(op), kind, kind, mentiond_format_time(op, mentiond_now_usec(op)), id,
                                        mj_str(post, "cid")));
}
