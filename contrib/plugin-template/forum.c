/* SPDX-License-Identifier: MIT */
/* Channel "forum": an account on a forum with a small JSON API. */
#include <mentiond/channel.h>
#include <mentiond/json.h>

struct forum {
    const char *server;
    const struct mentiond_secret *token;
};

static const struct mentiond_option options[] = {
    MENTIOND_OPTION(struct forum, server, "server", MENTIOND_URL,
        .help = "Address of the forum",
        .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
    MENTIOND_OPTION(struct forum, token, "token", MENTIOND_SECRET,
        .help = "Token of the account",
        .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
    { .name = NULL },
};

static int start(struct mentiond_op *op, void *state)
{
    struct mentiond_caps caps = {
        .struct_size = sizeof caps,
        .length_unit = MENTIOND_CODE_POINTS, .length_max = 500,
    };
    struct json_object *me;
    int r = mentiond_get_json(op, &me, "/api/me");

    if (r != MENTIOND_OK)
        return r;
    mentiond_set_self(op, mj_str(me, "id"), mj_str(me, "handle"));
    mentiond_set_caps(op, &caps);
    return MENTIOND_OK;
}

static int emit(struct mentiond_op *op, struct json_object *post)
{
    struct json_object *who = mj_get(post, "author");
    struct mentiond_author author = {
        .struct_size = sizeof author, .followers = -1,
        .id = mj_str(who, "id"), .handle = mj_str(who, "handle"),
    };
    struct mentiond_mention mention = {
        .struct_size = sizeof mention, .author = &author,
        .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC,
        .id = mj_str(post, "id"), .parent = mj_str(post, "parent"),
        .root = mj_str(post, "root"), .url = mj_str(post, "url"),
        .text = mj_str(post, "text"),
        .created_usec = mentiond_parse_time(mj_str(post, "time")),
    };
    return mentiond_emit(op, &mention);
}

/* Newest first, back to a page that holds nothing new and ends before
 * the horizon. */
static int poll(struct mentiond_op *op, void *state)
{
    struct json_object *page, *last = NULL;

    for (int fresh = 1; fresh || mentiond_parse_time(mj_str(last, "time"))
                                 >= mentiond_horizon_usec(op); ) {
        int r = mentiond_get_json(op, &page, "/api/mentions?below=%s",
                                  mentiond_escape(op, mj_str(last, "id")));
        if (r != MENTIOND_OK || mj_len(page) == 0)
            return r;
        fresh = 0;
        for (size_t i = 0; (last = mj_at(page, i)); i++)
            fresh |= emit(op, last);
        last = mj_at(page, mj_len(page) - 1);
    }
    return MENTIOND_OK;
}

static int post(struct mentiond_op *op, void *state,
                const struct mentiond_post *part, struct mentiond_posted *ret)
{
    struct json_object *made, *body = mentiond_json(op,
        "{'parent': %s, 'text': %s, 'key': %s}", part->parent, part->text, part->key);
    int r = mentiond_post_json(op, &made, body, "/api/posts");

    if (r != MENTIOND_OK)
        return r;
    ret->id = mj_str(made, "id");
    ret->url = mj_str(made, "url");
    return *ret->id ? r : mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                        "The forum does not name the post");
}

static int find(struct mentiond_op *op, void *state,
                const struct mentiond_post *part, struct mentiond_posted *ret)
{
    struct json_object *answers, *answer;
    int r = mentiond_get_json(op, &answers, "/api/posts/%s/answers",
                              mentiond_escape(op, part->parent));

    if (r != MENTIOND_OK)
        return r;
    answer = mj_find(answers, "key", part->key);
    ret->id = mj_str(answer, "id");
    ret->url = mj_str(answer, "url");
    return answer ? MENTIOND_OK : MENTIOND_ABSENT;
}

static const struct mentiond_channel forum = {
    .head = {
        MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel),
        .state_size = sizeof(struct forum), .options = options,
        .name = "forum", .version = "1", .summary = "Mentions on a forum",
    },
    .start = start, .poll = poll, .post = post, .find = find,
};
MENTIOND_CHANNEL_PLUGIN(forum)
