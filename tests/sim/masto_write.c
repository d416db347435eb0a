/* SPDX-License-Identifier: MIT
 *
 * What the daemon, or anybody else with the brand's token, writes into the model networks: posts, and their end.  Owns nothing.
 */
#include "masto.h"

/* 0, or with what it is refused; snac refuses nothing. */
static int judge(const struct request *q, const struct network *net)
{
        static const char *const visibilities[] = { "public", "unlisted", "private", "direct", "" };
        size_t i = 0;

        if (net->kind == &snac_kind)
                return 0;
        if (!q->body || !*mj_str(q->body, "status"))
                return net->kind == &gotosocial_kind ? 400 : 422;
        while (i < ELEMENTSOF(visibilities) && !streq(visibilities[i], mj_str(q->body, "visibility")))
                i++;
        return i < ELEMENTSOF(visibilities) ? masto_judge_files(q) : 422;
}

/* As Mastodon is told whom alone a post may name; the others do not listen. */
static bool names_others(const struct request *q)
{
        struct json_object *allowed = mj_get(q->body, "allowed_mentions");
        const char *text = mj_str(q->body, "status");

        for (int k = 0; allowed && social.networks[q->server].kind == &mastodon_kind && k < N_ACCOUNTS; k++) {
                const char *handle = account_handle(q->server, k), *at = strstr(text, handle);
                bool expected = !at || strchr("abcdefghijklmnopqrstuvwxyz_.", at[strlen(handle)]);

                for (size_t i = 0; i < mj_len(allowed); i++)
                        expected |= streq(json_object_get_string(mj_at(allowed, i)), accounts[k].id);
                if (!expected)
                        return true;
        }
        return false;
}

struct answer masto_create(const struct request *q)
{
        const char *text = mj_str(q->body, "status"), *parent = mj_str(q->body, "in_reply_to_id");
        const char *visibility = mj_str(q->body, "visibility");
        const struct network *net = &social.networks[q->server];
        int answers = *parent ? masto_find(q->server, parent) : -1, i, n = people_note_in(text), status = 0;
        char v = streq(visibility, "public") ? 'u' : streq(visibility, "unlisted") ? 'l' : streq(visibility, "private") ? 'f' : 'd';

        if (n >= 0)
                agent_notes[n].sends++;
        status = judge(q, net);
        if (status)
                return masto_refuse(status, "Validation failed");
        if (names_others(q)) {
                struct answer a = masto_refuse(422, "Validation failed");

                json_object_object_add(a.json, "unexpected_accounts", json_object_new_array());
                return a;
        }
        for (i = 0; net->kind == &mastodon_kind && *q->key && i < social.n_statuses; i++)
                if (social.statuses[i].network == q->server && streq(social.statuses[i].key, q->key) && !social.statuses[i].spam &&
                    world_utc() - social.statuses[i].created < sim.plan.keys_usec) {
                        note("the network gets %s again, with the same key", q->key);
                        happened(SAME_KEY_AGAIN);
                        return masto_reply(200, masto_json(i));
                }
        if (*parent && (answers < 0 || social.statuses[answers].deleted)) {
                if (net->kind != &snac_kind) {
                        if (n >= 0)
                                agent_notes[n].rejected++;
                        return masto_refuse(404, "Record not found");
                }
                answers = -1;
        }
        i = social_post(q->server, BRAND, answers, false, v, text, mj_str(q->body, "spoiler_text"));
        social.statuses[i].by_api = true;
        masto_attach(q, i);
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        strset(&social.statuses[i].key, q->key);
        social.statuses[i].spam = q->fault.spam;
        if (n >= 0 && q->fault.spam)
                agent_notes[n].spam++;
        note("the network %s: %s answers %s, %s: %s", q->fault.spam ? "swallows" : "posts", social.statuses[i].id, *parent ? parent : "nothing",
             visibility, text);
        return masto_reply(200, masto_json(i));
}

void masto_on_fault(const struct request *q)
{
        int n = streq(q->method, "POST") ? people_note_in(mj_str(q->body, "status")) : -1;

        if (n >= 0)
                agent_notes[n].lost_sends++;
        if (startswith(q->path, "/api/v1/statuses/")) {
                _cleanup_free_ char *id = xstrndup(q->path + 17, strcspn(q->path + 17, "/"));
                int i = masto_find(q->server, id);

                if (i >= 0)
                        social.statuses[i].failed_fetches++;
                n = i >= 0 && social.statuses[i].by_api ? people_note_in(social.statuses[i].text) : -1;
                if (n >= 0)
                        agent_notes[n].lost_sends++;
        }
}

static struct answer edit(const struct request *q, int status)
{
        struct status *s = &social.statuses[status];

        if (social.networks[q->server].kind != &snac_kind) {         /* which lets everybody, and keeps what is not said again */
                if (s->account != BRAND)
                        return masto_refuse(404, "Record not found");
                if (!*mj_str(q->body, "status"))
                        return masto_refuse(social.networks[q->server].kind == &gotosocial_kind ? 400 : 422, "Validation failed");
                strset(&s->spoiler, mj_str(q->body, "spoiler_text"));
                masto_attach(q, status);
        }
        if (!streq(mj_str(q->body, "status"), s->text)) {
                social_edit(status, mj_str(q->body, "status"));
                note("the network edits %s: %s", s->id, s->text);
        }
        if (people_note_in(s->text) >= 0)
                agent_notes[people_note_in(s->text)].sends++;
        return masto_reply(200, masto_json(status));
}

static struct answer take_away(const struct request *q, int status)
{
        struct json_object *o;

        if (social.statuses[status].account != BRAND)
                return social.networks[q->server].kind == &gotosocial_kind ? masto_refuse(403, "Forbidden") : masto_refuse(404, "Record not found");
        o = masto_json(status);
        social_delete(status);
        return masto_reply(200, o);
}

static struct answer mark(const struct request *q, int status, const char *what)
{
        struct status *s = &social.statuses[status];
        struct json_object *o;

        if (streq(what, "/reblog") && s->visibility == 'd')
                return masto_refuse(403, "This action is not allowed");
        *(strstr(what, "favourite") ? &s->liked : &s->boosted) = !startswith(what, "/un");
        free(TAKE_PTR(s->json));
        note("the brand: %s of %s", what + 1, s->id);
        o = masto_json(status);
        if (streq(what, "/reblog")) {
                json_object_object_del(o, social.networks[q->server].kind == &gotosocial_kind ? "text" : "none");
                json_object_object_add(o, "reblog", masto_json(status));
        }
        return masto_reply(200, o);
}

struct answer masto_change(const struct request *q, int status, const char *what)
{
        static const char *const marks[] = { "/favourite", "/unfavourite", "/reblog", "/unreblog" };

        for (size_t i = 0; i < ELEMENTSOF(marks); i++)
                if (streq(q->method, "POST") && streq(what, marks[i]))
                        return mark(q, status, what);
        if (*what)
                return masto_refuse(404, "Not found");
        return streq(q->method, "DELETE") ? take_away(q, status) : streq(q->method, "PUT") ? edit(q, status) : masto_refuse(404, "Not found");
}
