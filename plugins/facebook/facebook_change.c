/* SPDX-License-Identifier: MIT
 *
 * Channel "facebook": what is done to comments that are there, and how those of a thread stand now.  Owns nothing.
 */
#include "facebook.h"

static int change_by(struct mentiond_op *op, const struct facebook *f, const char *method, const char *path,
                     struct json_object *body)
{
        struct json_object *done = NULL;
        int r = facebook_call(op, f, method, MENTIOND_REPEATABLE, body, path, &done);

        return r == MENTIOND_BLOCKED ? MENTIOND_REJECTED : r;    /* a command is not waited for */
}

/* A Page may change and remove what others wrote below its posts. */
static int judge_own(struct mentiond_op *op, const struct facebook *f, const char *id)
{
        struct json_object *item = NULL;

        if (!facebook_is_post(id))
                return mentiond_fail(op, MENTIOND_REJECTED, "messages cannot be changed or removed");
        int r = facebook_get(op, f, mentiond_format(op, "%s?fields=id,from", id), &item);
        if (r == MENTIOND_OK && !facebook_is_own(op, item))
                return mentiond_fail(op, MENTIOND_REJECTED, "it is not the Page's own");
        return r;
}

int facebook_edit(struct mentiond_op *op, void *state, const struct mentiond_change *change)
{
        struct json_object *body = mentiond_json_object(op);
        int r = judge_own(op, state, change->id);

        mj_put_str(body, "message", change->text);
        return r == MENTIOND_OK ? change_by(op, state, "POST", change->id, body) : r;
}

int facebook_remove(struct mentiond_op *op, void *state, const char *id)
{
        int r = judge_own(op, state, id);

        if (r == MENTIOND_OK)
                r = change_by(op, state, "DELETE", id, NULL);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;     /* the Page sees its own */
}

int facebook_react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        struct json_object *body = mentiond_json_object(op);

        if (!facebook_is_post(id) || (reaction != MENTIOND_LIKE && reaction != MENTIOND_HIDE))
                return mentiond_fail(op, MENTIOND_REJECTED, "that cannot be done to it on Facebook");
        if (reaction == MENTIOND_LIKE)
                return change_by(op, state, "POST", mentiond_format(op, "%s/likes", id), NULL);
        mj_put_bool(body, "is_hidden", true);
        return change_by(op, state, "POST", id, body);
}

/* --- Reading again --- */

enum { POSTS_MAX = 256, PAGE = 100 };

struct reading {
        const char *const *ids;
        uint32_t n;
        bool told[POSTS_MAX];
};

static int ask(struct mentiond_op *op, const struct facebook *f, const char *path, struct json_object **ret)
{
        return facebook_call(op, f, "GET", MENTIOND_OPTIONAL, NULL, path, ret);
}

static void tell(struct mentiond_op *op, struct reading *g, struct json_object *item)
{
        struct mentiond_mention *m = facebook_mention(op, item, MENTIOND_COMMENT);
        bool wanted = facebook_is_own(op, item);

        for (uint32_t i = 0; i < g->n; i++)
                if (strcmp(g->ids[i], m->id) == 0)
                        wanted = g->told[i] = true;
        if (wanted && *m->id)
                mentiond_emit_again(op, m);
}

static int tell_listed(struct facebook_list *l, struct json_object *item)
{
        tell(l->op, l->sought, item);
        return MENTIOND_OK;
}

/* What is gone and what the Page may not see is answered alike: it is gone if the Page still sees its own posts. */
static int tell_gone(struct mentiond_op *op, const struct facebook *f, const char *id)
{
        struct json_object *feed = NULL;
        int r = ask(op, f, mentiond_format(op, "%s/feed?limit=1&fields=id,comments.limit(1){id}", mentiond_self(op)), &feed);

        if (r == MENTIOND_OK && mj_len(mj_get(feed, "data")))
                mentiond_emit_gone(op, id);
        return r;
}

static int read_again(struct mentiond_op *op, struct facebook *f, struct reading *g)
{
        struct facebook_list below = {
                .op = op, .f = f, .take = tell_listed, .until_usec = INT64_MAX, .flags = MENTIOND_OPTIONAL,
                .least = PAGE, .sought = g,
        };
        int r = MENTIOND_OK;

        /* Below the oldest stand the others, and what the Page said outside the helpdesk. */
        if (g->n && facebook_is_post(g->ids[g->n - 1])) {
                below.path = mentiond_format(op, "%s/" FACEBOOK_STREAM FACEBOOK_OWN_FIELDS, g->ids[g->n - 1]);
                r = facebook_read(&below, NULL);
        }
        if (r == MENTIOND_GONE)
                r = MENTIOND_OK;
        for (uint32_t i = 0; r == MENTIOND_OK && i < g->n; i++) {
                struct json_object *item = NULL;

                if (g->told[i] || !facebook_is_post(g->ids[i]))
                        continue;
                r = ask(op, f, mentiond_format(op, "%s?fields=" FACEBOOK_OWN_FIELDS, g->ids[i]), &item);
                if (r == MENTIOND_OK)
                        tell(op, g, item);
                else if (r == MENTIOND_GONE)
                        r = tell_gone(op, f, g->ids[i]);
        }
        return r;
}

int facebook_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct reading g = { .ids = ids, .n = n < POSTS_MAX ? n : POSTS_MAX };
        int r = read_again(op, state, &g);

        return r == MENTIOND_THROTTLED || r == MENTIOND_GONE ? MENTIOND_OK : r;  /* the rest another time */
}
