/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": what there is: the lists of the Page, read by polls, and a thread, read again.  Owns nothing.
 */
#include "facebook.h"

#define SWEEP_USEC (INT64_C(900) * 1000000)      /* between two looks at all posts; the newest are looked at by every poll */

#define NEWEST 25                        /* posts of each list that every poll looks at */

#define COMMENT_FIELDS FACEBOOK_OWN_FIELDS ",attachment,parent{id,message,from,permalink_url,parent{id}}"
#define POST_FIELDS \
        FACEBOOK_OWN_FIELDS ",full_picture,comments.filter(stream).order(reverse_chronological).limit(5){" COMMENT_FIELDS "}"
#define MESSAGE_FIELDS "id,message,from,created_time,attachments"
#define CONVERSATIONS \
        "conversations?platform=messenger&limit=25&fields=id,link,updated_time,messages.limit(5){" MESSAGE_FIELDS "}"
#define RATINGS "ratings?limit=100&fields=created_time,recommendation_type,review_text,reviewer,open_graph_story"

/* --- What there is --- */

bool facebook_is_own(struct mentiond_op *op, struct json_object *item)
{
        return mj_is(mj_get(item, "from"), "id", mentiond_self(op));
}

bool facebook_is_post(const char *id)
{
        return *id && !id[strspn(id, "0123456789_")];
}

static void add_media(struct mentiond_mention *m, const char *url, const char *type)
{
        struct mentiond_media *media = (struct mentiond_media *) m->media;

        if (*url)
                media[m->n_media++] = (struct mentiond_media) { .struct_size = sizeof(*media), .url = url, .type = type };
}

/* Without the right to see who wrote it nobody is named.  Two of them are not taken for one person. */
static struct mentiond_mention *mention_of(struct mentiond_op *op, struct json_object *item, uint32_t kind)
{
        struct json_object *from = mj_get(item, "from"), *files = mj_get(mj_get(item, "attachments"), "data"), *file;
        const char *id = mj_str(item, "id"), *by = mj_str(from, "id");

        struct mentiond_author *author = MENTIOND_NEW(op, struct mentiond_author,
                .followers = -1, .name = *by ? mj_str(from, "name") : "Unknown person");
        author->id = author->handle = *by ? by : mentiond_format(op, "unknown-%s", id);
        struct mentiond_mention *m = MENTIOND_NEW(op, struct mentiond_mention,
                .kind = kind, .author = author, .id = id, .root = id,
                .visibility = kind == MENTIOND_MESSAGE ? MENTIOND_DIRECT : MENTIOND_PUBLIC,
                .url = mj_str(item, "permalink_url"), .text = mj_str(item, "message"),
                .created_usec = mentiond_parse_time(mj_str(item, "created_time")),
                .media = mentiond_alloc(op, (2 + 3 * mj_len(files)) * sizeof(struct mentiond_media)));
        add_media(m, mj_str(item, "full_picture"), "image");
        add_media(m, mj_str(mj_get(mj_get(mj_get(item, "attachment"), "media"), "image"), "src"), "image");
        MJ_EACH(file, files) {
                add_media(m, mj_str(mj_get(file, "image_data"), "url"), mj_str(file, "mime_type"));
                add_media(m, mj_str(mj_get(file, "video_data"), "url"), mj_str(file, "mime_type"));
                add_media(m, mj_str(file, "file_url"), mj_str(file, "mime_type"));
        }
        return m;
}

/* --- Polling --- */

/* Below a post of the Page each comment begins a conversation of its own, or belongs to that of the comment that it answers.  A
 * visitor's post is one, with all below it; of a post elsewhere that names the Page, only what answers the Page there belongs to
 * it. */
static int take_comment(struct facebook_list *l, struct json_object *item)
{
        struct json_object *parent = mj_get(item, "parent");
        struct mentiond_mention *m = mention_of(l->op, item, MENTIOND_COMMENT);
        const char *above = mj_str(parent, "id"), *top = mj_str(mj_get(parent, "parent"), "id"), *post = mj_str(l->below, "id");
        bool at_home = facebook_is_own(l->op, l->below);

        if (l->tagged && !facebook_is_own(l->op, parent))
                return MENTIOND_OK;
        m->parent = *above ? above : at_home ? "" : post;
        m->root = !at_home ? post : *top ? top : *above ? above : m->id;
        if (at_home)
                m->above = mention_of(l->op, *above ? parent : l->below, MENTIOND_COMMENT);
        l->fresh |= mentiond_emit(l->op, m);
        return MENTIOND_OK;
}

/* With its newest comments; where these are not all that is new, the others are asked for.  The post comes last: it is older,
 * also where a comment was made in the same second. */
static int take_post(struct facebook_list *l, struct json_object *item)
{
        struct mentiond_mention *m = mention_of(l->op, item, MENTIOND_MENTION);
        struct facebook_list comments = {
                .op = l->op, .f = l->f, .take = take_comment, .below = item, .tagged = l->tagged, .until_usec = l->f->below_usec,
                .path = mentiond_format(l->op, "%s/" FACEBOOK_STREAM COMMENT_FIELDS, m->id),
        };
        int r = MENTIOND_OK;

        if (mj_get(item, "comments") && facebook_is_post(m->id))
                r = facebook_read(&comments, mj_get(item, "comments"));
        l->fresh |= mentiond_emit(l->op, m);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;     /* since the list was made */
}

static int take_message(struct facebook_list *l, struct json_object *item)
{
        struct mentiond_mention *m = mention_of(l->op, item, MENTIOND_MESSAGE);
        const char *link = mj_str(l->below, "link");

        m->root = mj_str(l->below, "id");
        m->url = *link == '/' ? mentiond_format(l->op, "https://www.facebook.com%s", link) : link;
        m->reply_right = MENTIOND_REPLY_UNTIL;
        m->reply_until_usec = m->created_usec + (l->f->human_agent ? 7 : 1) * DAY_USEC;
        m->reply_reason = l->f->human_agent ? "Messenger lets a Page answer for 7 days"
                                            : "Messenger lets a Page answer for 24 hours";
        l->fresh |= mentiond_emit(l->op, m);
        return MENTIOND_OK;
}

static int take_conversation(struct facebook_list *l, struct json_object *item)
{
        struct facebook_list messages = {
                .op = l->op, .f = l->f, .take = take_message, .below = item,
                .path = mentiond_format(l->op, "%s/messages?limit=100&fields=" MESSAGE_FIELDS,
                                        mentiond_escape(l->op, mj_str(item, "id"))),
        };
        int r = mj_get(item, "messages") ? facebook_read(&messages, mj_get(item, "messages")) : MENTIOND_OK;

        l->fresh |= messages.fresh;
        return r;
}

/* Where Facebook does not say what story it is, it has no id but that of its author: each person has one. */
static int take_review(struct facebook_list *l, struct json_object *item)
{
        const char *story = mj_str(mj_get(item, "open_graph_story"), "id"), *by = mj_str(mj_get(item, "reviewer"), "id");
        const char *says = mj_is(item, "recommendation_type", "negative") ? "Does not recommend" : "Recommends";
        struct mentiond_mention *m;

        mj_put_str(item, "id", *story ? story : mentiond_format(l->op, "review-%s", by));
        MJ_PUT(item, "from", json_object_get(mj_get(item, "reviewer")));
        m = mention_of(l->op, item, MENTIOND_REVIEW);
        m->text = mentiond_format(l->op, "%s the Page\n\n%s", says, mj_str(item, "review_text"));
        if (!*story) {
                m->reply_right = MENTIOND_REPLY_NEVER;
                m->reply_reason = "Facebook does not say where: do it on the Page";
        }
        l->fresh |= mentiond_emit(l->op, m);
        return MENTIOND_OK;
}

/* Comments come to old posts, too, and nothing lists them by their own time.  The newest posts are looked at each time, all of
 * them now and then. */
int facebook_poll(struct mentiond_op *op, void *state)
{
        struct facebook *f = state;
        int64_t now_usec = mentiond_now_usec(op), steady_usec = mentiond_steady_usec(op);
        int64_t horizon_usec = mentiond_horizon_usec(op);
        bool sweep = !f->swept_usec || steady_usec - f->swept_usec >= SWEEP_USEC;
        /* By a clock that is ahead all posts would be too old; the horizon is by Facebook's. */
        int64_t until_usec = sweep ? (horizon_usec > 0 && horizon_usec < now_usec ? horizon_usec : now_usec) - f->posts_for_usec
                                   : INT64_MAX;
        size_t least = sweep ? 0 : NEWEST;
        struct facebook_list lists[] = {
                { .path = "feed?limit=25&fields=" POST_FIELDS, .take = take_post, .until_usec = until_usec, .least = least },
                { .path = "tagged?limit=25&fields=" POST_FIELDS, .take = take_post, .until_usec = until_usec, .least = least,
                  .tagged = true },
                { .path = f->messages ? CONVERSATIONS : NULL, .take = take_conversation },
                { .path = f->reviews ? RATINGS : NULL, .take = take_review },
        };
        int r = MENTIOND_OK;

        /* Since the last look at all posts the horizon has gone on, past what Facebook showed late below them. */
        f->below_usec = sweep && horizon_usec > SWEEP_USEC ? horizon_usec - SWEEP_USEC : 0;
        for (size_t i = 0; r == MENTIOND_OK && i < sizeof(lists) / sizeof(lists[0]); i++) {
                struct facebook_list *l = &lists[i];

                if (!l->path)
                        continue;
                mentiond_turn_page(op, NULL, 0);
                l->op = op;
                l->f = f;
                l->path = mentiond_format(op, "%s/%s", mentiond_self(op), l->path);
                r = facebook_read(l, NULL);
        }
        if (r == MENTIOND_OK && sweep)
                f->swept_usec = steady_usec;
        return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
}

/* --- Reading again --- */

/* What was asked for, and what the Page said by other means.  sought: the ids, and whether they were told of. */
static int tell(struct facebook_list *l, struct json_object *item)
{
        const char *id = mj_str(item, "id");

        if (*id && (facebook_is_own(l->op, item) || mj_get(l->sought, id))) {
                mj_put_bool(l->sought, id, true);
                mentiond_emit_again(l->op, mention_of(l->op, item, MENTIOND_COMMENT));
        }
        return MENTIOND_OK;
}

int facebook_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct json_object *told = mentiond_json_object(op);
        const char *oldest = n ? ids[n - 1] : "";        /* the others stand below it */
        struct facebook_list below = {
                .op = op, .f = state, .take = tell, .until_usec = INT64_MAX, .least = 100, .flags = MENTIOND_OPTIONAL,
                .sought = told, .path = mentiond_format(op, "%s/" FACEBOOK_STREAM FACEBOOK_OWN_FIELDS, oldest),
        };
        int r = MENTIOND_OK;

        for (uint32_t i = 0; i < n; i++)
                mj_put_bool(told, ids[i], false);
        if (facebook_is_post(oldest))
                r = facebook_read(&below, NULL);
        if (r == MENTIOND_GONE)
                r = MENTIOND_OK;
        for (uint32_t i = 0; r == MENTIOND_OK && i < n; i++) {
                struct json_object *item = NULL, *feed = NULL;

                if (mj_true(told, ids[i]) || !facebook_is_post(ids[i]))
                        continue;
                r = facebook_get(op, state, MENTIOND_OPTIONAL, &item, "%s?fields=" FACEBOOK_OWN_FIELDS, ids[i]);
                if (r == MENTIOND_OK)
                        r = tell(&below, item);
                if (r != MENTIOND_GONE)
                        continue;
                /* What is gone and what the Page may not see is answered alike: it is gone if the Page sees its own posts. */
                r = facebook_get(op, state, MENTIOND_OPTIONAL, &feed, "%s/feed?limit=1&fields=id,comments.limit(1){id}",
                                 mentiond_self(op));
                if (r == MENTIOND_OK && mj_len(mj_get(feed, "data")))
                        mentiond_emit_gone(op, ids[i]);
        }
        return r == MENTIOND_THROTTLED || r == MENTIOND_GONE ? MENTIOND_OK : r;  /* the rest another time */
}
