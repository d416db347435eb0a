/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon": how the posts of a thread stand now.  What is around a post tells most of them, and what the account wrote
 * there by other means; the rest is asked for together, where the server lets us.  Owns nothing.
 *
 * That is not urgent: it is left where the server's limits are near. */
#include "mastodon.h"

#define TOGETHER_MAX 20          /* ids of one request, as Mastodon limits it */
#define SNAC_WRITES_USEC 1000000

enum { POSTS_MAX = 256 };        /* the newest of a thread; nobody looks at older ones */

struct reading {
        struct mentiond_op *op;
        struct mastodon *m;
        const char *const *ids;
        uint32_t n;
        bool told[POSTS_MAX];    /* of each: it was emitted */
        bool below[POSTS_MAX];   /* and so was all that answers it */
};

static int ask(struct mentiond_op *op, struct json_object **ret, const char *path)
{
        struct mentiond_request request = { .struct_size = sizeof(request), .flags = MENTIOND_OPTIONAL, .path = path };
        struct mentiond_response response = { .struct_size = sizeof(response) };
        int r = mentiond_http(op, &request, &response);

        if (r == MENTIOND_OK && !response.json)
                return mentiond_fail(op, MENTIOND_RETRY, "the server answered %s with something that is not JSON", path);
        *ret = response.json;
        return r;
}

static int ask_about(struct mentiond_op *op, struct json_object **ret, const char *id, const char *what)
{
        return ask(op, ret, mentiond_format(op, "/api/v1/statuses/%s%s", mentiond_escape(op, id), what));
}

/* One that was asked for, or that the account wrote. */
static void tell(struct reading *g, struct json_object *status, bool below)
{
        struct mentiond_mention *mention = mastodon_mention(g->op, g->m, status);
        bool wanted = strcmp(mention->author->id, mentiond_self(g->op)) == 0;

        for (uint32_t i = 0; i < g->n; i++)
                if (strcmp(g->ids[i], mention->id) == 0) {
                        wanted = g->told[i] = true;
                        g->below[i] |= below;
                }
        if (wanted && *mention->id)
                mentiond_emit_again(g->op, mention);
}

static void tell_all(struct reading *g, struct json_object *list, bool below)
{
        struct json_object *status;

        MJ_EACH(status, list)
                tell(g, status, below);
}

/* snac writes a post anew in its place when it is edited, and has none for a moment. */
static int tell_gone(struct reading *g, uint32_t i)
{
        struct json_object *status = NULL;
        int r = MENTIOND_GONE;

        if (g->m->snac) {
                r = mentiond_sleep(g->op, SNAC_WRITES_USEC);
                if (r == MENTIOND_OK)
                        r = ask_about(g->op, &status, g->ids[i], "");
        }
        if (r == MENTIOND_OK)
                tell(g, status, false);
        if (r != MENTIOND_GONE)
                return r;
        g->told[i] = true;
        mentiond_emit_gone(g->op, g->ids[i]);
        return MENTIOND_OK;
}

/* Of the oldest post of each branch: it has the others below it, but not those beside it.  snac shows what answers a post itself,
 * and no further. */
static int read_around(struct reading *g)
{
        for (uint32_t i = g->n; i-- > 0; ) {
                struct json_object *context = NULL;
                int r;

                if (g->below[i] && !g->m->snac)
                        continue;
                r = ask_about(g->op, &context, g->ids[i], "/context");
                if (r == MENTIOND_GONE)
                        r = tell_gone(g, i);
                if (r != MENTIOND_OK)
                        return r;
                tell_all(g, mj_get(context, "ancestors"), false);
                tell_all(g, mj_get(context, "descendants"), true);
                mentiond_turn_page(g->op, NULL, 0);
        }
        return MENTIOND_OK;
}

/* What is left, many at once.  Those that it does not give are asked for again: that they are gone is too much to conclude. */
static int read_together(struct reading *g)
{
        for (uint32_t i = 0; i < g->n; ) {
                const char *path = "/api/v1/statuses?";
                struct json_object *list = NULL;
                uint32_t asked = 0;

                for (; i < g->n && asked < TOGETHER_MAX; i++)
                        if (!g->told[i])
                                path = mentiond_format(g->op, "%s%sid[]=%s", path, asked++ ? "&" : "",
                                                       mentiond_escape(g->op, g->ids[i]));
                if (!asked)
                        return MENTIOND_OK;
                int r = ask(g->op, &list, path);
                g->m->asks_singly = r == MENTIOND_GONE || r == MENTIOND_REJECTED
                                    || (r == MENTIOND_OK && !json_object_is_type(list, json_type_array));
                if (g->m->asks_singly)
                        return MENTIOND_OK;
                if (r != MENTIOND_OK)
                        return r;
                tell_all(g, list, false);
        }
        return MENTIOND_OK;
}

static int read_singly(struct reading *g)
{
        for (uint32_t i = 0; i < g->n; i++) {
                struct json_object *status = NULL;
                int r;

                if (g->told[i])
                        continue;
                r = ask_about(g->op, &status, g->ids[i], "");
                if (r == MENTIOND_GONE)
                        r = tell_gone(g, i);
                else if (r == MENTIOND_OK)
                        tell(g, status, false);
                if (r != MENTIOND_OK)
                        return r;
        }
        return MENTIOND_OK;
}

int mastodon_reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        struct reading g = { .op = op, .m = state, .ids = ids, .n = n < POSTS_MAX ? n : POSTS_MAX };
        uint32_t left = 0;
        int r = read_around(&g);

        for (uint32_t i = 0; i < g.n; i++)
                left += !g.told[i];
        if (r == MENTIOND_OK && left > 1 && !g.m->asks_singly)
                r = read_together(&g);
        if (r == MENTIOND_OK)
                r = read_singly(&g);
        return r == MENTIOND_THROTTLED ? MENTIOND_OK : r;        /* the rest another time */
}
