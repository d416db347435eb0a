/* SPDX-License-Identifier: MIT
 *
 * The model Facebook: what a Page has and is told.  Only a world's first network is one.  Owns the Page's own posts, and what only
 * Facebook knows of the others'.
 */
#include "facebook.h"

#include <mentiond/channel.h>
#include <time.h>

#define PROOF "c00cf0371eec7f8d5d5d4cb1532f9433ebd8cc742951d123b4f9f78873f841c2"       /* of the token, by the app's secret */
#define POSTS_AT_FIRST 30
#define POST_AGE_MAX (80 * FACEBOOK_DAY)         /* the plugin looks below posts of 90 days */

struct facebook facebook;

/* --- What there is --- */

static char *id_of(int network _unused_, int number)
{
        return xasprintf("%d", 44440000 + number);
}

/* Facebook has none that stands in a text. */
static char *handle(int network _unused_, int account _unused_)
{
        return xstrdup("");
}

static char *text_of(int network _unused_, const char *text)
{
        return xstrdup(text);
}

static char *settings(int network _unused_)
{
        return xstrdup("plugin = \"facebook\"; token = \"env:SIM_TOKEN\"; app_secret = \"env:SIM_PASSWORD\";");
}

char *facebook_talk_id(int account)
{
        return xasprintf("t_10%s", accounts[account].id);
}

int facebook_find_status(int network, const char *id)
{
        for (int i = social.n_statuses - 1; i >= 0; i--)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, id))
                        return i;
        return -1;
}

int facebook_find_post(const char *id)
{
        for (int p = 0; p < facebook.n_posts; p++)
                if (streq(facebook.posts[p].id, id))
                        return p;
        return -1;
}

/* With what it stands below everything goes. */
static bool is_there(int i)
{
        const struct facebook_item *x = &facebook.items[i];

        return !social.statuses[i].deleted && (x->above < 0 || !social.statuses[x->above].deleted) && (x->top < 0 || !social.statuses[x->top].deleted);
}

bool facebook_has(int i)
{
        const struct status *s = &social.statuses[i];

        return is_there(i) && (s->notification < 0 || social.notifications[s->notification].visible <= sim.now);
}

static bool is_listed(int i)
{
        return facebook_has(i) && facebook.items[i].visible <= sim.now;
}

bool facebook_may_reply_aside(int i)
{
        return !social.statuses[i].no_aside && social.statuses[i].account != BRAND &&
               world_utc() - social.statuses[i].created < 7 * FACEBOOK_DAY;
}

/* --- What is said --- */

static void add_post(int64_t created, int64_t order)
{
        facebook.posts = xrealloc(facebook.posts, (size_t) (facebook.n_posts + 1) * sizeof *facebook.posts);
        facebook.posts[facebook.n_posts] = (struct facebook_post) {
                .id = xasprintf("%s_%d", FACEBOOK_PAGE, 880000 + facebook.n_posts), .created = created, .order = order,
        };
        facebook.n_posts++;
}

/* Order: a status's is its number, with room for others between two. */
static int64_t order_of(int status)
{
        return (int64_t) status * 1000;
}

static void open_page(void)
{
        int n = (int) between(R_PEOPLE, 1, POSTS_AT_FIRST);

        for (int k = 0; k < n; k++)
                add_post(UTC_START - (n - k) * (POST_AGE_MAX / POSTS_AT_FIRST), -n + k);
        memset(facebook.roots, -1, sizeof facebook.roots);
}

static int some_page_post(int status)
{
        if (chance(R_PEOPLE, 50))
                add_post(world_utc(), order_of(status) - 1);
        /* The newest have most of them. */
        return chance(R_PEOPLE, 500) ? facebook.n_posts - 1 : (int) below(R_PEOPLE, facebook.n_posts);
}

static void begin(struct status *s, struct facebook_item *x, int i)
{
        int dice = (int) below(R_PEOPLE, 100);

        s->parent = -1;
        s->root = i;
        if (s->account == BRAND || dice < 60)
                x->post = some_page_post(i);
        else
                x->kind = dice < 85 ? FACEBOOK_VISITOR : FACEBOOK_TAGGED;
}

static void answer_in_public(struct status *s, struct facebook_item *x)
{
        const struct facebook_item *p = &facebook.items[s->parent];

        x->post = p->post;
        x->above = p->kind == FACEBOOK_COMMENT ? p->above : s->parent;
        x->top = p->kind != FACEBOOK_COMMENT ? -1 : p->top >= 0 ? p->top : s->parent;
        if (!facebook.requested)         /* below whichever it was written, it stands below the first */
                s->parent = x->top >= 0 ? x->top : x->above;
}

/* A conversation has two sides, and what a message answers it does not say. */
static void speak(struct status *s, struct facebook_item *x, int i, int account)
{
        x->kind = FACEBOOK_MESSAGE;
        x->talk = account;
        s->visibility = 'd';
        s->silent = true;
        facebook.talks[account] = true;
        if (s->account == BRAND)
                return;
        s->account = account;
        s->parent = -1;
        if (facebook.roots[account] < 0)
                facebook.roots[account] = i;
        s->root = facebook.roots[account];
        if (s->right == MENTIOND_MAY_REPLY) {
                s->right = MENTIOND_REPLY_UNTIL;
                s->until = s->created + FACEBOOK_DAY;
                s->tells_right = true;
        }
}

static void name_it(struct status *s, const struct facebook_item *x)
{
        const char *own = strrchr(x->post >= 0 ? facebook.posts[x->post].id : x->above >= 0 ? social.statuses[x->above].id : "_", '_') + 1;
        char *id = x->kind == FACEBOOK_MESSAGE ? xasprintf("m_%s", s->id)
                   : x->kind == FACEBOOK_COMMENT ? xasprintf("%s_%s", own, s->id)
                   : xasprintf("%s_%s", x->kind == FACEBOOK_VISITOR ? FACEBOOK_PAGE : accounts[s->account].id, s->id);

        free(s->id);
        s->id = id;
}

/* Below its posts and visitors' the Page is shown everything; below others' what answers it. */
static bool is_heard(const struct facebook_item *x)
{
        if (x->above < 0 || facebook.items[x->above].kind != FACEBOOK_TAGGED)
                return true;
        return x->top >= 0 && social.statuses[x->top].account == BRAND;
}

static void posted(int i)
{
        struct status *s = &social.statuses[i];
        struct facebook_item x = { .post = -1, .above = -1, .top = -1, .talk = -1, .aside = -1, .visible = sim.now };
        bool aside = facebook.requested && s->visibility == 'd';

        facebook.items = xrealloc(facebook.items, (size_t) (i + 1) * sizeof x);
        while (facebook.n_items <= i)    /* those between are other networks' */
                facebook.items[facebook.n_items++] = x;
        if (s->parent >= 0 && facebook.items[s->parent].kind == FACEBOOK_MESSAGE)
                speak(s, &x, i, facebook.items[s->parent].talk);
        else if (aside)
                speak(s, &x, i, social.statuses[s->parent].account);
        else if (s->parent < 0 && s->visibility == 'd')
                speak(s, &x, i, s->account);
        else if (s->parent < 0 || !is_there(s->parent))
                begin(s, &x, i);
        else
                answer_in_public(s, &x);
        if (x.kind != FACEBOOK_MESSAGE)
                s->visibility = 'u';
        s->names_brand = s->account != BRAND && is_heard(&x);
        s->no_aside = x.kind == FACEBOOK_TAGGED;
        name_it(s, &x);
        facebook.items[i] = x;
}

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

static char *parameter(const char *query, const char *name)
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
        _cleanup_free_ char *after = parameter(g->q->query, "after");
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

                if (social.statuses[i].network == 0 && x->kind == FACEBOOK_COMMENT && is_listed(i) &&
                    (post >= 0 ? x->post == post : x->above == status || x->top == status))
                        add_entry(&l, order_of(i), i);
        }
        return l;
}

static struct list messages_with(int account)
{
        struct list l = { .n = 0 };

        for (int i = 0; i < facebook.n_items; i++)
                if (social.statuses[i].network == 0 && facebook.items[i].kind == FACEBOOK_MESSAGE && facebook.items[i].talk == account && is_listed(i))
                        add_entry(&l, order_of(i), i);
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
                if (social.statuses[i].network == 0 && facebook.items[i].kind == (tagged ? FACEBOOK_TAGGED : FACEBOOK_VISITOR) && is_listed(i))
                        add_entry(&l, order_of(i), i);
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

static struct answer look(const struct request *q, const char *id, const char *edge)
{
        _cleanup_free_ char *fields = parameter(q->query, "fields"), *limit = parameter(q->query, "limit"), *after = parameter(q->query, "after");
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
        a = list_answer(&g, id, edge, *limit ? atoi(limit) : 25, *after ? atoll(after + strlen("QVFI")) : INT64_MAX);
        if (a.status == 200 && g.by_poll) {
                a.delivered = shown_page(g.shown, g.n_shown);
                a.on_delivery = shown_delivered;
        }
        free(g.shown);
        return a;
}

/* --- What goes wrong in Facebook's own ways --- */

/* The answer that is told, and the silence that it asks for. */
static struct { int page; void (*then)(int page); int64_t silence_usec; } *told;
static int n_told;

static void on_told(int number)
{
        if (told[number].then)
                told[number].then(told[number].page);
        if (told[number].silence_usec)
                net_silence(0, sim.now + told[number].silence_usec, sim.incarnation);
}

static void tell_usage(struct answer *a, int percent, int minutes)
{
        told = xrealloc(told, (size_t) (n_told + 1) * sizeof *told);
        told[n_told].page = a->delivered;
        told[n_told].then = a->on_delivery;
        told[n_told].silence_usec = a->status >= 400 ? minutes * USEC_PER_MINUTE : 0;
        a->delivered = n_told++;
        a->on_delivery = on_told;
        a->headers = minutes || percent % 2
                     ? xasprintf("X-Business-Use-Case-Usage: {\"%s\":[{\"type\":\"pages\",\"call_count\":%d,\"total_cputime\":25,\"total_time\":25,"
                                 "\"estimated_time_to_regain_access\":%d}]}\r\n", FACEBOOK_PAGE, percent, minutes)
                     : xasprintf("X-App-Usage: {\"call_count\":%d,\"total_time\":25,\"total_cputime\":25}\r\n", percent);
        happened(FACEBOOK_USAGE);
}

/* By error.code, whatever the status. */
static int any_status(void)
{
        static const int statuses[] = { 400, 400, 403, 500, 200 };
        int status = statuses[below(R_NET, ELEMENTSOF(statuses))];

        if (status == 200)
                happened(ERROR_IN_200);
        return status;
}

static struct answer limited(bool writes)
{
        static const int codes[] = { 4, 17, 32, 613, 80001 };
        int code = codes[below(R_NET, ELEMENTSOF(codes))];
        struct answer a;

        happened(FACEBOOK_LIMIT);
        if (writes && chance(R_NET, 300))
                return facebook_refuse(400, 368, 1390008, "We limit how often you can post, comment or do other things");
        a = facebook_refuse(any_status(), code, 0, "(#32) Page request limit reached");
        if (chance(R_NET, 500))
                tell_usage(&a, 100, (int) between(R_NET, 1, 15));
        return a;
}

static struct answer transient(void)
{
        struct answer a = facebook_refuse(any_status(), (int) between(R_NET, 1, 2), 0, "An unexpected error has occurred. Please retry your request later.");

        mj_put_bool(mj_get(a.json, "error"), "is_transient", true);
        return a;
}

static struct answer do_it(const struct request *q, const char *id, const char *edge)
{
        return streq(q->method, "GET") ? look(q, id, edge) : facebook_write(q, id, edge);
}

/* It says that it has failed, also of what it has done. */
static struct answer fail(const struct request *q, const char *id, const char *edge)
{
        bool writes = !streq(q->method, "GET");

        if (chance(R_NET, 400))
                return limited(writes);
        if (writes)
                facebook_on_fault(q);
        if (writes && chance(R_NET, 700)) {
                struct answer a = do_it(q, id, edge);

                if (a.status == 200) {
                        happened(FACEBOOK_DONE);
                        note("it was done, and Facebook says that it has failed");
                }
                (void) json_object_put(a.json);
        }
        return transient();
}

static bool has_proof(const struct request *q)
{
        _cleanup_free_ char *proof = parameter(q->query, "appsecret_proof");

        return streq(q->body ? mj_str(q->body, "appsecret_proof") : proof, PROOF);
}

static struct answer answer(const struct request *q)
{
        const char *rest = startswith(q->path, "/v25.0/") ? q->path + strlen("/v25.0/") : "";
        _cleanup_free_ char *id = xstrndup(rest, strcspn(rest, "/"));
        const char *edge = rest[strlen(id)] ? rest + strlen(id) + 1 : "";
        struct answer a;

        if (social.networks[q->server].revoked || !streq(q->token, "the-token")) {
                happened(UNAUTHORIZED);
                return facebook_refuse(sim.now % 2 ? 400 : 401, 190, sim.now % 3 ? 463 : 0, "Error validating access token");
        }
        if (!has_proof(q))
                return facebook_refuse(400, 100, 0, "Invalid appsecret_proof provided in the API argument");
        if (sim.faults && chance(R_NET, sim.plan.net_permille / 20))
                facebook.rights_usec = sim.now + around(R_NET, USEC_PER_MINUTE);
        if (sim.faults && sim.now < facebook.rights_usec && !streq(id, "me")) {
                happened(FACEBOOK_RIGHT);
                return facebook_refuse(any_status(), streq(q->method, "GET") ? 10 : 200, 0, "(#200) Requires pages_manage_engagement permission");
        }
        if (sim.faults && !q->fault.name && chance(R_NET, streq(q->method, "GET") ? sim.plan.net_permille / 4 : sim.plan.net_permille * 3))
                return fail(q, id, edge);
        a = do_it(q, id, edge);
        if (sim.faults && chance(R_NET, sim.plan.net_permille / 10))
                tell_usage(&a, (int) between(R_NET, 81, 99), 0);
        return a;
}

const struct network_kind facebook_kind = {
        .name = "facebook", .host = "graph.facebook.com", .visibilities = "uuuuud", .open = open_page, .settings = settings, .id = id_of, .handle = handle,
        .text = text_of, .answer = answer, .on_fault = facebook_on_fault, .find = facebook_find_status, .posted = posted, .deleted = facebook_deleted,
        .has_media = true, .files = 1, .in_seconds = true, .all_public = true,
};
