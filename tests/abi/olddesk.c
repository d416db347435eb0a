/* SPDX-License-Identifier: MIT
 * olddesk: a helpdesk whose binary is kept, see renew.  It has every callback, sets every field, and calls what the host has for
 * helpdesks; what it asks, and is answered, is in tests/check/olddesk. */
#include <mentiond/helpdesk.h>
#include <mentiond/json.h>

struct olddesk {
        const char *server;
        const struct mentiond_secret *token;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct olddesk, server, "server", MENTIOND_URL, .help = "Address",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct olddesk, token, "token", MENTIOND_SECRET, .help = "Token",
                        .flags = MENTIOND_REQUIRED | MENTIOND_BEARER),
        { .name = NULL },
};

static const char *check(const void *state)
{
        return *((const struct olddesk *) state)->server ? NULL : "server is missing";
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *me;

        (void) state;
        return mentiond_get_json(op, &me, "/me");
}

static int tell(struct mentiond_op *op, struct json_object *made, struct mentiond_filed *ret)
{
        ret->ticket = mj_str(made, "ticket");
        ret->number = mj_str(made, "number");
        ret->url = mj_str(made, "url");
        ret->article = mj_str(made, "article");
        return *ret->article ? MENTIOND_OK : mentiond_fail(op, MENTIOND_AMBIGUOUS, "the article is not named");
}

static int send(struct mentiond_op *op, const struct mentiond_filing *f, const char *path, struct mentiond_filed *ret)
{
        const struct { const char *name, *value; } all[] = {
                { "key", f->key }, { "thread", f->thread_key }, { "ticket", f->ticket }, { "queue", f->queue },
                { "title", f->title },
                { "text", f->text }, { "customer", f->customer }, { "author", f->author }, { "network", f->network },
                { "url", f->url },
                { "after", f->after },
        };
        struct json_object *body = mentiond_json_object(op), *made, *files = json_object_new_array();
        int r;

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
                json_object_object_add(body, all[i].name, json_object_new_string(all[i].value));
        mj_put_int(body, "created", f->created_usec);
        mj_put_int(body, "reopen", f->reopen_since_usec);
        for (uint32_t i = 0; i < f->n_attachments; i++) {
                const struct mentiond_attachment *a = (const void *) ((const char *) f->attachments
                                                                      + (size_t) i * f->attachments->struct_size);

                (void) json_object_array_add(files,
                                             json_object_new_string(mentiond_format(op, "%s %s %.*s", a->name, a->type,
                                                                                    (int) a->size, (const char *) a->data)));
        }
        json_object_object_add(body, "files", files);
        r = mentiond_post_json(op, &made, body, "%s", path);
        return r == MENTIOND_OK ? tell(op, made, ret) : r;
}

static int file(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret)
{
        (void) state;
        return send(op, filing, "/tickets", ret);
}

static int append(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret)
{
        (void) state;
        return send(op, filing, mentiond_format(op, "/tickets/%s/articles", mentiond_escape(op, filing->ticket)), ret);
}

static int note(struct mentiond_op *op, void *state, const struct mentiond_note *n, struct mentiond_filed *ret)
{
        const struct mentiond_filing filing = {
                .struct_size = sizeof filing, .key = n->key, .thread_key = "", .ticket = n->ticket, .queue = "",
                .title = n->subject, .text = n->text,
                .customer = n->article, .author = n->kind == MENTIOND_NOTE_POSTED ? "posted" : "", .network = n->network,
                .url = n->url, .after = "",
        };

        return append(op, state, &filing, ret);
}

static int find(struct mentiond_op *op, void *state, const struct mentiond_lookup *l, struct mentiond_filed *ret)
{
        struct json_object *found;
        int r = mentiond_get_json(op, &found, "/articles?key=%s&thread=%s&ticket=%s&customer=%s&title=%s&since=%lld",
                                  mentiond_escape(op, l->key), mentiond_escape(op, l->thread_key), mentiond_escape(op, l->ticket),
                                  mentiond_escape(op, l->customer), mentiond_escape(op, l->title), (long long) l->tried_usec);

        (void) state;
        if (r != MENTIOND_OK)
                return r;
        if (!json_object_is_type(found, json_type_array))
                return mentiond_fail(op, MENTIOND_RETRY, "this is no list");
        return mj_len(found) ? tell(op, mj_at(found, 0), ret) : MENTIOND_ABSENT;
}

static int poll(struct mentiond_op *op, void *state)
{
        struct json_object *list;
        const char *unread = mentiond_unread(op, 0);
        int r = mentiond_get_json(op, &list, "/articles?after=%s", mentiond_escape(op, mentiond_cursor(op, "after")));

        (void) state;
        (void) unread;
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *o = mj_at(list, i);
                struct mentiond_article a = {
                        .struct_size = sizeof a, .kind = MENTIOND_ARTICLE_REPLY, .ticket = mj_str(o, "ticket"),
                        .id = mj_str(o, "id"),
                        .agent = mj_str(o, "agent"), .html = mj_str(o, "html"), .text = mj_str(o, "text"),
                        .created_usec = mentiond_parse_time(mj_str(o, "time")),
                        .changed_usec = mentiond_parse_time(mj_str(o, "time")),
                        .n_attachments = 1, .flags = mj_true(o, "doubtful") ? MENTIOND_ARTICLE_DOUBTFUL : 0,
                };

                if (!mentiond_is_linked(op, a.ticket) || mentiond_knows_article(op, a.id))
                        continue;
                (void) mentiond_emit_article(op, &a);
                mentiond_saw(op, a.created_usec);
                mentiond_set_cursor(op, "after", a.id);
        }
        mentiond_merged(op, "8", "9", "N9");
        mentiond_closed(op, "7", 1);
        return MENTIOND_OK;
}

static int links(struct mentiond_op *op, void *state)
{
        struct json_object *list;
        int r = mentiond_get_json(op, &list, "/tickets");

        (void) state;
        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(list); i++)
                mentiond_link(op, &(struct mentiond_link) {
                        .struct_size = sizeof(struct mentiond_link), .thread_key = mj_str(mj_at(list, i), "thread"),
                        .ticket = mj_str(mj_at(list, i), "ticket"), .number = "N", .url = "",
                });
        return r;
}

static int review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret)
{
        struct mentiond_attachment *file = mentiond_alloc(op, sizeof *file);
        const char **words = mentiond_alloc(op, sizeof *words);
        struct json_object *o;
        int r = mentiond_get_json(op, &o, "/tickets/%s/articles/%s", mentiond_escape(op, ticket), mentiond_escape(op, article));

        (void) state;
        if (r == MENTIOND_GONE) {
                ret->standing = MENTIOND_TAKEN_BACK;
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        *file = (struct mentiond_attachment) {
                .struct_size = sizeof *file, .name = "a.txt", .type = "text/plain", .data = "abc", .size = 3,
        };
        *words = "internal";
        ret->standing = MENTIOND_STANDS;
        ret->html = "";
        ret->text = mj_str(o, "text");
        ret->attachments = ret->internal_attachments = file;
        ret->n_attachments = ret->n_internal_attachments = ret->n_internal = ret->n_customer = ret->closed = 1;
        ret->internal = ret->customer = words;
        return MENTIOND_OK;
}

static int close_ticket(struct mentiond_op *op, void *state, const char *ticket)
{
        struct mentiond_request q = { .struct_size = sizeof q, .flags = MENTIOND_REPEATABLE, .method = "PUT", .body = "closed",
                                      .body_size = 6, .content_type = "text/plain",
                                      .path = mentiond_format(op, "/tickets/%s", mentiond_escape(op, ticket)) };
        struct mentiond_response a = { .struct_size = sizeof a };

        (void) state;
        return mentiond_http(op, &q, &a);
}

static int doctor(struct mentiond_op *op, void *state)
{
        int r = start(op, state);

        for (uint32_t n = 0; mentiond_queue(op, n) || mentiond_network(op, n); n++)
                mentiond_log(op, 7, "one more");
        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "server", "it answers");
        return r;
}

static int provision(struct mentiond_op *op, void *state, const struct mentiond_provisioning *p)
{
        (void) state;
        mentiond_report(op, p->flags & MENTIOND_APPLY ? MENTIOND_DONE : MENTIOND_TO_DO, p->instance, "%u %s %s %s", p->action,
                        p->hook_url, p->token ? "token" : "", p->hook_secret ? "secret" : "");
        return MENTIOND_OK;
}

static void stop(struct mentiond_op *op, void *state)
{
        (void) state;
        mentiond_log(op, 7, "the end");
}

static const struct mentiond_hook hook = { .struct_size = sizeof hook, .signature = MENTIOND_PLAIN, .header = "X-Token" };

static const struct mentiond_helpdesk helpdesk = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_HELPDESK, struct mentiond_helpdesk), .name = "olddesk", .version = "1",
                  .summary = "A binary that is kept", .state_size = sizeof(struct olddesk), .options = options },
        .check = check, .start = start, .file = file, .append = append, .find = find, .note = note, .poll = poll, .stop = stop,
        .links = links,
        .hook = &hook, .doctor = doctor, .provision = provision, .review = review, .close = close_ticket,
};

MENTIOND_HELPDESK_PLUGIN(helpdesk)
