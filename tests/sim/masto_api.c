/* SPDX-License-Identifier: MIT
 *
 * Mastodon's API over the model networks.  Called by http.c when a request arrives.  Owns nothing.
 */
#include "masto.h"

#include "base/buffer.h"

#include <time.h>

static char *time_text(const struct network *n, int64_t utc_usec)
{
        time_t at = (time_t) (utc_usec / USEC_PER_SEC);
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        return xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                         tm.tm_sec, n->kind == &snac_kind ? 0 : (int) (utc_usec / 1000 % 1000));
}

/* --- Showing --- */

static char *to_html(const char *text)
{
        struct buffer b = { .max = 1 << 20 };

        (void) buffer_append_str(&b, "<p>");
        for (const char *p = text; *p; p++) {
                if (*p == '@' && (p == text || p[-1] == ' ')) {
                        size_t user = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");
                        size_t host = p[1 + user] == '@' ? 1 + strspn(p + 2 + user, "abcdefghijklmnopqrstuvwxyz.") : 0;

                        if (user) {
                                (void) buffer_printf(&b, "<span class=\"h-card\"><a href=\"https://x.example/@%.*s\" class=\"u-url"
                                                     " mention\">@<span>%.*s</span></a></span>", (int) user, p + 1, (int) user, p + 1);
                                p += user + host;
                                continue;
                        }
                }
                if (*p == '\n')
                        (void) buffer_append_str(&b, "<br />");
                else if (*p == '<')
                        (void) buffer_append_str(&b, "&lt;");
                else if (*p == '>')
                        (void) buffer_append_str(&b, "&gt;");
                else if (*p == '&')
                        (void) buffer_append_str(&b, "&amp;");
                else
                        (void) buffer_append(&b, p, 1);
        }
        (void) buffer_append_str(&b, "</p>");
        return buffer_take(&b);
}

static struct json_object *account_json(int account)
{
        const struct account *a = &accounts[account];
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "id", a->id);
        mj_put_str(o, "acct", a->acct);
        mj_put_str(o, "display_name", a->name);
        mj_put_bool(o, "bot", a->bot);
        mj_put_int(o, "followers_count", 12);
        put_owned(o, "url", xasprintf("https://x.example/@%s", a->acct));
        mj_put_str(o, "created_at", "2020-01-01T00:00:00.000Z");
        return o;
}

/* snac's begins with the time of the last change. */
char *masto_shown_id(int status)
{
        const struct status *s = &social.statuses[status];

        if (social.networks[s->network].kind != &snac_kind)
                return xstrdup(s->id);
        return xasprintf("%010lld%s", (long long) ((s->edited ? s->edited : s->created) / USEC_PER_SEC), s->id + 10);
}

static const char *visibility_name(char v)
{
        return v == 'u' ? "public" : v == 'l' ? "unlisted" : v == 'f' ? "private" : "direct";
}

struct json_object *masto_json(int i)
{
        const struct status *s = &social.statuses[i];
        const struct network *n = &social.networks[s->network];
        struct json_object *o = json_object_new_object();

        put_owned(o, "id", masto_shown_id(i));
        put_owned(o, "created_at", time_text(n, s->created));
        if (s->edited)
                put_owned(o, "edited_at", time_text(n, s->edited));
        else
                json_object_object_add(o, "edited_at", NULL);
        put_owned(o, "in_reply_to_id", s->parent >= 0 && !social.statuses[s->parent].deleted ? masto_shown_id(s->parent) : NULL);
        mj_put_str(o, "visibility", visibility_name(s->visibility));
        mj_put_str(o, "spoiler_text", s->spoiler);
        mj_put_str(o, "language", "en");
        put_owned(o, "url", xasprintf("https://%s/@%s/%s", n->host, accounts[s->account].acct, s->id));
        put_owned(o, "content", to_html(s->text));
        if (n->kind != &mastodon_kind)
                mj_put_str(o, "text", s->text);
        mj_put_bool(o, "sensitive", *s->spoiler);
        mj_put_bool(o, "favourited", s->liked);
        mj_put_bool(o, "reblogged", s->boosted);
        json_object_object_add(o, "account", account_json(s->account));
        json_object_object_add(o, "media_attachments", s->by_api ? masto_files_json(i) : media_json(s));
        return o;
}

/* The same as a text, which is kept: a page holds many that did not change. */
static const char *status_text(int i)
{
        struct status *s = &social.statuses[i];

        if (!s->json) {
                struct json_object *o = masto_json(i);

                s->json = xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
                (void) json_object_put(o);
        }
        return s->json;
}

struct answer masto_reply(int status, struct json_object *json)
{
        return (struct answer) { .status = status, .json = json };
}

struct answer masto_refuse(int status, const char *error)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "error", error);
        return masto_reply(status, o);
}

int masto_find(int network, const char *id)
{
        size_t changing = social.networks[network].kind == &snac_kind && strlen(id) > 10 ? 10 : 0;

        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id + changing, id + changing) && !social.statuses[i].spam)
                        return i;
        return -1;
}

/* --- Notifications --- */

static char *parameter(const char *query, const char *name)
{
        size_t size = strlen(name);

        for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
                if (startswith(p, name) && p[size] == '=')
                        return xstrndup(p + size + 1, strcspn(p + size + 1, "&"));
        return xstrdup("");
}

static void add_notification_text(struct buffer *b, int i)
{
        const struct notification *n = &social.notifications[i];
        _cleanup_free_ char *created = time_text(&social.networks[n->network], n->created);

        (void) buffer_printf(b, "%s{\"id\":\"%d\",\"type\":\"%s\",\"created_at\":\"%s\"", b->size > 1 ? "," : "", 34000000 + i * 5,
                             n->status >= 0 ? "mention" : i % 2 ? "favourite" : "follow", created);
        if (n->status >= 0)
                (void) buffer_printf(b, ",\"status\":%s", status_text(n->status));
        (void) buffer_append_str(b, "}");
}

static struct answer notifications(const struct request *q)
{
        const struct network *net = &social.networks[q->server];
        _cleanup_free_ char *below_id = parameter(q->query, "max_id"), *wanted = parameter(q->query, "limit");
        struct buffer list = { .max = 16 << 20 };
        int below_index = social.n_notifications, max = MIN(atoi(wanted), net->page), n = 0, window = 0, n_shown = 0;
        _cleanup_free_ int *shown = xcalloc((size_t) MAX(max, 0) + 1, sizeof(int));
        bool found = !*below_id;

        if (*below_id)
                below_index = (atoi(below_id) - 34000000) / 5;
        else
                shown_poll(q->server);
        (void) buffer_append_str(&list, "[");
        for (int i = social.n_notifications - 1; i >= 0 && n < max; i--) {
                struct notification *row = &social.notifications[i];

                if (row->network != q->server || row->visible > sim.now || row->gone || row->dropped_out)
                        continue;
                if (net->kind == &snac_kind && ++window > net->kind->window) {
                        row->dropped_out = true;
                        continue;
                }
                found |= i == below_index;
                if (i >= below_index)
                        continue;
                if (net->kind != &snac_kind && row->status < 0) {
                        n += net->kind == &gotosocial_kind;        /* counted, and left out */
                        continue;
                }
                if (net->kind == &snac_kind && !found)
                        continue;        /* an unknown max_id: nothing */
                n++;
                shown[n_shown++] = i;
                add_notification_text(&list, i);
        }
        (void) buffer_append_str(&list, "]");
        return (struct answer) { .status = 200, .text = buffer_take(&list), .delivered = shown_page(shown, n_shown), .on_delivery = shown_delivered };
}

/* --- Statuses --- */

static void add_descendants(struct json_object *list, int of)
{
        for (int i = of + 1; i < social.n_statuses; i++)
                if (social.statuses[i].parent == of && !social.statuses[i].deleted && !social.statuses[i].spam) {
                        (void) json_object_array_add(list, masto_json(i));
                        if (social.networks[social.statuses[i].network].kind != &snac_kind)   /* which goes no further */
                                add_descendants(list, i);
                }
}

static struct answer context(int i)
{
        struct json_object *o = json_object_new_object(), *up = json_object_new_array(), *down = json_object_new_array();
        int chain[256], n = 0;

        for (int p = social.statuses[i].parent; p >= 0 && !social.statuses[p].deleted && n < 256; p = social.statuses[p].parent)
                chain[n++] = p;
        while (n)
                (void) json_object_array_add(up, masto_json(chain[--n]));
        add_descendants(down, i);
        json_object_object_add(o, "ancestors", up);
        json_object_object_add(o, "descendants", down);
        return masto_reply(200, o);
}

static struct answer source(const struct request *q, int i)
{
        struct json_object *o;

        if (social.networks[q->server].kind != &snac_kind && social.statuses[i].account != BRAND)
                return masto_refuse(404, "Record not found");
        o = json_object_new_object();
        put_owned(o, "id", masto_shown_id(i));
        mj_put_str(o, "text", social.statuses[i].text);
        mj_put_str(o, "spoiler_text", social.statuses[i].spoiler);
        return masto_reply(200, o);
}

static struct answer on_status(const struct request *q, const char *path)
{
        size_t size = strcspn(path, "/");
        _cleanup_free_ char *id = xstrndup(path, size);
        int i = masto_find(q->server, id);

        if (i < 0 || social.statuses[i].deleted)
                return masto_refuse(404, "Record not found");
        if (!streq(q->method, "GET"))
                return masto_change(q, i, path + size);
        return streq(path + size, "/context") ? context(i) : streq(path + size, "/source") ? source(q, i)
               : path[size] ? masto_refuse(404, "Not found") : masto_reply(200, masto_json(i));
}

/* Several by their ids; what is not there is left out. */
static struct answer statuses(const struct request *q)
{
        struct json_object *list;
        int n = 0;

        if (social.networks[q->server].kind != &mastodon_kind)
                return masto_refuse(social.networks[q->server].kind == &snac_kind ? 404 : 405, "Not found");
        list = json_object_new_array();
        for (const char *p = q->query; *p; p += strcspn(p, "&"), p += *p == '&') {
                _cleanup_free_ char *id = startswith(p, "id[]=") ? xstrndup(p + 5, strcspn(p + 5, "&")) : NULL;
                int i = id && n++ < 20 ? masto_find(q->server, id) : -1;

                if (i >= 0 && !social.statuses[i].deleted)
                        (void) json_object_array_add(list, masto_json(i));
        }
        return masto_reply(200, list);
}

/* Anybody may ask for it. */
static struct answer instance(const struct network *net, const char *path)
{
        struct json_object *o;

        if (net->kind == &snac_kind && strstr(path, "v2"))
                return masto_refuse(404, "Not found");
        o = json_tokener_parse(net->kind == &mastodon_kind
                ? "{\"api_versions\": {\"mastodon\": 11}, \"configuration\": {\"statuses\": "
                  "{\"max_characters\": 500, \"characters_reserved_per_url\": 23}}}"
                : "{\"configuration\": {\"statuses\": {\"max_characters\": 500}}}");
        mj_put_str(o, "version", net->kind == &snac_kind ? "4.0.0 (not true; really snac/2.96)" : "4.7.0");
        mj_put_str(o, net->kind == &gotosocial_kind && strstr(path, "v1") ? "account_domain" : "domain", net->host);
        return masto_reply(200, o);
}

struct answer masto_handle(const struct request *q)
{
        const struct network *net = &social.networks[q->server];

        if (strstr(q->path, "/instance"))
                return instance(net, q->path);
        if (net->revoked || !streq(q->token, "the-token")) {
                happened(UNAUTHORIZED);
                return net->kind != &snac_kind ? masto_refuse(401, "The access token was revoked")
                       : (struct answer) { .status = strstr(q->path, "verify_credentials") ? 422 : 401, .text = xstrdup("") };
        }
        if (streq(q->path, "/api/v1/accounts/verify_credentials"))
                return masto_reply(200, account_json(BRAND));
        if (streq(q->path, "/api/v1/notifications"))
                return streq(q->method, "GET") ? notifications(q) : masto_refuse(net->kind == &gotosocial_kind ? 405 : 404, "Not found");
        if (streq(q->path, "/api/v1/statuses"))
                return streq(q->method, "POST") ? masto_create(q) : statuses(q);
        if (streq(q->path, "/api/v2/media") && streq(q->method, "POST"))
                return masto_upload(q);
        if (startswith(q->path, "/api/v1/media/"))
                return masto_file(q, q->path + strlen("/api/v1/media/"));
        if (startswith(q->path, "/api/v1/statuses/"))
                return on_status(q, q->path + strlen("/api/v1/statuses/"));
        return masto_refuse(404, "Not found");
}

