/* SPDX-License-Identifier: MIT
 * faulty: a channel for a small forum, as in mentiond-plugin(7), that breaks one rule: the one that its option "fault" names. */
#include <mentiond/channel.h>
#include <mentiond/json.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct faulty {
        const char *server, *fault;
        const struct mentiond_secret *token;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct faulty, server, "server", MENTIOND_URL, .help = "Address of the forum",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct faulty, fault, "fault", MENTIOND_STRING, .help = "The rule that it breaks"),
        MENTIOND_OPTION(struct faulty, token, "token", MENTIOND_SECRET, .help = "Token of the account",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        { .name = NULL },
};

static bool has(const struct faulty *f, const char *fault)
{
        return strcmp(f->fault, fault) == 0;
}

static int start(struct mentiond_op *op, void *state)
{
        const struct faulty *f = state;
        struct json_object *me;
        int r = mentiond_get_json(op, &me, "/api/me");

        if (r != MENTIOND_OK)
                return r;
        if (has(f, "lazy") && *mentiond_self(op))
                return mentiond_fail(op, MENTIOND_RETRY, "once is enough");
        if (!has(f, "nobody"))
                mentiond_set_self(op, mj_str(me, "id"), mj_str(me, "handle"));
        mentiond_set_caps(op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps), .length_unit = MENTIOND_GRAPHEMES, .length_max = 500,
                .flags = has(f, "caps") ? MENTIOND_CAN_EDIT : 0,
        });
        return MENTIOND_OK;
}

static void emit(struct mentiond_op *op, const struct faulty *f, struct json_object *post)
{
        struct json_object *who = mj_get(post, "author");
        struct mentiond_author author = {
                .struct_size = sizeof author, .followers = -1, .id = mj_str(who, "id"), .handle = mj_str(who, "handle"),
        };
        struct mentiond_mention mention = {
                .struct_size = sizeof mention, .author = &author, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC,
                .id = mj_str(post, "id"), .parent = mj_str(post, "parent"), .root = mj_str(post, "root"),
                .url = mj_str(post, "url"),
                .text = mj_str(post, "text"), .created_usec = mentiond_parse_time(mj_str(post, "time")),
        };

        if (has(f, "fragile") && !*json_object_get_string(mj_get(post, "text")))       /* NULL where that is null */
                return;
        if (has(f, "again"))
                mention.id = mentiond_format(op, "%s-%lld", mention.id, (long long) mentiond_steady_usec(op));
        if (has(f, "secret"))
                mention.url = mentiond_format(op, "%s/posts/%s?token=%s", f->server, mention.id, mentiond_reveal(f->token));
        (void) mentiond_emit(op, &mention);
}

/* What some plugins did to all, before it was known better. */
static int misbehave(struct mentiond_op *op, const struct faulty *f)
{
        struct mentiond_request q = { .struct_size = sizeof q, .path = "/api/nothing" };
        struct mentiond_response a = { .struct_size = sizeof a };

        if (has(f, "crash"))
                abort();
        if (has(f, "exit"))
                exit(0);
        if (has(f, "hang"))
                for (volatile int on = 1; on; )
                        ;
        if (has(f, "leak"))
                *(volatile char *) malloc(64) = 1;         /* so that no compiler leaves it out */
        if (has(f, "block"))
                usleep(80000);
        if (has(f, "unknown"))
                (void) mentiond_http(op, &q, &a);
        return has(f, "nonsense") ? 4711 : MENTIOND_OK;
}

static int read_page(struct mentiond_op *op, const struct faulty *f, const char *below, struct json_object **ret)
{
        int r = mentiond_get_json(op, ret, "/api/mentions?below=%s", has(f, "unescaped") ? below : mentiond_escape(op, below));

        if (has(f, "silent") && r == MENTIOND_THROTTLED)
                return mentiond_fail(op, MENTIOND_RETRY, "it wants silence, and is asked again");
        return r;
}

static int poll(struct mentiond_op *op, void *state)
{
        const struct faulty *f = state;
        const char *below = has(f, "early") ? mentiond_cursor(op, "below") : "";
        struct json_object *page;
        int r = misbehave(op, f);

        while (r == MENTIOND_OK) {
                r = read_page(op, f, below, &page);
                if (r != MENTIOND_OK || mj_len(page) == 0)
                        break;
                for (size_t i = 0; i < mj_len(page); i++) {
                        if (has(f, "strict") && json_object_object_length(mj_at(page, i)) > 5)
                                return mentiond_fail(op, MENTIOND_BUG, "the forum says more than it did");
                        emit(op, f, mj_at(page, i));
                        below = mj_str(mj_at(page, i), "id");
                }
                if (has(f, "early") && mentiond_keep(op, "below", below) != MENTIOND_OK)
                        return MENTIOND_RETRY;
                if (mentiond_parse_time(mj_str(mj_at(page, mj_len(page) - 1), "time")) < mentiond_horizon_usec(op))
                        break;
        }
        return has(f, "content") && r != MENTIOND_CANCELED ? MENTIOND_OK : r;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *made, *body = mentiond_json(op, "{'parent': %s, 'text': %s, 'key': %s}", part->parent, part->text,
                                                        part->key);
        const struct faulty *f = state;
        int r = mentiond_post_json(op, &made, body, "/api/posts");

        if (has(f, "hasty") && r == MENTIOND_AMBIGUOUS)
                return mentiond_fail(op, MENTIOND_RETRY, "once more");
        if (has(f, "stubborn") && r != MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_REJECTED, "it was not posted");
        if (r != MENTIOND_OK)
                return r;
        ret->id = has(f, "unnamed") ? "" : mj_str(made, "id");
        ret->url = mj_str(made, "url");
        return *ret->id || has(f, "unnamed") ? r : mentiond_fail(op, MENTIOND_AMBIGUOUS, "the forum does not name the post");
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        const struct faulty *f = state;
        struct json_object *answers, *answer;
        int r = mentiond_get_json(op, &answers, "/api/posts/%s/answers", mentiond_escape(op, part->parent));

        if (has(f, "blind") || (has(f, "sure") && r != MENTIOND_OK))
                return MENTIOND_ABSENT;
        if (r != MENTIOND_OK)
                return r;
        answer = has(f, "greedy") ? mj_at(answers, 0) : mj_find(answers, "key", part->key);
        ret->id = mj_str(answer, "id");
        return answer ? MENTIOND_OK : MENTIOND_ABSENT;
}

static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        const struct faulty *f = state;
        struct json_object *answer;
        int r = MENTIOND_OK;

        for (uint32_t i = 0; i < n && r == MENTIOND_OK; i++) {
                r = mentiond_get_json(op, &answer, "/api/posts/%s", mentiond_escape(op, ids[i]));
                if (r == MENTIOND_GONE || (has(f, "rash") && r != MENTIOND_OK)) {
                        mentiond_emit_gone(op, ids[i]);
                        r = MENTIOND_OK;
                }
        }
        return r;
}

static int doctor(struct mentiond_op *op, void *state)
{
        const struct faulty *f = state;
        struct json_object *me;
        int r = has(f, "nosy") ? mentiond_post_json(op, &me, mentiond_json_object(op), "/api/me")
                               : mentiond_get_json(op, &me, "/api/me");

        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "account", "it is %s", mj_str(me, "handle"));
        return r;
}

static const struct mentiond_channel faulty = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "faulty", .version = "1",
                  .summary = "Breaks a rule", .state_size = sizeof(struct faulty), .options = options },
        .start = start, .poll = poll, .post = post, .find = find, .doctor = doctor, .reread = reread,
};

MENTIOND_CHANNEL_PLUGIN(faulty)
