/* SPDX-License-Identifier: MIT
 *
 * How X shows one version of a post: links shortened, three characters escaped, what is long in a member of its own, those who are
 * answered before the text.  Owns nothing.
 */
#include "x.h"

#include "base/buffer.h"

#include <ctype.h>
#include <time.h>

#define LONG 280

static char *time_text(int64_t utc_usec)
{
        time_t at = (time_t) (utc_usec / USEC_PER_SEC);
        struct tm tm;

        (void) gmtime_r(&at, &tm);
        return xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static char *id_text(uint64_t id)
{
        return xasprintf("%llu", (unsigned long long) id);
}

static void add_url(struct json_object *urls, const char *url, char *expanded, char *media_key)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "url", url);
        put_owned(o, "expanded_url", expanded);
        if (media_key)
                put_owned(o, "media_key", media_key);
        (void) json_object_array_add(urls, o);
}

static char *wrapped(const char *text, struct json_object *urls)
{
        struct buffer b = { .max = 1 << 20 };

        for (const char *p = text; *p; p++) {
                size_t n = startswith(p, "https://") ? strcspn(p, " \n") : 0;

                if (n) {
                        _cleanup_free_ char *url = xasprintf("https://t.co/u%zu", mj_len(urls));

                        (void) buffer_append_str(&b, url);
                        add_url(urls, url, xstrndup(p, n), NULL);
                        p += n - 1;
                } else if (strchr("&<>", *p)) {
                        (void) buffer_append_str(&b, *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : "&gt;");
                } else {
                        (void) buffer_append(&b, p, 1);
                }
        }
        return buffer_take(&b);
}

/* Before what it says stand those whom it answers. */
static char *written(int status, int version)
{
        const struct status *s = &social.statuses[status];
        const char *text = version < s->n_versions ? s->versions[version] : s->text;
        const char *acct = s->by_api && s->parent >= 0 ? accounts[social.statuses[s->parent].account].acct : NULL;

        return acct && social.statuses[s->parent].account != BRAND ? xasprintf("@%.*s %s", (int) strcspn(acct, "@"), acct, text) : xstrdup(text);
}

bool x_names_brand(int status)
{
        return strstr(social.statuses[status].text, "@brand");
}

/* Whom it names, by what stands in it. */
static struct json_object *mentions_in(const char *text)
{
        struct json_object *list = json_object_new_array();

        for (int k = 0; k < N_ACCOUNTS; k++) {
                _cleanup_free_ char *name = xasprintf("@%.*s", (int) strcspn(accounts[k].acct, "@"), accounts[k].acct);
                const char *at = strstr(text, name);
                struct json_object *o;

                if (!at || isalnum((unsigned char) at[strlen(name)]))
                        continue;
                o = json_object_new_object();
                mj_put_str(o, "username", name + 1);
                put_owned(o, "id", x_user_id(k));
                (void) json_object_array_add(list, o);
        }
        return list;
}

static struct json_object *references(int status)
{
        struct json_object *list = json_object_new_array(), *o = json_object_new_object();

        mj_put_str(o, "type", "replied_to");
        put_owned(o, "id", id_text(x_post_of(status)->above));
        (void) json_object_array_add(list, o);
        return list;
}

static struct json_object *history(int status)
{
        struct json_object *list = json_object_new_array();

        for (int k = 0; k < x_post_of(status)->n_ids; k++) {
                _cleanup_free_ char *id = id_text(x_post_of(status)->ids[k]);

                (void) json_object_array_add(list, json_object_new_string(id));
        }
        return list;
}

struct json_object *x_json(int network, int status, int version)
{
        const struct status *s = &social.statuses[status];
        bool drifts = x_networks[network].drifts;
        struct json_object *o = json_object_new_object(), *entities = json_object_new_object(), *urls = json_object_new_array(), *keys = json_object_new_array();
        _cleanup_free_ char *text = written(status, version), *shown = wrapped(text, urls);

        for (int k = 0; k < s->n_media + x_post_of(status)->photos; k++) {
                _cleanup_free_ char *url = xasprintf("https://t.co/m%d", k), *key = xasprintf("3_%d", k < s->n_media ? s->media + k : -k);
                char *more = xasprintf("%s %s", shown, url);

                free(shown);
                shown = more;
                add_url(urls, url, xasprintf("https://x.com/i/status/%s/photo/%d", s->id, k + 1), xstrdup(key));
                (void) json_object_array_add(keys, json_object_new_string(key));
        }
        put_owned(o, "id", id_text(x_post_of(status)->ids[version]));
        json_object_object_add(o, drifts ? "edit_history_post_ids" : "edit_history_tweet_ids", history(status));
        put_owned(o, "author_id", x_user_id(s->account));
        put_owned(o, "created_at", time_text(s->created));
        mj_put_str(o, "conversation_id", social.statuses[s->root].id);
        mj_put_str(o, "lang", "en");
        json_object_object_add(entities, "mentions", mentions_in(text));
        json_object_object_add(entities, "urls", urls);
        if (strlen(shown) > LONG) {
                struct json_object *whole = json_object_new_object();
                size_t n = LONG - 1;

                while (((unsigned char) shown[n] & 0xc0) == 0x80)
                        n--;
                mj_put_str(whole, "text", shown);
                json_object_object_add(whole, "entities", json_object_get(entities));
                json_object_object_add(o, drifts ? "note_post" : "note_tweet", whole);
                shown[n] = '\0';
        }
        mj_put_str(o, "text", shown);
        json_object_object_add(o, "entities", entities);
        if (s->parent >= 0) {
                json_object_object_add(o, drifts ? "referenced_posts" : "referenced_tweets", references(status));
                put_owned(o, "in_reply_to_user_id", x_user_id(social.statuses[s->parent].account));
        }
        if (mj_len(keys)) {
                struct json_object *attachments = json_object_new_object();

                json_object_object_add(attachments, "media_keys", keys);
                json_object_object_add(o, "attachments", attachments);
        } else {
                (void) json_object_put(keys);
        }
        return o;
}
