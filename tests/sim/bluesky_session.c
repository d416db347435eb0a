/* SPDX-License-Identifier: MIT
 *
 * The model of Bluesky: sessions.  A token for some minutes, and one to get the next, which for some time leads to the same again when
 * it is used again; only some may be begun with the password.  All of it is shorter than with the real one.  Owns them.
 */
#include "bluesky.h"

#define ACCESS_USEC (6 * USEC_PER_MINUTE)        /* really 2 hours */
#define GRACE_USEC (4 * USEC_PER_MINUTE)         /* really the same */
#define REFRESH_USEC (3 * USEC_PER_HOUR)         /* really 90 days */
#define LOG_INS 4                                /* really 300 a day */
#define LOG_IN_USEC (30 * USEC_PER_MINUTE)

static struct session {
        int64_t began, used;             /* used: its refresh token; 0: not */
        int next;
        bool revoked;
        bool kept;                       /* the daemon has made use of it: it was to keep it before that */
} *sessions;
static int n_sessions;
static int64_t logged_in[LOG_INS];
static unsigned n_log_ins;

static struct answer refused(const char *why)
{
        happened(UNAUTHORIZED);
        return sky_refuse(400, "ExpiredToken", why);
}

/* Who loses his password loses what it began; what was given goes on until its time is over. */
static bool is_revoked(int network)
{
        for (int i = 0; social.networks[network].revoked && i < n_sessions; i++)
                sessions[i].revoked = true;
        return social.networks[network].revoked;
}

static struct answer tell(int number)
{
        struct json_object *o = json_object_new_object(), *doc = json_object_new_object(), *services = json_object_new_array();
        struct json_object *service = json_object_new_object();

        put_owned(o, "did", sky_did(BRAND));
        mj_put_str(o, "handle", "brand.example");
        mj_put_bool(o, "active", true);
        if (number >= 0) {
                put_owned(o, "accessJwt", xasprintf("eyJ.access%d.sim", number));
                put_owned(o, "refreshJwt", xasprintf("eyJ.refresh%d.sim", number));
        }
        mj_put_str(service, "id", "#atproto_pds");
        put_owned(service, "serviceEndpoint", xasprintf("https://%s", social.networks[0].host));
        (void) json_object_array_add(services, service);
        json_object_object_add(doc, "service", services);
        json_object_object_add(o, "didDoc", doc);
        return sky_reply(o);
}

static int begin(void)
{
        sessions = xrealloc(sessions, (size_t) (n_sessions + 1) * sizeof *sessions);
        sessions[n_sessions] = (struct session) { .began = sim.now };
        return n_sessions++;
}

/* The number in a token; -1: it is none of that kind. */
static int number_of(const char *token, const char *kind)
{
        int i = startswith(token, kind) ? atoi(token + strlen(kind)) : -1;

        return i < n_sessions ? i : -1;
}

bool sky_may(const struct request *q, struct answer *ret)
{
        int i = number_of(q->token, "eyJ.access");

        (void) is_revoked(q->server);
        if (i >= 0 && sim.now < sessions[i].began + ACCESS_USEC) {
                sessions[i].kept = true;
                return true;
        }
        if (i >= 0)
                happened(ACCESS_EXPIRED);
        *ret = !*q->token ? sky_refuse(401, "AuthMissing", "Authentication Required")
               : i < 0 ? sky_refuse(400, "InvalidToken", "Token could not be verified") : refused("Token has expired");
        return false;
}

struct answer sky_session(const struct request *q _unused_)
{
        return tell(-1);
}

struct answer sky_limit(int64_t usec)
{
        struct answer a = sky_refuse(429, "RateLimitExceeded", "Rate Limit Exceeded");

        a.headers = xasprintf("ratelimit-limit: 5000\r\nratelimit-remaining: 0\r\nratelimit-reset: %lld\r\nretry-after: %lld\r\n",
                              (long long) ((world_utc() + usec) / USEC_PER_SEC + 1), (long long) (usec / USEC_PER_SEC + 1));
        return a;
}

/* Whether it might be renewed: each that is begun with the password is one of few. */
static bool is_alive(const struct session *s)
{
        return s->kept && !s->revoked && !s->used && sim.now <= s->began + REFRESH_USEC;
}

struct answer sky_log_in(const struct request *q)
{
        _cleanup_free_ char *did = sky_did(BRAND);
        const char *who = mj_str(q->body, "identifier");
        int64_t *oldest = &logged_in[n_log_ins % LOG_INS];

        if (*oldest && sim.now < *oldest + LOG_IN_USEC) {
                happened(LOG_INS_LIMITED);
                return sky_limit(*oldest + LOG_IN_USEC - sim.now);
        }
        if (is_revoked(q->server) || !streq(mj_str(q->body, "password"), "the-token") || (!streq(who, did) && !streq(who, "brand.example"))) {
                happened(UNAUTHORIZED);
                return sky_refuse(401, "AuthenticationRequired", "Invalid identifier or password");
        }
        for (int i = 0; i < n_sessions; i++)
                if (is_alive(&sessions[i]))
                        oracle_rude("a session is begun with the password, though there is one");
        *oldest = sim.now;
        n_log_ins++;
        note("a session begins with the password");
        return tell(begin());
}

struct answer sky_renew(const struct request *q)
{
        int i = number_of(q->token, "eyJ.refresh");

        if (*q->text)
                return sky_refuse(400, "InvalidRequest", "A request body was provided when none was expected");
        if (i < 0)
                return *q->token ? sky_refuse(400, "InvalidToken", "Invalid token type") : sky_refuse(401, "AuthMissing", "Authentication Required");
        if (is_revoked(q->server) || sessions[i].revoked)
                return refused("Token has been revoked");
        if (sim.now > sessions[i].began + REFRESH_USEC || (sessions[i].used && sim.now > sessions[i].used + GRACE_USEC)) {
                happened(REFRESHED_TOO_LATE);
                return refused("Token has expired");
        }
        if (sessions[i].used) {
                happened(REFRESHED_AGAIN);
        } else {
                int next = begin();

                sessions[i].used = sim.now;
                sessions[i].next = next;
                social.renewals++;
        }
        note("the session %d goes on as %d", i, sessions[i].next);
        return tell(sessions[i].next);
}
