/* SPDX-License-Identifier: MIT
 *
 * What X shows: lists of mentions and of own posts, and single posts; with parts missing, pages that hold nothing, and own posts later
 * than they were made.  Owns nothing.
 */
#include "x.h"

#include <time.h>

#define LEAST 20                         /* posts of a page that may have 100: it shows 800 within 40 pages */
#define NOT_FOUND "https://api.twitter.com/2/problems/resource-not-found"
#define NOT_AUTHORIZED "https://api.twitter.com/2/problems/not-authorized-for-resource"

/* --- What comes with posts --- */

static struct json_object *user_json(int account)
{
        struct json_object *o = json_object_new_object();

        put_owned(o, "id", x_user_id(account));
        put_owned(o, "username", xstrndup(accounts[account].acct, strcspn(accounts[account].acct, "@")));
        mj_put_str(o, "name", accounts[account].name);
        mj_put_bool(o, "verified", account % 2);
        mj_put_bool(o, "protected", account == N_ACCOUNTS - 1);
        mj_put_str(o, "created_at", "2020-01-01T00:00:00.000Z");
        return o;
}

static void add_error(struct json_object *errors, const char *type, const char *resource, char *id)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "type", type);
        mj_put_str(o, "resource_type", resource);
        put_owned(o, "resource_id", id);
        mj_put_str(o, "title", strstr(type, "not-found") ? "Not Found Error" : "Authorization Error");
        mj_put_str(o, "detail", "Could not find it.");
        (void) json_object_array_add(errors, o);
}

struct shown { int status, version; };

static void add_users(struct json_object *users, struct json_object *errors, const struct shown *list, int n)
{
        /* Sometimes one of them is not to be had. */
        int missing = n && x_lies(30) ? social.statuses[list[0].status].account : -1;
        bool has[N_ACCOUNTS] = { false };

        for (int i = 0; i < n; i++) {
                int account = social.statuses[list[i].status].account;

                social.statuses[list[i].status].faceless |= account == missing;
                if (has[account])
                        continue;
                has[account] = true;
                if (account == missing) {
                        add_error(errors, NOT_FOUND, "user", x_user_id(account));
                        happened(X_PARTIAL);
                } else {
                        (void) json_object_array_add(users, user_json(account));
                }
        }
}

static void add_media(struct json_object *list, int status)
{
        const struct status *s = &social.statuses[status];

        for (int k = s->media; k < s->media + s->n_media; k++) {
                struct json_object *o = json_object_new_object();

                put_owned(o, "media_key", xasprintf("3_%d", k));
                mj_put_str(o, "type", "photo");
                put_owned(o, "url", media_url(k));
                if (k > s->media)
                        mj_put_str(o, "alt_text", "a parcel");
                (void) json_object_array_add(list, o);
        }
}

/* Takes the errors and the meta. */
static struct answer listing(const struct request *q, const struct shown *list, int n, bool single, struct json_object *errors, struct json_object *meta)
{
        struct json_object *o = json_object_new_object(), *data = json_object_new_array(), *includes = json_object_new_object();
        struct json_object *users = json_object_new_array(), *media = json_object_new_array(), *others = json_object_new_array();
        bool expands = strstr(q->query, "author_id%2Cattachments"), above = strstr(q->query, "referenced_tweets.id"), versions = strstr(q->query, "media_keys%2Cedit_history");

        for (int i = 0; i < n; i++) {
                int status = list[i].status, parent = social.statuses[status].parent;

                (void) json_object_array_add(data, x_json(q->server, status, list[i].version));
                if (expands)
                        add_media(media, status);
                for (int k = 0; versions && k < x_post_of(status)->n_ids; k++)
                        (void) json_object_array_add(others, x_json(q->server, status, k));
                if (above && parent >= 0 && !social.statuses[parent].deleted)
                        for (int k = 0; k < x_post_of(parent)->n_ids; k++)
                                if (x_post_of(parent)->ids[k] == x_post_of(status)->above)
                                        (void) json_object_array_add(others, x_json(q->server, parent, k));
                if (above && parent >= 0 && !social.statuses[parent].deleted)
                        (void) json_object_array_add(users, user_json(social.statuses[parent].account));
        }
        if (expands)
                add_users(users, errors, list, n);
        if (n)
                json_object_object_add(o, "data", single ? json_object_get(mj_at(data, 0)) : json_object_get(data));
        (void) json_object_put(data);
        json_object_object_add(includes, "users", users);
        json_object_object_add(includes, "media", media);
        json_object_object_add(includes, x_networks[q->server].drifts ? "posts" : "tweets", others);
        json_object_object_add(o, "includes", includes);
        if (mj_len(errors))
                json_object_object_add(o, "errors", errors);
        else
                (void) json_object_put(errors);
        if (meta)
                json_object_object_add(o, "meta", meta);
        return x_reply(o);
}

/* --- Lists --- */

static int newest_first(const void *a, const void *b)
{
        uint64_t x = x_last_id(*(const int *) a), y = x_last_id(*(const int *) b);

        return x > y ? -1 : x < y;
}

/* Behind the name; "" if it is not there. */
static const char *parameter(const struct request *q, const char *name)
{
        const char *at = strstr(q->query, name);

        return at ? at + strlen(name) : "";
}

/* 0: not said; -1: that is no time, or one that is still to come. */
static int64_t start_time(const struct request *q)
{
        const char *at = parameter(q, "&start_time=");
        struct tm tm = { .tm_year = 0 };
        int64_t usec;

        if (!*at)
                return 0;
        if (!strptime(at, "%Y-%m-%dT%H%%3A%M%%3A%SZ", &tm))
                return -1;
        usec = (int64_t) timegm(&tm) * USEC_PER_SEC;
        return usec > world_utc() ? -1 : usec;
}

/* Milliseconds are in the id. */
static int64_t made_usec(uint64_t id)
{
        return (int64_t) ((id >> 22) + UINT64_C(1288834974657)) * USEC_PER_MSEC;
}

/* Of these, the page that is asked for; *ret_shown are those of it. */
static struct answer page_of(const struct request *q, int *list, int n, int *ret_shown, int *ret_n)
{
        int64_t since = start_time(q);
        uint64_t below = strtoull(parameter(q, "&pagination_token=below-"), NULL, 10), last = below;
        int size = MIN(atoi(parameter(q, "max_results=")), MAX(social.networks[q->server].page, LEAST)), left = 0;
        struct json_object *meta;
        struct shown *shown;
        struct answer a;

        *ret_n = 0;
        if (since < 0)
                return x_refuse(400, "Invalid 'start_time'.");
        if (x_lies(8)) {
                struct json_object *o = json_object_new_object(), *errors = json_object_new_array();

                happened(X_ERRORS_ALONE);
                add_error(errors, "https://api.twitter.com/2/problems/disconnected", "user", x_user_id(BRAND));
                json_object_object_add(o, "errors", errors);
                return x_reply(o);
        }
        qsort(list, (size_t) n, sizeof *list, newest_first);
        shown = xcalloc((size_t) n + 1, sizeof *shown);
        if (x_lies(20))
                size = 0;
        for (int i = 0; i < n; i++) {
                uint64_t id = x_last_id(list[i]);

                if ((below && id >= below) || made_usec(id) < since)
                        continue;
                if (*ret_n == size) {
                        left++;
                        continue;
                }
                shown[*ret_n] = (struct shown) { list[i], x_post_of(list[i])->n_ids - 1 };
                ret_shown[(*ret_n)++] = list[i];
                last = id;
        }
        meta = json_object_new_object();
        mj_put_int(meta, "result_count", *ret_n);
        if (left) {
                put_owned(meta, "next_token", xasprintf("below-%llu", (unsigned long long) (last ? last : UINT64_MAX)));
                if (!*ret_n)
                        happened(X_EMPTY_PAGE);
        }
        a = listing(q, shown, *ret_n, false, json_object_new_array(), meta);
        free(shown);
        return a;
}

struct answer x_mentions(const struct request *q)
{
        int n = 0, n_shown = 0;
        _cleanup_free_ int *list = xcalloc((size_t) social.n_notifications + 1, sizeof(int));
        _cleanup_free_ int *shown = xcalloc((size_t) social.n_notifications + 1, sizeof(int));
        struct answer a;

        if (!strstr(q->query, "&pagination_token=")) {
                x_networks[q->server].ceilings = happenings[CEILING];
                shown_poll(q->server);
        }
        for (int i = 0; i < social.n_notifications; i++) {
                const struct notification *row = &social.notifications[i];

                if (row->network == q->server && row->status >= 0 && !row->gone && row->visible <= sim.now)
                        list[n++] = row->status;
        }
        a = page_of(q, list, n, shown, &n_shown);
        for (int i = 0; i < n_shown; i++)
                shown[i] = social.statuses[shown[i]].notification;
        a.delivered = shown_page(shown, n_shown);
        a.on_delivery = n_shown ? shown_delivered : NULL;
        return a;
}

struct answer x_own(const struct request *q)
{
        _cleanup_free_ int *list = xcalloc((size_t) social.n_statuses + 1, sizeof(int)), *shown = xcalloc((size_t) social.n_statuses + 1, sizeof(int));
        int n = 0, n_shown;

        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == q->server && social.statuses[i].account == BRAND && !social.statuses[i].deleted) {
                        if (x_post_of(i)->listed_usec <= sim.now)
                                list[n++] = i;
                        else
                                happened(X_LAGS);
                }
        return page_of(q, list, n, shown, &n_shown);
}

/* --- Single posts --- */

struct answer x_posts_by_id(const struct request *q, const char *ids, bool single)
{
        struct json_object *errors = json_object_new_array();
        struct shown shown[100];
        int n = 0;

        for (const char *p = ids; *p && n < 100; p += strspn(p, "0123456789"), p += startswith(p, "%2C") ? 3 : (ptrdiff_t) strlen(p)) {
                _cleanup_free_ char *id = xstrndup(p, strspn(p, "0123456789"));
                int i = x_status(q->server, id);

                if (i >= 0 && !single && x_lies(20)) {
                        happened(X_NOT_SHOWN);
                        add_error(errors, NOT_AUTHORIZED, "tweet", xstrdup(id));
                } else if (i < 0 && !single && x_lies(500)) {
                        happened(X_MISSING);     /* without a word */
                } else if (i < 0) {
                        add_error(errors, NOT_FOUND, "tweet", xstrdup(id));
                } else {
                        shown[n] = (struct shown) { i, 0 };
                        while (x_post_of(i)->ids[shown[n].version] != strtoull(id, NULL, 10))
                                shown[n].version++;
                        n++;
                }
        }
        return listing(q, shown, n, single, errors, NULL);
}
