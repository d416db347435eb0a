/* SPDX-License-Identifier: MIT
 *
 * The model Facebook: what it shows of posts, comments and messages, in lists and one by one.  Owns nothing.
 */
#include "facebook.h"

#include <time.h>

/* --- What is shown --- */

struct reading {
        const struct request *q;
        const char *fields;
        bool by_poll;                    /* and not to look for something */
        int *shown, n_shown;             /* notifications */
};

static void put_time(struct json_object *o, const char *name, int64_t utc_usec)
{
        time_t at = (time_t) (utc_usec / USEC_PER_SEC);
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        put_owned(o, name, xasprintf("%04d-%02d-%02dT%02d:%02d:%02d+0000", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec));
}

static struct json_object *person(int account)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "id", account == BRAND ? FACEBOOK_PAGE : accounts[account].id);
        mj_put_str(o, "name", accounts[account].name);
        return o;
}

static struct json_object *nested(const char *name, struct json_object *value)
{
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, name, value);
        return o;
}

static void put_file(struct json_object *o, const struct status *s, enum facebook_kind kind)
{
        _cleanup_free_ char *url = s->n_media ? media_url(s->media) : NULL;
        struct json_object *src = json_object_new_object(), *list;

        if (!url) {
                (void) json_object_put(src);
                return;
        }
        mj_put_str(src, kind == FACEBOOK_COMMENT ? "src" : "url", url);
        if (kind == FACEBOOK_COMMENT) {
                json_object_object_add(o, "attachment", nested("media", nested("image", src)));
        } else if (kind == FACEBOOK_MESSAGE) {
                list = json_object_new_array();
                (void) json_object_array_add(list, nested("image_data", src));
                mj_put_str(mj_at(list, 0), "mime_type", "image/png");
                json_object_object_add(o, "attachments", nested("data", list));
        } else {
                mj_put_str(o, "full_picture", url);
                (void) json_object_put(src);
        }
}

/* Only what is asked for. */
static struct json_object *item_json(const char *fields, int i)
{
        const struct facebook_item *x = &facebook.items[i];
        const struct status *s = &social.statuses[i];
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "id", s->id);
        mj_put_str(o, "message", s->text);
        put_time(o, "created_time", s->created);
        if (strstr(fields, "from"))
                json_object_object_add(o, "from", person(s->account));
        if (strstr(fields, "permalink_url") && x->kind != FACEBOOK_MESSAGE)
                put_owned(o, "permalink_url", xasprintf("https://www.facebook.com/%s", s->id));
        if (strstr(fields, "parent{") && x->top >= 0)
                json_object_object_add(o, "parent", item_json("from,permalink_url", x->top));
        if (strstr(fields, "attachment") || strstr(fields, "full_picture"))
                put_file(o, s, x->kind);
        if (strstr(fields, "can_reply_privately"))
                mj_put_bool(o, "can_reply_privately", facebook_may_reply_aside(i));
        if (strstr(fields, "private_reply_conversation") && x->aside >= 0) {
                json_object_object_add(o, "private_reply_conversation", json_object_new_object());
                put_owned(mj_get(o, "private_reply_conversation"), "id", facebook_talk_id(facebook.items[x->aside].talk));
        }
        return o;
}

static struct json_object *post_json(int p)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "id", facebook.posts[p].id);
        mj_put_str(o, "message", "New shoes, in red");
        put_time(o, "created_time", facebook.posts[p].created);
        json_object_object_add(o, "from", person(BRAND));
        put_owned(o, "permalink_url", xasprintf("https://www.facebook.com/%s", facebook.posts[p].id));
        return o;
}

/* --- Lists: newest first, in pages --- */

struct entry { int64_t order; int number; };             /* number: of a status, or of what the list is of */
struct list { struct entry *entries; int n; };

static void add_entry(struct list *l, int64_t order, int number)
{
        l->entries = xrealloc(l->entries, (size_t) (l->n + 1) * sizeof *l->entries);
        l->entries[l->n++] = (struct entry) { order, number };
}

static int newer_first(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;

        return x->order > y->order ? -1 : x->order < y->order;
}

char *facebook_parameter(const char *query, const char *name)
{
        size_t size = strlen(name);

        for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
                if (!strncmp(p, name, size) && p[size] == '=')
                        return xstrndup(p + size + 1, strcspn(p + size + 1, "&"));
        return xstrdup("");
}

static struct json_object *page_of(struct reading *g, struct list *l, int limit, int64_t below, struct json_object *(*show)(struct reading *g, int number))
{
        struct json_object *o = json_object_new_object(), *data = json_object_new_array(), *paging = json_object_new_object();
        _cleanup_free_ char *after = facebook_parameter(g->q->query, "after");
        const char *before = strchr(after, 'x');
        int n = 0;

        qsort(l->entries, (size_t) l->n, sizeof *l->entries, newer_first);
        while (n < l->n && l->entries[n].order >= below)
                n++;
        /* What the Page may not see is taken out when the page has been made: it is short, or has nothing. */
        limit = MIN(limit, social.networks[g->q->server].page);
        if (n < l->n && chance(R_NET, 50)) {
                limit = 0;
                happened(FACEBOOK_EMPTY);
        }
        for (; n < l->n && limit > 0; limit--, n++) {
                (void) json_object_array_add(data, show(g, l->entries[n].number));
                below = l->entries[n].order;
        }
        json_object_object_add(o, "data", data);
        if (l->n) {
                json_object_object_add(paging, "cursors", json_object_new_object());
                put_owned(mj_get(paging, "cursors"), "after", xasprintf("QVFI%lldx%d", (long long) below, before ? atoi(before + 1) + 1 : 0));
                if (n < l->n)
                        put_owned(paging, "next", xasprintf("https://graph.facebook.com/v25.0/x?access_token=%s&after=y", g->q->token));
                json_object_object_add(o, "paging", paging);
        } else {
                (void) json_object_put(paging);
        }
        free(l->entries);
        return o;
}

static struct json_object *show_item(struct reading *g, int i)
{
        if (g->by_poll && social.statuses[i].notification >= 0) {
                g->shown = xrealloc(g->shown, (size_t) (g->n_shown + 1) * sizeof *g->shown);
                g->shown[g->n_shown++] = social.statuses[i].notification;
        }
        return item_json(g->fields, i);
}

/* post: of the Page, or -1; else below a status: at its first level, or all of it. */
static struct list comments_below(int post, int status)
{
        struct list l = { .n = 0 };

        for (int i = 0; i < facebook.n_items; i++) {
                const struct facebook_item *x = &facebook.items[i];

                if (social.statuses[i].network == 0 && x->kind == FACEBOOK_COMMENT && facebook_is_listed(i) &&
                    (post >= 0 ? x->post == post : x->above == status || x->top == status))
                        add_entry(&l, facebook_order_of(i), i);
        }
        return l;
}

static struct list messages_with(int account)
{
        struct list l = { .n = 0 };

        for (int i = 0; i < facebook.n_items; i++)
                if (social.statuses[i].network == 0 && facebook.items[i].kind == FACEBOOK_MESSAGE && facebook.items[i].talk == account && facebook_is_listed(i))
                        add_entry(&l, facebook_order_of(i), i);
        return l;
}

/* Posts have the numbers after those of all statuses. */
static struct json_object *show_post(struct reading *g, int number)
{
        int p = number - social.n_statuses, i = p < 0 ? number : -1;
        struct json_object *o = p >= 0 ? post_json(p) : show_item(g, i);
        struct list l = comments_below(p >= 0 ? p : -1, i);

        if (l.n)
                json_object_object_add(o, "comments", page_of(g, &l, 5, INT64_MAX, show_item));
        return o;
}

static struct json_object *show_talk(struct reading *g, int account)
{
        struct list l = messages_with(account);
        struct json_object *o = json_object_new_object();
        int64_t newest = 0;

        for (int k = 0; k < l.n; k++)
                newest = MAX(newest, social.statuses[l.entries[k].number].created);
        put_owned(o, "id", facebook_talk_id(account));
        put_owned(o, "link", xasprintf("/%s/inbox/%s/", FACEBOOK_PAGE, accounts[account].id));
        put_time(o, "updated_time", newest);
        json_object_object_add(o, "messages", page_of(g, &l, 5, INT64_MAX, show_item));
        return o;
}

static struct list posts_of_kind(bool tagged)
{
        struct list l = { .n = 0 };

        for (int p = 0; p < facebook.n_posts && !tagged; p++)
                add_entry(&l, facebook.posts[p].order, social.n_statuses + p);
        for (int i = 0; i < facebook.n_items; i++)
                if (social.statuses[i].network == 0 && facebook.items[i].kind == (tagged ? FACEBOOK_TAGGED : FACEBOOK_VISITOR) && facebook_is_listed(i))
                        add_entry(&l, facebook_order_of(i), i);
        return l;
}

static struct list talks(void)
{
        struct list l = { .n = 0 };

        for (int account = 1; account < N_ACCOUNTS; account++) {
                struct list m = facebook.talks[account] ? messages_with(account) : (struct list) { .n = 0 };

                if (m.n)
                        add_entry(&l, m.entries[m.n - 1].order, account);
                free(m.entries);
        }
        return l;
}

/* --- Requests --- */

struct answer facebook_refuse(int status, int code, int subcode, const char *message)
{
        struct json_object *error = json_object_new_object();

        mj_put_str(error, "message", message);
        mj_put_str(error, "type", "OAuthException");
        mj_put_int(error, "code", code);
        if (subcode)
                mj_put_int(error, "error_subcode", subcode);
        mj_put_str(error, "fbtrace_id", "AbC");
        return (struct answer) { .status = status, .json = nested("error", error) };
}

static struct answer no_such_thing(void)
{
        return facebook_refuse(400, 100, 33, "Unsupported request. Object does not exist, or cannot be loaded due to missing permissions");
}

static struct answer list_answer(struct reading *g, const char *id, const char *edge, int limit, int64_t below)
{
        bool page = streq(id, FACEBOOK_PAGE), below_post = streq(edge, "comments");
        int i = page ? -1 : facebook_find_status(0, id), p = page || i >= 0 ? -1 : facebook_find_post(id);

        if (page && (streq(edge, "feed") || streq(edge, "tagged"))) {
                struct list l = posts_of_kind(*edge == 't');

                return (struct answer) { .status = 200, .json = page_of(g, &l, limit, below, show_post) };
        }
        if (page && streq(edge, "conversations") && strstr(g->q->query, "platform=messenger")) {
                struct list l = talks();

                return (struct answer) { .status = 200, .json = page_of(g, &l, limit, below, show_talk) };
        }
        if (below_post && strstr(g->q->query, "filter=stream") && strstr(g->q->query, "order=reverse_chronological") && (p >= 0 || (i >= 0 && facebook_has(i)))) {
                struct list l = comments_below(p, i);

                return (struct answer) { .status = 200, .json = page_of(g, &l, limit, below, show_item) };
        }
        for (int account = 1; account < N_ACCOUNTS && streq(edge, "messages"); account++) {
                _cleanup_free_ char *talk = facebook_talk_id(account);
                struct list l;

                if (!streq(talk, id) || !facebook.talks[account])
                        continue;
                l = messages_with(account);
                return (struct answer) { .status = 200, .json = page_of(g, &l, limit, below, show_item) };
        }
        return no_such_thing();
}

struct answer facebook_look(const struct request *q, const char *id, const char *edge)
{
        _cleanup_free_ char *fields = facebook_parameter(q->query, "fields"), *limit = facebook_parameter(q->query, "limit"), *after = facebook_parameter(q->query, "after");
        struct reading g = { .q = q, .fields = fields, .by_poll = strstr(fields, "attachment") };
        struct answer a;
        int i;

        if (streq(id, "me")) {
                a = (struct answer) { .status = 200, .json = person(BRAND) };
                mj_put_str(a.json, "category", "Shopping");
                return a;
        }
        if (!*edge) {
                i = facebook_find_status(0, id);
                return i >= 0 && facebook_has(i) ? (struct answer) { .status = 200, .json = item_json(fields, i) } : no_such_thing();
        }
        if (atoi(limit) > 100)
                return facebook_refuse(400, 100, 0, "(#100) limit is too large");
        if (g.by_poll && streq(edge, "feed") && !*after)
                shown_poll(q->server);
        else if (g.by_poll)
                shown_asked(q->server);
        a = list_answer(&g, id, edge, *limit ? atoi(limit) : 25, *after ? atoll(after + strlen("QVFI")) : INT64_MAX);
        if (a.status == 200 && g.by_poll) {
                a.delivered = shown_page(g.shown, g.n_shown);
                a.on_delivery = shown_delivered;
        }
        free(g.shown);
        return a;
}
