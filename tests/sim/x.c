/* SPDX-License-Identifier: MIT
 *
 * The kind of network with X's API: no key for what is posted, but no text twice; an id for each version of a post; answers to those
 * alone who name the account; money for each request.  What only X has beside the common records is here.  Called by http.c when a
 * request arrives.
 */
#include "x.h"

#include "base/buffer.h"

#define EPOCH_MS INT64_C(1288834974657)

struct x_network x_networks[NETWORKS];
static struct x_post *posts;
static int n_posts, n_numbers;

struct x_post *x_post_of(int status)
{
        if (status >= n_posts) {
                posts = xrealloc(posts, (size_t) (status + 64) * sizeof *posts);
                memset(posts + n_posts, 0, (size_t) (status + 64 - n_posts) * sizeof *posts);
                n_posts = status + 64;
        }
        return &posts[status];
}

uint64_t x_last_id(int status)
{
        const struct x_post *p = x_post_of(status);

        return p->ids[p->n_ids - 1];
}

bool x_lies(int permille)
{
        return sim.faults && chance(R_NET, permille);
}

char *x_user_id(int account)
{
        return xasprintf("14600000000000000%02d", account + 1);
}

/* --- The kind --- */

/* The time in milliseconds, and a number: beyond 2^53. */
static uint64_t new_id(void)
{
        return ((uint64_t) (world_utc() / USEC_PER_MSEC - EPOCH_MS) << 22) + (uint64_t) (n_numbers++ & 0x3fffff);
}

static char *id(int network _unused_, int number _unused_)
{
        return xasprintf("%llu", (unsigned long long) new_id());
}

/* X itself puts it before an answer. */
static char *handle(int network _unused_, int account _unused_)
{
        return xstrdup("");
}

static int find(int network, const char *wanted)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, wanted))
                        return i;
        return -1;
}

int x_status(int network, const char *wanted)
{
        uint64_t number = strtoull(wanted, NULL, 10);

        for (int i = 0; i < social.n_statuses; i++)
                for (int k = 0; social.statuses[i].network == network && !social.statuses[i].deleted && k < x_post_of(i)->n_ids; k++)
                        if (x_post_of(i)->ids[k] == number)
                                return i;
        return -1;
}

/* Whose posts are protected, all are. */
static void posted(int status)
{
        struct status *s = &social.statuses[status];
        struct x_post *p = x_post_of(status);

        s->visibility = s->account == N_ACCOUNTS - 1 ? 'f' : 'u';
        p->ids[0] = strtoull(s->id, NULL, 10);
        p->n_ids = 1;
        p->above = s->parent >= 0 ? x_last_id(s->parent) : 0;
        p->listed_usec = sim.now;
}

/* Some take the account's name out of it. */
static void edited(int status)
{
        struct status *s = &social.statuses[status];
        struct x_post *p = x_post_of(status);

        if (p->n_ids == X_VERSIONS_MAX)
                abort();
        p->ids[p->n_ids++] = new_id();
        happened(X_VERSION);
        if (s->account != BRAND && startswith(s->text, "@brand ") && chance(R_PEOPLE, 500)) {
                char *without = xstrdup(s->text + strlen("@brand "));

                free(s->text);
                s->text = without;
                s->uncalled = true;
                note("%s does not name the brand any more", s->id);
        }
}

static void raise_ceiling(void *data)
{
        int network = (int) (intptr_t) data;

        note("*** the operator raises the ceiling of %s", social.networks[network].name);
        daemon_change(network, "ceiling = 1;", "ceiling = 0;");
        daemon_operator_reloads();
}

static char *settings(int network)
{
        struct x_network *x = &x_networks[network];
        _cleanup_free_ char *keys = x_key_settings(network);
        bool ceiling = chance(R_PLAN, 300);
        int64_t length = chance(R_PLAN, 300) ? 4000 : 280, raised_usec = between(R_PLAN, 20, 60) * USEC_PER_MINUTE;

        x->drifts = chance(R_PLAN, 200);
        if (ceiling)
                sim_in(raised_usec, raise_ceiling, (void *) (intptr_t) network);
        return xasprintf("plugin = \"x\"; %s length = %lld; ceiling = %d;", keys, (long long) length, ceiling);
}

/* Limits of those who write are none of those who read. */
static bool writes(const struct request *q)
{
        return !streq(q->method, "GET");
}

const struct network_kind x_kind = {
        .name = "x", .host = "api.x.com", .visibilities = "u", .settings = settings, .id = id, .handle = handle, .answer = x_handle,
        .on_fault = x_on_fault, .find = find, .posted = posted, .edited = edited, .is_apart = writes, .all_public = true, .has_media = true,
        .hides_own = true, .refuses_twice = true, .renumbers = true, .no_aside = true, .pays = true,
};

/* --- Requests --- */

struct answer x_reply(struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json };
}

struct answer x_refuse(int status, const char *detail)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "title", status == 402 ? "CreditsDepleted" : status == 429 ? "Too Many Requests" : "Refused");
        mj_put_str(o, "type", "about:blank");
        mj_put_int(o, "status", status);
        mj_put_str(o, "detail", detail);
        return (struct answer) { .status = status, .json = o };
}

static void begin_silence(int server)
{
        if (!sim.jump && !sim.plan.jump_usec)    /* else it thinks of another time */
                net_silence(server, x_networks[server].limited_until[0], sim.incarnation);
}

/* Each way to ask has its own limit: what is left of one says nothing of the others. */
static struct answer limits(const struct request *q, bool writes, struct answer a)
{
        struct x_network *x = &x_networks[q->server];
        int64_t until = MAX(x->limited_until[writes], sim.now);
        bool limited = a.status == 429;

        a.headers = xasprintf("x-rate-limit-limit: %d\r\nx-rate-limit-remaining: %d\r\nx-rate-limit-reset: %lld\r\n", writes ? 100 : 300,
                              limited ? 0 : 1, (long long) ((UTC_START + (limited ? until + USEC_PER_SEC - 1 : sim.now + 900 * USEC_PER_SEC)) / USEC_PER_SEC));
        return a;
}

/* What is in the way of all requests, or 0. */
static int obstacle(const struct request *q, bool writes)
{
        struct x_network *x = &x_networks[q->server];

        if (sim.now >= x->broke_until && x_lies(3))
                x->broke_until = sim.now + around(R_NET, 5 * USEC_PER_MINUTE);
        if (sim.now >= x->limited_until[writes] && x_lies(writes ? 80 : 5))
                x->limited_until[writes] = sim.now + between(R_NET, 5, 900) * USEC_PER_SEC;
        if (sim.now < x->broke_until && sim.faults) {
                happened(X_NO_CREDIT);
                return 402;
        }
        if (sim.now < x->limited_until[writes] && sim.faults) {
                happened(writes ? X_LIMITED_POSTS : X_LIMITED_READS);
                return 429;
        }
        return 0;
}

static struct answer route(const struct request *q)
{
        _cleanup_free_ char *me = x_user_id(BRAND), *base = xasprintf("/2/users/%s/", me);
        const char *rest = startswith(q->path, base) ? q->path + strlen(base) : "";
        bool get = streq(q->method, "GET"), post = streq(q->method, "POST");

        if (get && streq(q->path, "/2/users/me")) {
                struct json_object *o = json_object_new_object(), *data = json_object_new_object();

                mj_put_str(data, "id", me);
                mj_put_str(data, "username", "brand");
                json_object_object_add(o, "data", data);
                return x_reply(o);
        }
        if (get && streq(rest, "mentions"))
                return x_mentions(q);
        if (get && streq(rest, "tweets"))
                return x_own(q);
        if (post && streq(rest, "retweets"))
                return x_repost(q);
        if (get && streq(q->path, "/2/tweets"))
                return x_posts_by_id(q, strstr(q->query, "ids=") ? strstr(q->query, "ids=") + 4 : "", false);
        if (post && streq(q->path, "/2/tweets"))
                return x_create(q);
        if (post && startswith(q->path, "/2/media/"))
                return x_take_file(q);
        if (startswith(q->path, "/2/tweets/")) {
                const char *wanted = q->path + strlen("/2/tweets/");
                int i = x_status(q->server, wanted);

                if (get)
                        return x_posts_by_id(q, wanted, true);
                return i < 0 ? x_refuse(404, "Not Found") : x_change(q, i, wanted + strcspn(wanted, "/"));
        }
        return x_refuse(404, "Not Found");
}

static int post_in_path(const struct request *q)
{
        return startswith(q->path, "/2/tweets/") ? x_status(q->server, q->path + strlen("/2/tweets/")) : -1;
}

struct answer x_handle(const struct request *q)
{
        bool writes = !streq(q->method, "GET");
        int wrong, i = post_in_path(q);

        if (streq(q->path, "/2/oauth2/token"))
                return streq(q->method, "POST") ? x_token(q) : x_refuse(405, "Method Not Allowed");
        if (!x_is_authorized(q)) {
                happened(UNAUTHORIZED);
                return x_refuse(401, "Unauthorized");
        }
        wrong = obstacle(q, writes);
        if (!wrong)
                return limits(q, writes, route(q));
        if (i >= 0)
                social.statuses[i].failed_fetches++;
        if (wrong == 402)
                return x_refuse(402, "Your enrolled account does not have any credits to fulfill this request.");
        struct answer a = limits(q, writes, x_refuse(429, "Too Many Requests"));
        if (!writes) {
                a.delivered = q->server;
                a.on_delivery = begin_silence;
        }
        return a;
}

void x_on_fault(const struct request *q)
{
        int n = streq(q->method, "POST") ? people_note_in(mj_str(q->body, "text")) : -1, i = post_in_path(q);

        if (n >= 0)
                agent_notes[n].lost_sends++;
        if (i < 0)
                return;
        social.statuses[i].failed_fetches++;
        n = social.statuses[i].by_api ? people_note_in(social.statuses[i].text) : -1;
        if (n >= 0)
                agent_notes[n].lost_sends++;
}
