/* SPDX-License-Identifier: MIT
 *
 * The model of Bluesky: what a request asks for, and what all answers have in common: an error's name is in the body, and its status
 * says little.  Called by http.c when a request arrives.  Owns nothing but the app's bad moments.
 */
#include "bluesky.h"

static int64_t app_down_until;

struct answer sky_reply(struct json_object *json)
{
        return (struct answer) { .status = 200, .json = json };
}

struct answer sky_refuse(int status, const char *error, const char *message)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "error", error);
        mj_put_str(o, "message", message);
        return (struct answer) { .status = status, .json = o };
}

static int digit(char c)
{
        return c >= 'A' ? (c | 32) - 'a' + 10 : c - '0';
}

static char *decode(const char *text, size_t size)
{
        char *out = xstrndup(text, size), *to = out;

        for (const char *p = out; *p; p++)
                if (*p == '%' && p[1] && p[2]) {
                        *to++ = (char) (digit(p[1]) << 4 | digit(p[2]));
                        p += 2;
                } else {
                        *to++ = *p;
                }
        *to = '\0';
        return out;
}

char *sky_parameter(const char *query, const char *name, int number)
{
        size_t size = strlen(name);

        for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
                if (startswith(p, name) && p[size] == '=' && number-- == 0)
                        return decode(p + size + 1, strcspn(p + size + 1, "&"));
        return xstrdup("");
}

static struct answer resolve(const struct request *q _unused_)
{
        return sky_refuse(400, "HandleNotFound", "Unable to resolve handle");        /* nobody writes the name of one who is there */
}

static const struct { const char *method, *name; struct answer (*answer)(const struct request *q); } methods[] = {
        { "GET", "com.atproto.server.getSession", sky_session },
        { "GET", "app.bsky.notification.listNotifications", sky_notifications },
        { "GET", "app.bsky.feed.getPosts", sky_posts },
        { "GET", "app.bsky.feed.getPostThread", sky_thread },
        { "GET", "com.atproto.repo.getRecord", sky_get_record },
        { "GET", "com.atproto.repo.listRecords", sky_list_records },
        { "GET", "com.atproto.identity.resolveHandle", resolve },
        { "POST", "com.atproto.repo.putRecord", sky_put },
        { "POST", "com.atproto.repo.createRecord", sky_create },
        { "POST", "com.atproto.repo.deleteRecord", sky_delete },
        { "POST", "com.atproto.repo.uploadBlob", sky_upload },
};

/* The account's server is there, and the app behind it is not. */
static bool is_app_down(void)
{
        if (sim.faults && sim.now > app_down_until + USEC_PER_MINUTE && chance(R_NET, 6)) {
                app_down_until = sim.now + between(R_NET, USEC_PER_SEC, 3 * USEC_PER_MINUTE);
                note("*** the app is away for %lld s", (long long) ((app_down_until - sim.now) / USEC_PER_SEC));
        }
        return sim.faults && sim.now < app_down_until;
}

static struct answer answer(const struct request *q)
{
        const char *name = startswith(q->path, "/xrpc/") ? q->path + strlen("/xrpc/") : "";
        struct answer refusal;

        if (streq(name, "com.atproto.server.createSession"))
                return sky_log_in(q);
        if (streq(name, "com.atproto.server.refreshSession"))
                return sky_renew(q);
        if (!sky_may(q, &refusal))
                return refusal;
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (streq(name, methods[i].name) && streq(q->method, methods[i].method)) {
                        if (startswith(name, "app.") && is_app_down()) {
                                happened(APP_AWAY);
                                sky_on_fault(q);
                                return sky_refuse(502, "UpstreamFailure", "Upstream service unreachable");
                        }
                        return methods[i].answer(q);
                }
        return sky_refuse(501, "MethodNotImplemented", "Method Not Implemented");
}

struct answer sky_answer(const struct request *q)
{
        struct answer a = answer(q);

        if (a.status != 200 && strstr(q->path, "getPosts"))
                sky_looked(false);
        return a;
}

void sky_on_fault(const struct request *q)
{
        int n = people_note_in(mj_str(mj_get(q->body, "record"), "text"));
        _cleanup_free_ char *id = sky_parameter(q->query, "uri", 0);
        int i = strstr(q->path, "getPostThread") ? sky_find(q->server, id) : -1;

        if (n >= 0)
                agent_notes[n].lost_sends++;
        if (i >= 0)
                social.statuses[i].failed_fetches++;
        if (strstr(q->path, "getPosts"))
                sky_looked(false);
}
