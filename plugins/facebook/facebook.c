/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": a Page on Facebook, its comments, mentions, messages and reviews.  Called by the host only; owns its
 * options.  Manual: mentiond-facebook(5).
 */
#include "facebook.h"

#include <stdio.h>

#define DAY_USEC (INT64_C(86400) * 1000000)
#define SWEEP_USEC (INT64_C(900) * 1000000)      /* between two looks at all posts; the newest are looked at by every poll */

#define NEWEST 25                        /* posts of each list that every poll looks at */

#define COMMENT_FIELDS FACEBOOK_OWN_FIELDS ",attachment,parent{id,message,from,permalink_url,parent{id}}"
#define POST_FIELDS \
        FACEBOOK_OWN_FIELDS ",full_picture,comments.filter(stream).order(reverse_chronological).limit(5){" COMMENT_FIELDS "}"
#define MESSAGE_FIELDS "id,message,from,created_time,attachments"

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct facebook, token, "token", MENTIOND_SECRET, .help = "Access token of the Page",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        MENTIOND_OPTION(struct facebook, secret, "app_secret", MENTIOND_SECRET,
                        .help = "Secret of the app that the token was made for", .flags = MENTIOND_REQUIRED),
        MENTIOND_OPTION(struct facebook, posts_for_usec, "posts_for", MENTIOND_DURATION, .default_value = "90d", .min = DAY_USEC,
                        .max = 3650 * DAY_USEC, .help = "How old a post may be for its comments to be looked for"),
        MENTIOND_OPTION(struct facebook, messages, "messages", MENTIOND_BOOL, .default_value = "true",
                        .help = "Whether messages to the Page become tickets, too"),
        MENTIOND_OPTION(struct facebook, reviews, "reviews", MENTIOND_BOOL, .default_value = "false",
                        .help = "Whether recommendations of the Page become tickets, too"),
        MENTIOND_OPTION(struct facebook, human_agent, "human_agent", MENTIOND_BOOL, .default_value = "false",
                        .help = "Whether the app has the feature Human Agent, by which messages can be answered for 7 days"),
        MENTIOND_OPTION(struct facebook, version, "api_version", MENTIOND_STRING, .default_value = "v25.0",
                        .help = "Version of the Graph API"),
        MENTIOND_OPTION(struct facebook, server, "server", MENTIOND_URL, .default_value = "https://graph.facebook.com",
                        .help = "Address of the Graph API", .flags = MENTIOND_BASE_URL),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const struct facebook *f = state;
        unsigned major, minor;
        int end = 0;

        if (sscanf(f->version, "v%3u.%2u%n", &major, &minor, &end) != 2 || f->version[end])
                return "api_version is not of the form v25.0";
        return NULL;
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me = NULL;
        int r = facebook_get(op, state, "me?fields=id,name,category", &me);

        if (r == MENTIOND_REJECTED)      /* people have no category */
                return mentiond_fail(op, MENTIOND_AUTH,
                                     "the token is not a Page's (%s): make one (mentiond-facebook(5), The token)",
                                     mentiond_reason(op));
        if (r != MENTIOND_OK)
                return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
        if (!facebook_is_post(mj_str(me, "id")))
                return mentiond_fail(op, MENTIOND_BUG, "Facebook does not say whose token this is");
        mentiond_set_self(op, mj_str(me, "id"), mentiond_line(op, mj_str(me, "name"), 100));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps),
                .length_unit = MENTIOND_CODE_POINTS,
                .length_max = 8000,
                .flags = MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_HIDE,
        });
        return MENTIOND_OK;
}

/* --- What there is --- */

bool facebook_is_own(struct mentiond_op *op, struct json_object *item)
{
        return strcmp(mj_str(mj_get(item, "from"), "id"), mentiond_self(op)) == 0;
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
struct mentiond_mention *facebook_mention(struct mentiond_op *op, struct json_object *item, uint32_t kind)
{
        static const char *const kinds[] = { "image_data", "video_data" };
        struct json_object *from = mj_get(item, "from"), *attachment = mj_get(item, "attachment"),
                           *files = mj_get(mj_get(item, "attachments"), "data");
        struct mentiond_mention *m = mentiond_alloc(op, sizeof(*m));
        struct mentiond_author *author = mentiond_alloc(op, sizeof(*author));
        const char *id = mj_str(item, "id"), *name = mj_str(from, "id");

        *author = (struct mentiond_author) {
                .struct_size = sizeof(*author), .followers = -1, .name = *name ? mj_str(from, "name") : "Unknown person",
        };
        author->id = author->handle = *name ? name : mentiond_format(op, "unknown-%s", id);
        *m = (struct mentiond_mention) {
                .struct_size = sizeof(*m),
                .kind = kind,
                .visibility = kind == MENTIOND_MESSAGE ? MENTIOND_DIRECT : MENTIOND_PUBLIC,
                .id = id,
                .root = id,
                .url = mj_str(item, "permalink_url"),
                .text = mj_str(item, "message"),
                .created_usec = mentiond_parse_time(mj_str(item, "created_time")),
                .author = author,
                .media = mentiond_alloc(op, (2 + 3 * mj_len(files)) * sizeof(struct mentiond_media)),
        };
        add_media(m, mj_str(item, "full_picture"), "image");
        add_media(m, mj_str(mj_get(mj_get(attachment, "media"), "image"), "src"), "image");
        for (size_t i = 0; i < mj_len(files); i++) {
                for (size_t k = 0; k < 2; k++)
                        add_media(m, mj_str(mj_get(mj_at(files, i), kinds[k]), "url"), mj_str(mj_at(files, i), "mime_type"));
                add_media(m, mj_str(mj_at(files, i), "file_url"), mj_str(mj_at(files, i), "mime_type"));
        }
        return m;
}

/* --- Polling --- */

static void emit(struct facebook_list *l, const struct mentiond_mention *m)
{
        facebook_pass(l, m->created_usec);
        l->fresh |= mentiond_emit(l->op, m);
}

/* Below a post of the Page each comment begins a conversation of its own, or belongs to that of the comment that it answers.  A
 * visitor's post is one, with all below it; of a post elsewhere that names the Page, only what answers the Page there belongs to
 * it. */
static int take_comment(struct facebook_list *l, struct json_object *item)
{
        struct json_object *parent = mj_get(item, "parent");
        struct mentiond_mention *m = facebook_mention(l->op, item, MENTIOND_COMMENT);
        const char *above = mj_str(parent, "id"), *top = mj_str(mj_get(parent, "parent"), "id"), *post = mj_str(l->below, "id");
        bool at_home = facebook_is_own(l->op, l->below);

        facebook_pass(l, m->created_usec);
        if (l->tagged && !facebook_is_own(l->op, parent))
                return MENTIOND_OK;
        m->parent = *above ? above : at_home ? "" : post;
        m->root = !at_home ? post : *top ? top : *above ? above : m->id;
        if (at_home)
                m->above = facebook_mention(l->op, *above ? parent : l->below, MENTIOND_COMMENT);
        emit(l, m);
        return MENTIOND_OK;
}

/* With its newest comments; where these are not all that is new, the others are asked for.  The post comes last: it is older,
 * also where a comment was made in the same second. */
static int take_post(struct facebook_list *l, struct json_object *item)
{
        struct mentiond_mention *m = facebook_mention(l->op, item, MENTIOND_MENTION);
        struct facebook_list comments = {
                .op = l->op, .f = l->f, .take = take_comment, .below = item, .tagged = l->tagged, .until_usec = l->f->below_usec,
        };
        int r = MENTIOND_OK;

        if (mj_get(item, "comments") && facebook_is_post(m->id)) {
                comments.path = mentiond_format(l->op, "%s/" FACEBOOK_STREAM COMMENT_FIELDS, m->id);
                r = facebook_read(&comments, mj_get(item, "comments"));
        }
        emit(l, m);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;     /* since the list was made */
}

static int take_message(struct facebook_list *l, struct json_object *item)
{
        struct mentiond_mention *m = facebook_mention(l->op, item, MENTIOND_MESSAGE);
        const char *link = mj_str(l->below, "link");

        m->root = mj_str(l->below, "id");
        m->url = *link == '/' ? mentiond_format(l->op, "https://www.facebook.com%s", link) : link;
        m->reply_right = MENTIOND_REPLY_UNTIL;
        m->reply_until_usec = m->created_usec + (l->f->human_agent ? 7 : 1) * DAY_USEC;
        m->reply_reason = l->f->human_agent ? "Messenger lets a Page answer for 7 days"
                                            : "Messenger lets a Page answer for 24 hours";
        emit(l, m);
        return MENTIOND_OK;
}

static int take_conversation(struct facebook_list *l, struct json_object *item)
{
        struct facebook_list messages = { .op = l->op, .f = l->f, .take = take_message, .below = item };

        facebook_pass(l, mentiond_parse_time(mj_str(item, "updated_time")));
        messages.path = mentiond_format(l->op, "%s/messages?limit=100&fields=" MESSAGE_FIELDS,
                                        mentiond_escape(l->op, mj_str(item, "id")));
        int r = mj_get(item, "messages") ? facebook_read(&messages, mj_get(item, "messages")) : MENTIOND_OK;
        l->fresh |= messages.fresh;
        return r;
}

/* Where Facebook does not say what story it is, it has no id but that of its author: each person has one. */
static int take_review(struct facebook_list *l, struct json_object *item)
{
        bool bad = strcmp(mj_str(item, "recommendation_type"), "negative") == 0;
        const char *story = mj_str(mj_get(item, "open_graph_story"), "id"), *by = mj_str(mj_get(item, "reviewer"), "id");
        struct mentiond_mention *m;

        mj_put_str(item, "id", *story ? story : mentiond_format(l->op, "review-%s", by));
        MJ_PUT(item, "from", json_object_get(mj_get(item, "reviewer")));
        m = facebook_mention(l->op, item, MENTIOND_REVIEW);
        m->text = mentiond_format(l->op, "%s\n\n%s", bad ? "Does not recommend the Page" : "Recommends the Page",
                                  mj_str(item, "review_text"));
        if (!*story) {
                m->reply_right = MENTIOND_REPLY_NEVER;
                m->reply_reason = "Facebook does not say where: do it on the Page";
        }
        emit(l, m);
        return MENTIOND_OK;
}

static int read_all(struct mentiond_op *op, struct facebook *f, const char *path,
                    int (*take)(struct facebook_list *, struct json_object *), int64_t until_usec)
{
        struct facebook_list l = {
                .op = op, .f = f, .take = take, .until_usec = until_usec, .tagged = strncmp(path, "tagged", 6) == 0,
        };

        l.least = until_usec == INT64_MAX ? NEWEST : 0;
        mentiond_turn_page(op, NULL, 0);
        l.path = mentiond_format(op, "%s/%s", mentiond_self(op), path);
        return facebook_read(&l, NULL);
}

/* Comments come to old posts, too, and nothing lists them by their own time.  The newest posts are looked at each time, all of
 * them now and then. */
static int poll(struct mentiond_op *op, void *state)
{
        struct facebook *f = state;
        int64_t steady_usec = mentiond_steady_usec(op);
        bool sweep = !f->swept_usec || steady_usec - f->swept_usec >= SWEEP_USEC;
        int64_t now_usec = mentiond_now_usec(op), horizon_usec = mentiond_horizon_usec(op);
        /* By a clock that is ahead all posts would be too old; the horizon is by Facebook's. */
        int64_t until_usec = sweep ? (horizon_usec > 0 && horizon_usec < now_usec ? horizon_usec : now_usec) - f->posts_for_usec
                                   : INT64_MAX;

        /* Since the last look at all posts the horizon has gone on, past what Facebook showed late below them. */
        f->below_usec = sweep && horizon_usec > SWEEP_USEC ? horizon_usec - SWEEP_USEC : 0;
        int r = read_all(op, f, "feed?limit=25&fields=" POST_FIELDS, take_post, until_usec);
        if (r == MENTIOND_OK)
                r = read_all(op, f, "tagged?limit=25&fields=" POST_FIELDS, take_post, until_usec);
        if (r == MENTIOND_OK && f->messages)
                r = read_all(op, f,
                             "conversations?platform=messenger&limit=25&fields=id,link,updated_time,messages.limit(5)"
                             "{" MESSAGE_FIELDS "}",
                             take_conversation, 0);
        if (r == MENTIOND_OK && f->reviews)
                r = read_all(op, f,
                             "ratings?limit=100&fields=created_time,recommendation_type,review_text,reviewer,open_graph_story",
                             take_review, 0);
        if (r == MENTIOND_OK && sweep)
                f->swept_usec = steady_usec;
        return r == MENTIOND_GONE ? MENTIOND_RETRY : r;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook),
        .signature = MENTIOND_HMAC_SHA256_HEX,
        .handshake = MENTIOND_HUB_CHALLENGE,
        .header = "X-Hub-Signature-256",
        .prefix = "sha256=",
};

static const struct mentiond_channel facebook = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
                .state_size = sizeof(struct facebook),
                .name = "facebook",
                .version = "1.0",
                .summary = "Comments, mentions and messages of a Page on Facebook",
                .options = options,
        },
        .check = check,
        .start = start,
        .poll = poll,
        .post = facebook_post,
        .find = facebook_find,
        .hook = &hook,
        .doctor = facebook_doctor,
        .edit = facebook_edit,
        .remove = facebook_remove,
        .react = facebook_react,
        .reread = facebook_reread,
};
MENTIOND_CHANNEL_PLUGIN(facebook)
