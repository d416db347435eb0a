/* SPDX-License-Identifier: MIT
 *
 * The rate budget of one instance.  Owns nothing.  Called by host/api before and after each request and by flow
 * for pauses.
 */
#include "host/budget.h"

#include "base/clock.h"
#include "base/text.h"

#include <mentiond/json.h>

#include <errno.h>

/* Where 429 comes without any hint: Mastodon's windows are 5 minutes, GoToSocial's too (facts: neither
 * sends Retry-After). */
#define PAUSE_DEFAULT_USEC (60 * USEC_PER_SEC)
#define PAUSE_MAX_USEC (6 * USEC_PER_HOUR)      /* a server's word is not taken beyond this */
#define SPREAD_BELOW 5                           /* spread what is left when less than 1/5 of the limit is */

static const char *const limit_headers[] = { "X-RateLimit-Limit", "RateLimit-Limit" };
static const char *const remaining_headers[] = { "X-RateLimit-Remaining", "RateLimit-Remaining" };
static const char *const reset_headers[] = { "X-RateLimit-Reset", "RateLimit-Reset" };

int64_t backoff_usec(int64_t base_usec, int64_t max_usec, unsigned failures)
{
        int64_t ceiling = base_usec;

        while (failures-- > 0 && ceiling < max_usec)
                ceiling *= 2;
        return 1 + random_below(MIN(ceiling, max_usec));
}

void budget_pause(struct budget *b, int64_t usec)
{
        b->pause_usec = MAX(b->pause_usec, mono_usec() + usec);
}

void budget_silence(struct budget *b, int64_t usec)
{
        b->silence_usec = MAX(b->silence_usec, mono_usec() + usec);
        budget_pause(b, usec);
}

int64_t budget_silence_left(const struct budget *b)
{
        return MAX(b->silence_usec - mono_usec(), INT64_C(0));
}

void budget_resume(struct budget *b)
{
        b->pause_usec = b->silence_usec = 0;
        b->failures = 0;
}

bool budget_is_paused(const struct budget *b)
{
        return b->pause_usec > mono_usec();
}

static bool is_spread(const struct budget *b, int64_t now)
{
        return b->limit && b->reset_usec > now && b->remaining < b->limit / SPREAD_BELOW;
}

bool budget_is_short(const struct budget *b)
{
        int64_t now = mono_usec();

        return is_spread(b, now) || (b->rate && b->next_usec > now);
}

int64_t budget_take(struct budget *b)
{
        int64_t now = mono_usec(), at = now;

        if (b->rate) {
                at = MAX(at, b->next_usec);
                b->next_usec = at + USEC_PER_MINUTE / b->rate;
        }
        if (is_spread(b, now)) {
                at = MAX(at, now + (b->reset_usec - now) / (MAX(b->remaining, INT64_C(0)) + 1));
                b->remaining--;
        }
        return at;
}

static char *first_header(const struct http_reply *r, const char *const *names)
{
        char *value = http_header(r, names[0]);

        return value ? value : http_header(r, names[1]);
}

static bool number_of(const char *text, int64_t *ret)
{
        char *end;

        if (!text)
                return false;
        errno = 0;
        *ret = strtoll(text, &end, 10);
        return !errno && end != text && *ret >= 0 && (!*end || strchr(" ,;", *end));
}

/* By the clock of the server that says when a limit ends: ours may be wrong by years. */
static int64_t servers_usec(const struct http_reply *r)
{
        _cleanup_free_ char *date = http_header(r, "Date");
        int64_t usec = http_parse_date(date);

        return usec ? usec : utc_usec();
}

/* Seconds from now, or seconds since 1970 or a date; as a distance from now. */
static bool distance_of(const struct http_reply *r, const char *text, int64_t *ret_usec)
{
        int64_t n;

        if (!text)
                return false;
        if (number_of(text, &n)) {
                if (n > INT64_C(100000000))
                        n = n - servers_usec(r) / USEC_PER_SEC;
                *ret_usec = MIN(MAX(n, INT64_C(0)), PAUSE_MAX_USEC / USEC_PER_SEC) * USEC_PER_SEC;
                return true;
        }
        if (text_parse_time(text, &n) < 0) {
                n = http_parse_date(text);
                if (!n)
                        return false;
        }
        *ret_usec = MIN(MAX(n - servers_usec(r), INT64_C(0)), PAUSE_MAX_USEC);
        return true;
}

/* --- What Meta says: how much of a limit is used up, in percent, and in how many minutes there is something left again ---
 *
 *     X-App-Usage: {"call_count":28,"total_time":25,"total_cputime":25}
 *     X-Business-Use-Case-Usage: {"ID":[{"type":"pages","call_count":100,..., "estimated_time_to_regain_access":19}], ...}
 */

#define USAGE_DEPTH_MAX 4
#define USAGE_SPREAD_USEC USEC_PER_MINUTE        /* it falls by itself as hours go by: what is left is spread over so much */

struct usage {
        int64_t percent, minutes;                /* the most that is said of any; percent -1: nothing is */
};

static void take_usage(struct json_object *o, unsigned depth, struct usage *u)
{
        static const char *const shares[] = { "call_count", "total_cputime", "total_time" };

        if (depth == USAGE_DEPTH_MAX)
                return;
        for (size_t i = 0; i < mj_len(o); i++)
                take_usage(mj_at(o, i), depth + 1, u);
        if (!json_object_is_type(o, json_type_object))
                return;
        for (size_t i = 0; i < ELEMENTSOF(shares); i++)
                u->percent = MAX(u->percent, mj_int(o, shares[i], -1));
        u->minutes = MAX(u->minutes, mj_int(o, "estimated_time_to_regain_access", 0));
        json_object_object_foreach(o, name, member) {
                (void) name;
                take_usage(member, depth + 1, u);
        }
}

static void learn_usage(const struct http_reply *r, const char *name, struct usage *u)
{
        _cleanup_free_ char *text = http_header(r, name);
        struct json_object *o = text ? json_tokener_parse(text) : NULL;

        take_usage(o, 0, u);
        (void) json_object_put(o);
}

/* What a reply that came well says of other limits is no reason for silence. */
static int64_t budget_learn_usage(struct budget *b, const struct http_reply *r)
{
        struct usage u = { .percent = -1 };

        learn_usage(r, "X-App-Usage", &u);
        learn_usage(r, "X-Business-Use-Case-Usage", &u);
        if (u.percent >= 0) {
                b->percent = true;
                b->limit = 100;
                b->remaining = 100 - MIN(u.percent, INT64_C(100));
                b->reset_usec = mono_usec() + USAGE_SPREAD_USEC;
        }
        return r->status < 400 || u.minutes <= 0 ? 0 : MIN(u.minutes, PAUSE_MAX_USEC / USEC_PER_MINUTE) * USEC_PER_MINUTE;
}

int64_t budget_learn(struct budget *b, const struct http_reply *r, int64_t said_seconds)
{
        _cleanup_free_ char *limit = first_header(r, limit_headers), *remaining = first_header(r, remaining_headers);
        _cleanup_free_ char *reset = first_header(r, reset_headers), *after = http_header(r, "Retry-After");
        /* of one request alone: nothing is spread by it */
        _cleanup_free_ char *apart = http_header(r, "X-Rate-Limit-Reset");
        int64_t usec, n, regain = budget_learn_usage(b, r);

        if (number_of(limit, &n)) {
                b->limit = n;
                b->percent = false;
        }
        if (number_of(remaining, &n))
                b->remaining = n;
        if (distance_of(r, reset, &usec))
                b->reset_usec = mono_usec() + usec;
        if (regain)
                return regain;
        if (r->status != 429 && !(r->status == 503 && after))
                return 0;
        if (distance_of(r, after, &usec) || distance_of(r, apart, &usec))
                return MAX(usec, USEC_PER_SEC);
        if (said_seconds > 0)
                return MIN(said_seconds, PAUSE_MAX_USEC / USEC_PER_SEC) * USEC_PER_SEC;
        if (reset && b->reset_usec > mono_usec())
                return MAX(b->reset_usec - mono_usec(), USEC_PER_SEC);
        return PAUSE_DEFAULT_USEC;
}
