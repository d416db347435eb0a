/* SPDX-License-Identifier: MIT
 *
 * The model Facebook: what a Page has and is told.  Only a world's first network is one.  Owns the Page's own posts, and what only
 * Facebook knows of the others'.
 */
#include "facebook.h"

#include <mentiond/channel.h>

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
bool facebook_has(int i)
{
        const struct facebook_item *x = &facebook.items[i];

        return !social.statuses[i].deleted && (x->above < 0 || !social.statuses[x->above].deleted) && (x->top < 0 || !social.statuses[x->top].deleted);
}

bool facebook_is_listed(int i)
{
        int n = social.statuses[i].notification;

        return facebook_has(i) && facebook.items[i].visible <= sim.now && (n < 0 || social.notifications[n].visible <= sim.now);
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
int64_t facebook_order_of(int status)
{
        return ((int64_t) status + 1) * 1000;
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
                add_post(world_utc(), facebook_order_of(status) - 1);
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
        else if (s->parent < 0 || !facebook_has(s->parent))
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
        return streq(q->method, "GET") ? facebook_look(q, id, edge) : facebook_write(q, id, edge);
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
        _cleanup_free_ char *proof = facebook_parameter(q->query, "appsecret_proof");

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
        .looks_below = true, .text = text_of, .answer = answer, .on_fault = facebook_on_fault, .find = facebook_find_status, .posted = posted, .deleted = facebook_deleted,
        .has_media = true, .files = 1, .in_seconds = true, .all_public = true,
};
