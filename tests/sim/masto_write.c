/* SPDX-License-Identifier: MIT
 *
 * What the daemon, or anybody else with the brand's token, writes into the model networks: posts, and their end.  Owns nothing.
 */
#include "masto.h"

#define KEY_USEC USEC_PER_HOUR

/* 0, or with what it is refused; snac refuses nothing. */
static int judge(const struct request *q, const struct network *net)
{
        static const char *const visibilities[] = { "public", "unlisted", "private", "direct", "" };
        size_t i = 0;

        if (net->variant == SNAC)
                return 0;
        if (!q->body || !*mj_str(q->body, "status"))
                return net->variant == GOTOSOCIAL ? 400 : 422;
        while (i < ELEMENTSOF(visibilities) && !streq(visibilities[i], mj_str(q->body, "visibility")))
                i++;
        return i < ELEMENTSOF(visibilities) ? 0 : 422;
}

struct answer masto_create(const struct request *q)
{
        const char *text = mj_str(q->body, "status"), *parent = mj_str(q->body, "in_reply_to_id");
        const char *visibility = mj_str(q->body, "visibility");
        const struct network *net = &masto.networks[q->server];
        int answers = *parent ? masto_find(q->server, parent) : -1, i, n = people_note_in(text), status = 0;
        char v = streq(visibility, "public") ? 'u' : streq(visibility, "unlisted") ? 'l' : streq(visibility, "private") ? 'f' : 'd';

        if (n >= 0)
                agent_notes[n].sends++;
        status = judge(q, net);
        if (status)
                return masto_refuse(status, "Validation failed");
        for (i = 0; net->variant == MASTODON && *q->key && i < masto.n_statuses; i++)
                if (masto.statuses[i].network == q->server && streq(masto.statuses[i].key, q->key) && !masto.statuses[i].spam &&
                    world_utc() - masto.statuses[i].created < KEY_USEC) {
                        note("the network gets %s again, with the same key", q->key);
                        happened(SAME_KEY_AGAIN);
                        return masto_reply(200, masto_json(i));
                }
        if (*parent && (answers < 0 || masto.statuses[answers].deleted)) {
                if (net->variant != SNAC) {
                        if (n >= 0)
                                agent_notes[n].rejected++;
                        return masto_refuse(404, "Record not found");
                }
                answers = -1;
        }
        i = masto_post(q->server, BRAND, answers, false, v, text, mj_str(q->body, "spoiler_text"));
        masto.statuses[i].by_api = true;
        strset(&masto.statuses[i].key, q->key);
        masto.statuses[i].spam = q->fault.spam;
        if (n >= 0 && q->fault.spam)
                agent_notes[n].spam++;
        note("the network %s: %s answers %s, %s: %s", q->fault.spam ? "swallows" : "posts", masto.statuses[i].id, *parent ? parent : "nothing",
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
                        masto.statuses[i].failed_fetches++;
                n = i >= 0 && masto.statuses[i].by_api ? people_note_in(masto.statuses[i].text) : -1;
                if (n >= 0)
                        agent_notes[n].lost_sends++;
        }
}

struct answer masto_remove(const struct request *q, int status)
{
        struct json_object *o = masto_json(status);

        if (masto.statuses[status].account != BRAND || masto.statuses[status].network != q->server) {
                (void) json_object_put(o);
                return masto_refuse(404, "Record not found");
        }
        masto_delete(status);
        return masto_reply(200, o);
}
